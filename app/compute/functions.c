/* The table of functions, and the rows' bodies: kernels to fields of messages. */
#include "compute/functions.h"

#include "compute/minhash.h"
#include "compute/service.h"
#include "compute/simhash.h"
#include "compute/text_keywords.h"
#include "compute/text_summary.h"
#include "compute/text_utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_BYTES_MAX = 256 };

enum dk_error compute_no_memory(struct dk_call *call) {
    return dk_call_fail(call, DK_EXHAUSTED, "compute: no memory left for this call");
}

enum dk_error compute_fault(struct dk_call *call, const struct dk_fault *fault) {
    return fault->error == DK_OK ? DK_OK : dk_call_fail(call, fault->error, "%s", fault->text);
}

static bool is_ascii(struct dk_bytes bytes) {
    unsigned char any = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        any |= (unsigned char)bytes.data[i];
    }
    return any < 0x80;
}

/* The text without case, for shingles, which know no case but ASCII's. */
static struct dk_bytes content_folded(struct content *content, struct dk_fault *fault) {
    if (content->folded == NULL && is_ascii(content->bytes)) {
        return content->bytes;
    }
    if (content->folded == NULL) {
        (void)text_fold(
            content->bytes, content->watch, &content->folded, &content->folded_size, fault);
    }
    return (struct dk_bytes){.data = content->folded, .size = content->folded_size};
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────── */

static enum dk_error run_sha256(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    (void)parameters;
    annotations->content_sha256 = dk_call_format(call, "%s", content->sha256);
    return annotations->content_sha256 == NULL ? compute_no_memory(call) : DK_OK;
}

static enum dk_error run_xxh3(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct dk_fault fault = {0};
    (void)parameters;
    annotations->xxh3_128 = dk_call_take(call, HASH_XXH3_128_TEXT_BYTES);
    if (annotations->xxh3_128 == NULL) {
        return compute_no_memory(call);
    }
    if (hash_xxh3_64(content->bytes, content->watch, &annotations->xxh3_64, &fault) == DK_OK) {
        (void)hash_xxh3_128(content->bytes, content->watch, annotations->xxh3_128, &fault);
    }
    return compute_fault(call, &fault);
}

static enum dk_error run_simhash(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct dk_fault fault = {0};
    (void)parameters;
    const struct dk_bytes folded = content_folded(content, &fault);
    if (fault.error == DK_OK) {
        (void)simhash_text(folded, content->watch, &annotations->simhash, &fault);
    }
    return compute_fault(call, &fault);
}

static enum dk_error run_minhash(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations) {
    struct dk_fault fault = {0};
    struct minhash_signature *signature = dk_call_take(call, sizeof *signature);
    bool has_words = false;
    (void)parameters;
    if (signature == NULL) {
        return compute_no_memory(call);
    }
    const struct dk_bytes folded = content_folded(content, &fault);
    if (fault.error == DK_OK) {
        (void)minhash_text(folded, content->watch, signature, &has_words, &fault);
    }
    if (fault.error == DK_OK && has_words) {
        annotations->minhash = signature->values;
        annotations->n_minhash = MINHASH_BINS;
    }
    return compute_fault(call, &fault);
}

/* ── table ──────────────────────────────────────────────────────────────────────────────────── */

/* clang-format off */
const struct function functions[] = {
    /* name, version, takes_bytes, annotates, µs per MiB, run, help, parameters */
    {"sha256", 1, true, true, 700, run_sha256, "SHA-256 of the content, which names it."},
    {"xxh3", 1, true, false, 200, run_xxh3, "XXH3 of the content in 64 and 128 bits."},
    {"simhash", 1, false, true, 6000, run_simhash, "SimHash of the text's runs of five words."},
    {"minhash", 1, false, true, 6000, run_minhash,
     "MinHash of the text's runs of five words, 128 numbers."},
    {"language", 1, false, true, 1500, function_language, "The language of the text."},
    {"statistics", 1, false, true, 30000, function_statistics,
     "Characters, words, sentences and lines of the text."},
    {"readability", 1, false, true, 20000, function_readability,
     "How hard an English text is to read, by three formulas; nothing for others."},
    {"keywords", 1, false, true, 60000, function_keywords, "What the text is about, by YAKE.",
     {{"count", 1, TEXT_KEYWORDS_MAX, 10, "Keywords at most."}}},
    {"summary", 1, false, true, 40000, function_summary, "The sentences that say most.",
     {{"sentences", 1, TEXT_SUMMARY_SENTENCES_MAX, 3, "Sentences at most."}}},
    {0},
};
/* clang-format on */
_Static_assert(
    sizeof functions / sizeof functions[0] <= FUNCTIONS_MAX + 1, "rows are counted by it");

enum dk_error function_find(struct dk_call *call, const char *name, struct function_use *ret_use) {
    char names[NAMES_BYTES_MAX] = "";
    for (const struct function *row = functions; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            *ret_use = (struct function_use){.function = row};
            for (size_t i = 0; i < FUNCTION_PARAMETERS_MAX; i++) {
                ret_use->parameters[i] = row->parameters[i].default_value;
            }
            return DK_OK;
        }
        (void)strncat(names, " ", sizeof names - strlen(names) - 1);
        (void)strncat(names, row->name, sizeof names - strlen(names) - 1);
    }
    return dk_call_fail(call, DK_NOT_FOUND, "function: '%.64s' is none of:%s", name, names);
}

enum dk_error function_set(
    struct dk_call *call, struct function_use *use, const char *name, int64_t value) {
    const struct function *row = use->function;
    for (size_t i = 0; i < FUNCTION_PARAMETERS_MAX && row->parameters[i].name != NULL; i++) {
        const struct function_parameter *parameter = &row->parameters[i];
        if (strcmp(parameter->name, name) != 0) {
            continue;
        }
        if (value < parameter->min || value > parameter->max) {
            return dk_call_fail(
                call,
                DK_INVALID,
                "parameter %s.%s: %" PRId64 " is not from %" PRId64 " to %" PRId64,
                row->name,
                name,
                value,
                parameter->min,
                parameter->max);
        }
        use->parameters[i] = value;
        return DK_OK;
    }
    return dk_call_fail(
        call, DK_INVALID, "parameter: function %s has none named '%.64s'", row->name, name);
}

const char *function_key(
    struct dk_call *call, const struct content *content, const struct function_use *use) {
    const struct function *row = use->function;
    const char *key = dk_call_format(
        call, "compute/result/%s/%s/%" PRIu32, content->sha256, row->name, row->version);
    for (size_t i = 0;
         key != NULL && i < FUNCTION_PARAMETERS_MAX && row->parameters[i].name != NULL;
         i++) {
        key = dk_call_format(
            call, "%s/%s=%" PRId64, key, row->parameters[i].name, use->parameters[i]);
    }
    if (key == NULL) {
        (void)compute_no_memory(call);
    }
    return key;
}

/*
 * From argv to properties. Runs once, before anything is served.
 */
#include "serve/words.h"

#include "core/process_metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct dk_option *option_find(const struct dk__words *words, struct dk_bytes name) {
    for (size_t i = 0; i < DK__WORDS_TABLES_MAX && words->tables[i] != NULL; i++) {
        for (const struct dk_option *row = words->tables[i]; row->name != NULL; row++) {
            if (dk_bytes_equal(dk_bytes_of(row->name), name)) {
                return row;
            }
        }
    }
    return NULL;
}

static const struct dk__word_action *action_find(const struct dk__words *words, const char *word) {
    for (const struct dk__word_action *row = words->actions; row->word != NULL; row++) {
        if (strcmp(word, row->word) == 0) {
            return row;
        }
    }
    return NULL;
}

/* The index of the operand among a row's; the fault names them when it is none. */
static enum dk_error operand_find(
    const struct dk__word_action *row,
    const char *operand,
    int *ret_index,
    struct dk_fault *fault) {
    char allowed[128] = "";
    for (int i = 0; row->operands[i] != NULL; i++) {
        const size_t used = strlen(allowed);
        if (operand != NULL && strcmp(operand, row->operands[i]) == 0) {
            *ret_index = i;
            return DK_OK;
        }
        (void)snprintf(
            allowed + used, sizeof allowed - used, "%s%s", i == 0 ? "" : " or ", row->operands[i]);
    }
    return dk_fault_set(fault, DK_INVALID, "%s: give it %s", row->word, allowed);
}

static enum dk_error pair_add(
    struct dk__words *words, const char *word, struct dk_pair pair, struct dk_fault *fault) {
    if (option_find(words, pair.key) == NULL) {
        return dk_fault_set(fault, DK_INVALID, "'%s' is no option; see --help", word);
    }
    if (pair.value.data == NULL) {
        return dk_fault_set(fault, DK_INVALID, "%s: has no value", word);
    }
    if (words->count == DK__WORDS_MAX) {
        return dk_fault_set(fault, DK_INVALID, "more than %d options", DK__WORDS_MAX);
    }
    words->pairs[words->count] = pair;
    words->count++;
    return DK_OK;
}

enum dk_error dk__words_read(
    struct dk__words *words, int argc, char **argv, int *ret_action, struct dk_fault *fault) {
    for (int i = 1; i < argc && fault->error == DK_OK; i++) {
        const char *const word = argv[i];
        const char *const next = i + 1 < argc ? argv[i + 1] : NULL;
        const struct dk__word_action *action = action_find(words, word);
        if (action != NULL) {
            int operand = 0;
            if (action->operands != NULL && operand_find(action, next, &operand, fault) == DK_OK) {
                i++;
            }
            *ret_action = action->action + operand;
            continue;
        }
        struct dk_pair pair = {
            .key = dk_bytes_of(strncmp(word, "--", 2) == 0 ? word + 2 : ""),
            .value = dk_bytes_of(next)};
        const char *equals = pair.key.size > 0 ? memchr(pair.key.data, '=', pair.key.size) : NULL;
        if (equals != NULL) {
            pair.value = dk_bytes_of(equals + 1);
            pair.key.size = (size_t)(equals - pair.key.data);
        }
        (void)pair_add(words, word, pair, fault);
        i += equals == NULL ? 1 : 0;
    }
    return fault->error;
}

void dk__words_add_variable(struct dk__words *words, const char *variable, const char *setting) {
    const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (value != NULL && value[0] != '\0' &&
        dk_pairs_find(dk__words_pairs(words), dk_bytes_of(setting)).data == NULL) {
        assert(words->environment_count < DK__WORDS_ENVIRONMENT_MAX);
        words->pairs[words->count] = (struct dk_pair){dk_bytes_of(setting), dk_bytes_of(value)};
        words->count++;
        words->environment_count++;
    }
}

struct dk_pairs dk__words_pairs(const struct dk__words *words) {
    return (struct dk_pairs){.items = words->pairs, .count = words->count};
}

static void help_row(const struct dk_option *row, FILE *output) {
    (void)fprintf(output, "  --%-20s %s", row->name, row->help);
    for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++) {
        (void)fprintf(output, "%s%s", i == 0 ? " One of " : ", ", row->words[i]);
    }
    (void)fprintf(output, "%s", row->words != NULL ? "." : "");
    if (row->default_text != NULL) {
        (void)fprintf(output, " [%s]", row->default_text);
    }
    (void)fprintf(output, "\n");
}

void dk__words_help(const struct dk__words *words, FILE *output) {
    for (const struct dk__word_action *row = words->actions; row->word != NULL; row++) {
        (void)fprintf(output, "  %-22s %s\n", row->word, row->help);
    }
    for (size_t i = 0; i < DK__WORDS_TABLES_MAX && words->tables[i] != NULL; i++) {
        for (const struct dk_option *row = words->tables[i]; row->name != NULL; row++) {
            help_row(row, output);
        }
    }
}

void dk__words_version(const char *program, FILE *output) {
    (void)fprintf(output, "%s %s", program, dk__build_version());
    if (dk__build_version() != dk__build_sdk_version()) {
        (void)fprintf(output, " (dapr-kit %s)", dk__build_sdk_version());
    }
}

#ifndef COMPUTE_FUNCTIONS_H
#define COMPUTE_FUNCTIONS_H

#include "compute/hash.h"
#include "compute/messages.h"
#include "compute/text_language.h"
#include "compute/watch.h"

#include <dk/app.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What can be computed of a content: one row each. A result follows from content, version and
 * parameters alone, so it is kept for ever under them.
 *
 * Thread: a row is only read; a content belongs to its call.
 */

struct text;
struct text_lexicon;

/* A content under way, with what several functions want of it, made when the first one does.
 * Owner: content_open of run.h begins it, content_close ends it. */
struct content {
    struct dk_bytes bytes;
    const struct watch *watch;
    char sha256[HASH_SHA256_TEXT_BYTES];
    char *folded; /* NULL: not yet, or ASCII alone */
    size_t folded_size;
    /* NULL: not yet. */
    struct text *text;
    struct text_lexicon *lexicon; /* of `language` */
    char language[TEXT_LANGUAGE_CODE_BYTES_MAX];
    bool has_language;
};

/* Frees what was made of a content. */
void content_forget(struct content *content);

enum { FUNCTION_PARAMETERS_MAX = 2 };

struct function_parameter {
    const char *name;
    int64_t min, max, default_value;
    const char *help;
};

struct function {
    const char *name;
    uint32_t version; /* grows whenever a result changes */
    bool takes_bytes; /* else valid UTF-8 alone */
    bool annotates;   /* runs for every document */
    uint32_t cost_us_per_mib;
    /*
     * Fills its fields of zeroed annotations; memory is the call's. Errors: noted by dk_call_fail.
     * It looks at the content's watch every WATCH_INTERVAL_BYTES.
     */
    enum dk_error (*run)(
        struct dk_call *call,
        struct content *content,
        const int64_t *parameters,
        pb_annotations *annotations);
    const char *help;
    struct function_parameter parameters[FUNCTION_PARAMETERS_MAX]; /* ended by one without name */
};

/* Ended by a row without name. */
extern const struct function functions[];
/* Rows, and what bounds everything that is counted by them. */
enum { FUNCTIONS_MAX = 16 };

/* A row with the parameters it is to run with. */
struct function_use {
    const struct function *function;
    int64_t parameters[FUNCTION_PARAMETERS_MAX];
};

/* The row of a name with its default parameters. Errors, noted: DK_NOT_FOUND with the names that
 * there are. */
enum dk_error function_find(struct dk_call *call, const char *name, struct function_use *ret_use);
/* Sets a parameter, "count", of a use. Errors, noted: DK_INVALID for no such one, or
 * with its bounds. */
enum dk_error function_set(
    struct dk_call *call, struct function_use *use, const char *name, int64_t value);

/* Where a result of a content lies in the state store: "compute/result/<sha256>/simhash/1", with
 * each parameter behind it, "/count=10". NULL: no memory, noted. */
const char *function_key(
    struct dk_call *call, const struct content *content, const struct function_use *use);

/* The bodies of rows about words: functions_text.c. */
enum dk_error function_statistics(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations);
enum dk_error function_language(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations);
enum dk_error function_keywords(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations);
enum dk_error function_readability(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations);
enum dk_error function_summary(
    struct dk_call *call,
    struct content *content,
    const int64_t *parameters,
    pb_annotations *annotations);

/* Says that the call's memory is used up. */
enum dk_error compute_no_memory(struct dk_call *call);
/* Notes a kernel's fault as the call's; DK_OK where there is none. */
enum dk_error compute_fault(struct dk_call *call, const struct dk_fault *fault);

#endif /* COMPUTE_FUNCTIONS_H */

#ifndef DK_SERVE_WORDS_H
#define DK_SERVE_WORDS_H

#include <dk/error.h>
#include <dk/option.h>
#include <stdio.h>

enum {
    DK__WORDS_MAX = 64,              /* options on a command line */
    DK__WORDS_ENVIRONMENT_MAX = 128, /* settings taken from the environment */
    DK__WORDS_TABLES_MAX = 3,
};

/* A word that acts by itself: "--help". */
struct dk__word_action {
    const char *word;
    int action;
    const char *help;
    const char *const *operands; /* NULL-terminated words, one of which must follow: its index is
                                    added to action. NULL: nothing follows */
};

/*
 * A command line and the environment as properties for tables of options: the words first, what
 * stands in the environment only where no word is.
 *
 *     argv ───▶ pairs ─┐
 *     environment ─────┼─▶ dk_options_parse
 *     defaults ────────┘
 *
 * Owner:  the pairs are views of argv, of the tables and of the environment. The caller sets the
 *         first two members, the rest is zeroed. Thread: main.
 */
struct dk__words {
    const struct dk__word_action *actions;                /* ended by a row without word */
    const struct dk_option *tables[DK__WORDS_TABLES_MAX]; /* all that are known; NULL ends them */

    struct dk_pair pairs[DK__WORDS_MAX + DK__WORDS_ENVIRONMENT_MAX];
    size_t count, environment_count;
};

/*
 * Sorts the words into one action and pairs; "--name value" and "--name=value" are the same. The
 * last action wins; without one ret_action is untouched.
 * Errors: DK_INVALID for an unknown word, one without its value, more than DK__WORDS_MAX.
 */
enum dk_error dk__words_read(
    struct dk__words *words, int argc, char **argv, int *ret_action, struct dk_fault *fault);

/* The value of an environment variable, for a setting that no word and no earlier variable gave.
 * An empty one counts as absent. Bound: DK__WORDS_ENVIRONMENT_MAX, asserted. */
void dk__words_add_variable(struct dk__words *words, const char *variable, const char *setting);

struct dk_pairs dk__words_pairs(const struct dk__words *words);

/* One line for each action and each row. */
void dk__words_help(const struct dk__words *words, FILE *output);

/* "dk-redis 0.1.0", and of a program that has a version of its own which SDK is in it:
 * "dk-sqlite 1.4.0 (dapr-kit 0.1.0)". No end of line. */
void dk__words_version(const char *program, FILE *output);

#endif /* DK_SERVE_WORDS_H */

#ifndef TESTS_BENCH_LOAD_FIGURE_H
#define TESTS_BENCH_LOAD_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One quantity over the rounds of a benchmark, and a bound that ratios of such have to keep; each
 * prints itself as a line of JSON.
 *
 * Thread: the benchmark's. Bound: FIGURE_ROUNDS_MAX.
 */
enum { FIGURE_ROUNDS_MAX = 31 };

struct figure {
    const char *name, *unit;
    double rounds[FIGURE_ROUNDS_MAX];
    size_t count;
};

void figure_note(struct figure *figure, double value);
/* Prints median and spread; gives the median. */
double figure_print(struct figure *figure);
/* The same of ratios, which are printed in percent; gives the median ratio. */
double figure_print_ratio(struct figure *figure);

/* Prints the value beside its bound; true when it keeps it. */
bool figure_judge(const char *name, double value, double bound, bool is_least);

/* A number of the command line; one out of its bounds ends the benchmark. */
uint64_t figure_argument(const char *text, uint64_t least, uint64_t most);

#endif /* TESTS_BENCH_LOAD_FIGURE_H */

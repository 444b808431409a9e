/*
 * The median tells of a run on a machine with neighbours; the spread of how much to believe it.
 */
#include "bench/load/figure.h"

#include "bench/process.h"

#include <stdio.h>
#include <stdlib.h>

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void figure_note(struct figure *figure, double value) {
    if (figure->count == FIGURE_ROUNDS_MAX) {
        fail("more than %d rounds", FIGURE_ROUNDS_MAX);
    }
    figure->rounds[figure->count++] = value;
}

double figure_print(struct figure *figure) {
    qsort(figure->rounds, figure->count, sizeof figure->rounds[0], compare);
    const double median = figure->rounds[figure->count / 2];
    (void)printf(
        "{\"figure\":\"%s\",\"unit\":\"%s\",\"rounds\":%zu,\"median\":%.1f,\"least\":%.1f,"
        "\"most\":%.1f}\n",
        figure->name,
        figure->unit,
        figure->count,
        median,
        figure->rounds[0],
        figure->rounds[figure->count - 1]);
    return median;
}

double figure_print_ratio(struct figure *figure) {
    for (size_t i = 0; i < figure->count; i++) {
        figure->rounds[i] *= 100;
    }
    return figure_print(figure) / 100;
}

bool figure_judge(const char *name, double value, double bound, bool is_least) {
    const bool is_good = is_least ? value >= bound : value <= bound;
    (void)printf(
        "{\"ratio\":\"%s\",\"value\":%.3f,\"bound\":\"%s %.2f\",\"good\":%s}\n",
        name,
        value,
        is_least ? "at least" : "at most",
        bound,
        is_good ? "true" : "false");
    return is_good;
}

uint64_t figure_argument(const char *text, uint64_t least, uint64_t most) {
    char *end = NULL;
    const uint64_t value = strtoull(text, &end, 10);
    if (*end != '\0' || value < least || value > most) {
        fail(
            "'%s' is no number from %llu to %llu",
            text,
            (unsigned long long)least,
            (unsigned long long)most);
    }
    return value;
}

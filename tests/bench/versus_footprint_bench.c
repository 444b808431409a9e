/*
 * What a component costs before anybody calls it: resident memory when idle, and the time from exec to
 * the answer of its first Init, beside an idle Redis. In turn, ours and the built-in in Go.
 *
 *   versus_footprint_bench [--rounds N] [--markdown FILE]
 */
#include "bench/load/versus.h"

#include <stdlib.h>

struct figure {
    double rss_kib[VERSUS_ROUNDS_MAX], first_answer_us[VERSUS_ROUNDS_MAX];
};

static void measure(struct stage *stage, bool is_ours, struct figure *figure, size_t round) {
    struct subject subject;
    if (is_ours) {
        subject_open(&subject, stage, "dk-redis", 0);
    } else {
        subject_open_peer(&subject, stage);
    }
    figure->rss_kib[round] = (double)subject.idle_rss_kib;
    figure->first_answer_us[round] = (double)subject.first_answer_us;
    subject_close(&subject);
}

int main(int argc, char **argv) {
    static struct figure figures[VERSUS_SUBJECTS];
    struct versus versus;
    struct stage stage;

    stage_open(&stage);
    versus_open(&versus, &stage, argc, argv);
    stage_print_machine();
    for (size_t round = 0; round < versus.rounds; round++) {
        for (size_t i = 0; i < VERSUS_SUBJECTS; i++) {
            measure(&stage, i == 0, &figures[i], round);
        }
    }
    versus_print_figure(&versus, "idle RSS, KiB", figures[0].rss_kib, figures[1].rss_kib, 0.25);
    versus_print_figure(
        &versus,
        "exec to the answer of Init, µs",
        figures[0].first_answer_us,
        figures[1].first_answer_us,
        0.5);
    versus_close(&versus);
    stage_close(&stage);
    return EXIT_SUCCESS;
}

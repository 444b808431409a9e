#include "wire/h2/framing.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { STREAM_BYTES = 5 + 3 + 5 + 0 + 5 + 7 };

static const char stream[STREAM_BYTES + 1] = "\0\0\0\0\3abc"
                                             "\1\0\0\0\0"
                                             "\0\0\0\0\7defghij";

/* Feeds the stream in two parts and writes down what comes out. */
static void assert_split_at(size_t at) {
    struct dk__h2_framing framing = {.prefix_bytes = 0};
    struct dk_bytes parts[2] = {
        {.data = stream, .size = at}, {.data = stream + at, .size = STREAM_BYTES - at}};
    char out[64] = "", target[16];
    for (int i = 0; i < 2; i++) {
        for (;;) {
            const enum dk__h2_framing_event event = dk__h2_framing_next(&framing, &parts[i]);
            if (event == DK__H2_FRAMING_MORE) {
                break;
            }
            if (event == DK__H2_FRAMING_PREFIX) {
                memset(target, 0, sizeof target);
                framing.target = target;
                (void)strcat(out, framing.flag == 1 ? "z" : "p");
            } else {
                (void)strcat(strcat(out, target), "|");
            }
        }
        cr_assert(eq(sz, parts[i].size, 0));
    }
    cr_assert(eq(str, out, "pabc|z|pdefghij|"), "split at %zu gives %s", at, out);
    cr_assert(dk__h2_framing_is_between(&framing));
}

Test(h2_framing, a_stream_may_be_split_at_every_byte) {
    for (size_t at = 0; at <= STREAM_BYTES; at++) {
        assert_split_at(at);
    }
}

Test(h2_framing, a_whole_message_is_a_view_of_the_input) {
    struct dk__h2_framing framing = {.prefix_bytes = 0};
    struct dk_bytes input = {.data = stream, .size = STREAM_BYTES}, message;

    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_PREFIX));
    cr_assert(dk__h2_framing_take_view(&framing, &input, &message));

    cr_assert(eq(ptr, (void *)message.data, (void *)(stream + 5)));
    cr_assert(eq(sz, message.size, 3));
    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_PREFIX));
    cr_assert(eq(int, framing.flag, 1));
}

Test(h2_framing, a_part_of_a_message_is_no_view) {
    struct dk__h2_framing framing = {.prefix_bytes = 0};
    struct dk_bytes input = {.data = stream, .size = 7}, message = {.data = NULL};

    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_PREFIX));

    cr_assert(not(dk__h2_framing_take_view(&framing, &input, &message)));
    cr_assert(eq(ptr, (void *)message.data, NULL));
    cr_assert(eq(sz, input.size, 2));
    cr_assert(not(dk__h2_framing_is_between(&framing)));
}

Test(h2_framing, a_message_without_a_target_is_dropped) {
    struct dk__h2_framing framing = {.prefix_bytes = 0};
    struct dk_bytes input = {.data = stream, .size = STREAM_BYTES};

    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_PREFIX));
    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_MESSAGE));

    cr_assert(eq(ptr, framing.target, NULL));
    cr_assert(eq(sz, input.size, STREAM_BYTES - 8));
}

Test(h2_framing, reads_the_largest_length) {
    struct dk__h2_framing framing = {.prefix_bytes = 0};
    struct dk_bytes input = {.data = "\2\xff\xff\xff\xff", .size = 5};

    cr_assert(eq(int, dk__h2_framing_next(&framing, &input), DK__H2_FRAMING_PREFIX));

    cr_assert(eq(u32, framing.size, UINT32_MAX));
    cr_assert(eq(int, framing.flag, 2));
}

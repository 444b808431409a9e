/* Contents come whole, from as many pieces as the document service makes of them, or not at all. */
#include "compute/fetch.h"

#include "support/compute_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr_kit/document/v1/documents.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 2500, PIECE = 1000 };

static struct compute_rig rig;
static char content[SIZE];
static uint64_t announced; /* what the document service says the size is */
static size_t asked, piece_max;
static DaprKit__Document__V1__GetContentRequest last;
static char last_path[128], last_app[32];

static enum dk_error get_content(
    struct dk_call *call,
    const char *app_id,
    const char *path,
    const struct ProtobufCMessage *request,
    const struct ProtobufCMessageDescriptor *descriptor,
    struct ProtobufCMessage **ret_answer) {
    DaprKit__Document__V1__ContentRange *range = dk_call_take(call, sizeof *range);
    (void)descriptor;
    last = *(const DaprKit__Document__V1__GetContentRequest *)(const void *)request;
    (void)snprintf(last_path, sizeof last_path, "%s", path);
    (void)snprintf(last_app, sizeof last_app, "%s", app_id);
    asked++;
    dapr_kit__document__v1__content_range__init(range);
    const size_t left = SIZE - (size_t)last.offset;
    range->size = announced;
    range->offset = last.offset;
    range->data.data = (uint8_t *)content + last.offset;
    range->data.len = left < piece_max ? left : piece_max;
    *ret_answer = &range->base;
    return DK_OK;
}

static void setup(void) {
    compute_rig_open(&rig);
    for (size_t i = 0; i < SIZE; i++) {
        content[i] = (char)('a' + i % 23);
    }
    announced = SIZE;
    piece_max = PIECE;
    asked = 0;
    fake_sidecar.on_call = get_content;
}

static void teardown(void) {
    compute_rig_close(&rig);
}

TestSuite(fetch, .init = setup, .fini = teardown);

static const struct fetch wanted = {.tenant = "acme", .id = "doc-1", .version = 3, .size = SIZE};

Test(fetch, puts_pieces_together) {
    char *bytes = NULL;

    cr_assert(eq(int, fetch_content(rig.call, &wanted, &bytes), DK_OK));

    cr_assert(eq(int, memcmp(bytes, content, SIZE), 0));
    cr_assert(eq(sz, asked, 3));
    free(bytes);
}

Test(fetch, asks_the_document_service_for_this_version_of_this_tenant_also_when_it_is_deleted) {
    char *bytes = NULL;

    cr_assert(eq(int, fetch_content(rig.call, &wanted, &bytes), DK_OK));

    cr_assert(eq(str, last_path, "/dapr_kit.document.v1.Documents/GetContent"));
    cr_assert(eq(str, last_app, (char *)rig.service->config.document_app));
    cr_assert(eq(str, last.tenant, "acme"));
    cr_assert(eq(str, last.id, "doc-1"));
    cr_assert(eq(u64, last.version, 3));
    cr_assert(eq(u64, last.offset, 2 * PIECE));
    cr_assert(last.include_deleted);
    free(bytes);
}

Test(fetch, refuses_another_size_than_the_event_said) {
    char *bytes = NULL;
    announced = SIZE + 1;

    cr_assert(eq(int, fetch_content(rig.call, &wanted, &bytes), DK_INVALID));

    cr_assert(eq(ptr, bytes, NULL));
    cr_assert(ne(
        ptr, (void *)strstr(fake_call_text(rig.call), "of 2501 came, 2500 were announced"), NULL));
    cr_assert(eq(sz, asked, 1));
}

/* A piece of nothing would be asked for without end. */
Test(fetch, refuses_a_piece_that_is_empty_or_too_long) {
    char *bytes = NULL;
    struct fetch shorter = wanted;

    piece_max = 0;
    cr_assert(eq(int, fetch_content(rig.call, &wanted, &bytes), DK_INVALID));
    piece_max = SIZE;
    shorter.size = announced = SIZE - 1;
    cr_assert(eq(int, fetch_content(rig.call, &shorter, &bytes), DK_INVALID));

    cr_assert(eq(ptr, bytes, NULL));
    cr_assert(eq(sz, asked, 2));
}

Test(fetch, ends_with_the_error_of_its_sidecar) {
    char *bytes = NULL;
    fake_sidecar_fail("call", 2, DK_UNAVAILABLE, FAKE_BEFORE, false);

    cr_assert(eq(int, fetch_content(rig.call, &wanted, &bytes), DK_UNAVAILABLE));

    cr_assert(eq(ptr, bytes, NULL));
    cr_assert(eq(sz, asked, 1));
}

Test(fetch, of_nothing_asks_nobody) {
    char *bytes = NULL;
    struct fetch empty = wanted;
    empty.size = 0;

    cr_assert(eq(int, fetch_content(rig.call, &empty, &bytes), DK_OK));

    cr_assert(eq(sz, asked, 0));
    free(bytes);
}

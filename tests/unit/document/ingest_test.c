/* Records become documents once, in the order they come, and no record holds up those behind it. */
#include "document/ingest.h"

#include "document/input.h"
#include "document/quota.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(ingest, .init = document_rig_start, .fini = document_rig_end);

enum { HEADERS_MAX = 16 };

/* A record: "name=value" after "name=value" are its metadata. */
static enum dk_error ingest_bytes(struct dk_bytes value, const char *const *metadata) {
    struct dk_pair pairs[HEADERS_MAX];
    struct dk_binding_event event = {.name = DK_BYTES("ingest"), .data = value};
    struct dk_bytes answer = {0};

    for (; metadata[event.metadata.count] != NULL; event.metadata.count++) {
        const char *text = metadata[event.metadata.count];
        const size_t size = strcspn(text, "=");
        pairs[event.metadata.count] =
            (struct dk_pair){.key = {text, size}, .value = dk_bytes_of(text + size + 1)};
    }
    event.metadata.items = pairs;
    return document_ingest(document_rig_call(), &event, &answer);
}

#define INGEST(text, ...) ingest_bytes(dk_bytes_of(text), (const char *const[]){__VA_ARGS__, NULL})

/* The one document there is, whatever its id; fails when there are others. */
static const char *only_id(void) {
    static const char place[] = "documents/default/head/";
    static char id[DOCUMENT_ID_BYTES_MAX + 1];
    size_t count = 0;

    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        const struct dk_bytes key = fake_sidecar_key(i);
        if (key.size >= sizeof place && memcmp(key.data, place, sizeof place - 1) == 0) {
            (void)snprintf(
                id,
                sizeof id,
                "%.*s",
                (int)(key.size - sizeof place + 1),
                key.data + sizeof place - 1);
            count++;
        }
    }
    cr_assert(eq(sz, count, 1));
    return id;
}

static pb_document document_of(const char *id) {
    pb_document document;

    cr_assert(eq(int, document_rig_get(id, 0, &document), DK_OK), "%s", document_rig_text());
    return document;
}

Test(ingest, makes_a_document_of_a_record_by_its_key) {
    cr_assert(eq(int, INGEST("some text", "__key=a", "__topic=t", "__offset=7"), DK_OK));

    const pb_document document = document_of("a");
    cr_assert(eq(str, document.text, "some text"));
    cr_assert(eq(str, document.content_type, "text/plain; charset=utf-8"));
    cr_assert(eq(u64, document.version, 1));
}

Test(ingest, takes_headers_for_attributes_and_tags) {
    cr_assert(
        eq(int,
           INGEST("x", "__key=a", "source=crawler", "dk-tags=red,green", "lang=en", "__offset=1"),
           DK_OK));

    const pb_document document = document_of("a");
    cr_assert(eq(sz, document.n_tags, 2));
    cr_assert(eq(str, document.tags[1], "green"));
    cr_assert(eq(sz, document.attributes->n_fields, 2));
    cr_assert(eq(str, document.attributes->fields[0]->key, "lang"));
    cr_assert(eq(str, document.attributes->fields[1]->value->string_value, "crawler"));
}

Test(ingest, finds_out_what_a_value_is) {
    static const struct dk_bytes bytes = DK_BYTES("\xff\xfe\x00 bytes");
    static const struct dk_bytes with_nul = DK_BYTES("a\0b");

    cr_assert(eq(int, INGEST("{\"a\": [1, 2]}", "__key=json"), DK_OK));
    cr_assert(eq(int, INGEST("{\"a\": ", "__key=broken"), DK_OK));
    cr_assert(eq(int, ingest_bytes(bytes, (const char *const[]){"__key=bytes", NULL}), DK_OK));
    cr_assert(eq(int, ingest_bytes(with_nul, (const char *const[]){"__key=nul", NULL}), DK_OK));
    cr_assert(eq(int, INGEST("# x", "__key=named", "content-type=text/markdown"), DK_OK));

    cr_assert(eq(str, document_of("json").content_type, "application/json"));
    cr_assert(eq(str, document_of("broken").content_type, "text/plain; charset=utf-8"));
    cr_assert(eq(str, document_of("bytes").content_type, "application/octet-stream"));
    cr_assert(eq(sz, document_of("bytes").data.len, bytes.size));
    cr_assert(eq(sz, document_of("nul").data.len, 3));
    cr_assert(eq(str, document_of("named").content_type, "text/markdown"));
}

Test(ingest, changes_nothing_when_a_record_comes_twice) {
    for (int i = 0; i < 3; i++) { /* headers in another order each time */
        cr_assert(
            eq(int,
               i == 1 ? INGEST("text", "__key=a", "b=2", "a=1")
                      : INGEST("text", "__key=a", "a=1", "b=2"),
               DK_OK));
    }

    cr_assert(eq(u64, document_of("a").version, 1));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
}

Test(ingest, makes_a_version_of_a_record_with_another_value) {
    (void)INGEST("one", "__key=a");

    cr_assert(eq(int, INGEST("two", "__key=a"), DK_OK));

    cr_assert(eq(u64, document_of("a").version, 2));
    cr_assert(eq(str, document_of("a").text, "two"));
    document_rig_check();
}

Test(ingest, deletes_by_a_record_without_value_and_brings_back_by_the_next) {
    (void)INGEST("one", "__key=a");
    cr_assert(eq(int, INGEST("", "__key=a"), DK_OK));
    cr_assert(document_rig_head("a")->document->deleted);
    cr_assert(eq(int, INGEST("", "__key=a"), DK_OK));
    cr_assert(eq(u64, document_rig_head("a")->document->version, 2));

    cr_assert(eq(int, INGEST("two", "__key=a"), DK_OK));

    cr_assert(eq(str, document_of("a").text, "two"));
    cr_assert(eq(u64, document_of("a").version, 3));
    document_rig_check();
}

Test(ingest, gives_a_record_without_a_good_key_an_id_of_its_own) {
    cr_assert(eq(int, INGEST("x", "__topic=t", "__partition=1", "__offset=7"), DK_OK));
    cr_assert(eq(int, INGEST("x", "__topic=t", "__partition=1", "__offset=7"), DK_OK));

    cr_assert(eq(sz, strlen(only_id()), 32));
}

Test(ingest, gives_the_same_unfit_key_the_same_document) {
    cr_assert(eq(int, INGEST("x", "__key=../etc/passwd", "__offset=1"), DK_OK));
    cr_assert(eq(int, INGEST("y", "__key=../etc/passwd", "__offset=2"), DK_OK));

    cr_assert(eq(str, document_of(only_id()).text, "y"));
}

Test(ingest, writes_for_the_tenant_that_a_header_names) {
    cr_assert(eq(int, INGEST("x", "__key=a", "dk-tenant=acme"), DK_OK));

    cr_assert(ne(ptr, (void *)fake_sidecar_value("documents/acme/head/a").data, NULL));
}

Test(ingest, lets_go_what_can_be_no_document_and_counts_it) {
    static char long_text[DOCUMENT_CONTENT_CALL_BYTES_MAX + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    const unsigned long before = document_ingest_dropped();

    cr_assert(eq(int, INGEST(long_text, "__key=a"), DK_OK));
    cr_assert(eq(int, INGEST("x", "__key=a", "dk-tenant=../x"), DK_OK));
    cr_assert(eq(int, INGEST("x", "__key=a", "dk-tags=no tag"), DK_OK));
    cr_assert(eq(int, INGEST("", "__offset=1"), DK_OK));

    cr_assert(eq(ulong, document_ingest_dropped(), before + 4));
    cr_assert(eq(sz, fake_sidecar.events.count, 0));
}

Test(ingest, gives_the_record_back_while_the_store_is_away_or_the_quota_full) {
    fake_sidecar_fail("get", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);
    cr_assert(eq(int, INGEST("x", "__key=a"), DK_UNAVAILABLE));
    document_rig_service.quota = quota_new();
    document_rig_service.config.quota_bytes = 3;

    cr_assert(eq(int, INGEST("0123456789", "__key=b"), DK_EXHAUSTED));

    cr_assert(eq(int, INGEST("x", "__key=a"), DK_OK));
    quota_free(document_rig_service.quota);
    document_rig_service.quota = NULL;
}

static enum dk_error ingest_two(void) {
    const enum dk_error error = INGEST("two", "__key=a", "n=2");

    return error;
}

static void ingest_one(void) {
    cr_assert(eq(int, INGEST("one", "__key=a", "n=1"), DK_OK));
}

static void two_is_there(void) {
    cr_assert(eq(str, document_of("a").text, "two"));
}

Test(ingest, loses_no_record_when_a_process_ends) {
    document_rig_crash_everywhere(ingest_one, ingest_two, two_is_there);
}

/*
 * The oracle of the index: it reads every head from the fake's state and works out, with nothing but
 * arrays, which ids each facet must have; then it walks through every stored page.
 */
#include "support/index_rig.h"

#include "document/index_facets.h"
#include "document/index_store.h"
#include "document/messages.h"
#include "support/fake_sidecar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKED_BYTES_MAX = 1 << 16, TAGS_MAX = 64, FACETS_MAX = 4096, KEY_BYTES_MAX = 512 };

#define REQUIRE(holds, ...)                                   \
    do {                                                      \
        if (!(holds)) {                                       \
            (void)fprintf(stderr, "index_rig: " __VA_ARGS__); \
            (void)fputc('\n', stderr);                        \
            abort();                                          \
        }                                                     \
    } while (0)

static void head_key(char *ret_key, const char *id) {
    (void)snprintf(ret_key, KEY_BYTES_MAX, "documents/%s/head/%s", RIG_TENANT, id);
}

void rig_put_head(const struct rig_head *from) {
    DaprKit__Document__V1__HeadRecord head = DAPR_KIT__DOCUMENT__V1__HEAD_RECORD__INIT;
    DaprKit__Document__V1__Document document = DAPR_KIT__DOCUMENT__V1__DOCUMENT__INIT;
    DaprKit__Compute__V1__Annotations annotations = DAPR_KIT__COMPUTE__V1__ANNOTATIONS__INIT;
    DaprKit__Compute__V1__Language language = DAPR_KIT__COMPUTE__V1__LANGUAGE__INIT;
    static char tag_text[TAGS_MAX * 65], key[KEY_BYTES_MAX];
    static uint8_t packed[PACKED_BYTES_MAX];
    char *tags[TAGS_MAX];

    head_key(key, from->id);
    if (from->version == 0) {
        fake_sidecar_put(key, (struct dk_bytes){0});
        return;
    }
    document.id = pb_text(from->id);
    document.tenant = pb_text(RIG_TENANT);
    document.version = from->version;
    document.deleted = from->deleted;
    document.size = from->size;
    document.tags = tags;
    (void)snprintf(tag_text, sizeof tag_text, "%s", from->tags == NULL ? "" : from->tags);
    for (char *at = tag_text; *at != '\0';) {
        char *end = at + strcspn(at, ",");
        tags[document.n_tags++] = at;
        at = *end == '\0' ? end : end + 1;
        *end = '\0';
    }
    if (from->language != NULL) {
        language.code = pb_text(from->language);
        annotations.language = &language;
        document.annotations = &annotations;
    }
    head.document = &document;
    head.revision = from->revision;
    head.birth_id = pb_text(from->birth == NULL ? "birth" : from->birth);
    const size_t size = dapr_kit__document__v1__head_record__pack(&head, packed);
    fake_sidecar_put(key, (struct dk_bytes){(const char *)packed, size});
}

struct dk_event rig_event(struct dk_call *call, const char *id, uint64_t version) {
    DaprKit__Document__V1__DocumentChanged change = DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__INIT;

    change.tenant = pb_text(RIG_TENANT);
    change.id = pb_text(id);
    change.version = version;
    change.change = DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__CHANGE__UPDATED;
    return (struct dk_event){.data = dk_call_write_json(call, &change.base)};
}

/* What one facet must have, sorted in the end. */
struct expected {
    const char *facet;
    const char **ids;
    size_t count;
};

static struct expected facets[FACETS_MAX];
static size_t facet_count;

static void expect(const char *facet, const char *id, size_t ids_max) {
    size_t i = 0;

    while (i < facet_count && strcmp(facets[i].facet, facet) != 0) {
        i++;
    }
    if (i == facet_count) {
        REQUIRE(facet_count < FACETS_MAX, "too many facets");
        facets[facet_count++] =
            (struct expected){.facet = facet, .ids = calloc(ids_max, sizeof(char *))};
    }
    facets[i].ids[facets[i].count++] = id;
}

static int text_compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool key_begins(struct dk_bytes key, const char *prefix) {
    return key.size >= strlen(prefix) && memcmp(key.data, prefix, strlen(prefix)) == 0;
}

/* Every head of the state becomes expectations; gives documents and bytes. */
static void heads_read(struct dk_call *call, uint64_t *ret_documents, uint64_t *ret_bytes) {
    const size_t keys = fake_sidecar_key_count();

    for (size_t i = 0; i < keys; i++) {
        if (!key_begins(fake_sidecar_key(i), "documents/" RIG_TENANT "/head/")) {
            continue;
        }
        const char *key =
            dk_call_format(call, "%.*s", (int)fake_sidecar_key(i).size, fake_sidecar_key(i).data);
        struct ProtobufCMessage *message = NULL;
        REQUIRE(
            dk_call_unpack(
                call,
                &dapr_kit__document__v1__head_record__descriptor,
                fake_sidecar_value(key),
                &message) == DK_OK,
            "head '%s'",
            key);
        const DaprKit__Document__V1__HeadRecord *head =
            (DaprKit__Document__V1__HeadRecord *)message;
        const DaprKit__Document__V1__Document *document = head->document;
        expect(INDEX_FACET_IDS, document->id, keys);
        for (size_t k = 0; k < document->n_tags; k++) {
            expect(index_facet_of_tag(call, document->tags[k]), document->id, keys);
        }
        if (document->annotations != NULL && document->annotations->language->code[0] != '\0') {
            expect(
                index_facet_of_language(call, document->annotations->language->code),
                document->id,
                keys);
        }
        if (document->deleted) {
            expect(INDEX_FACET_DELETED, document->id, keys);
        }
        *ret_documents += 1;
        *ret_bytes += document->size;
    }
}

/* Reads every page of a facet; compares; gives the number of its pages. */
static size_t facet_compare(struct index_store *store, const struct expected *expected) {
    struct index_facet *facet = index_store_facet(store, expected->facet);
    struct index_tree *tree = &facet->tree;
    size_t at = 0;

    qsort(expected->ids, expected->count, sizeof(char *), text_compare);
    for (size_t i = 0; i < tree->count; i++) {
        const struct index_place place = {tree, i};
        REQUIRE(
            index_store_load(store, &place, 1, NULL, 0, NULL) == DK_OK,
            "page %" PRIu64 " of '%s'",
            tree->leaves[i].number,
            expected->facet);
        const DaprKit__Document__V1__IndexPage *page = tree->leaves[i].page;
        for (size_t k = 0; k < page->n_entries; k++, at++) {
            REQUIRE(
                at < expected->count && strcmp(page->entries[k]->id, expected->ids[at]) == 0,
                "'%s' has '%s' where '%s' is wanted",
                expected->facet,
                page->entries[k]->id,
                at < expected->count ? expected->ids[at] : "(nothing)");
        }
    }
    REQUIRE(at == expected->count, "'%s' has %zu of %zu", expected->facet, at, expected->count);
    return tree->count;
}

static size_t keys_count(const char *prefix) {
    size_t count = 0;

    for (size_t i = 0; i < fake_sidecar_key_count(); i++) {
        count += key_begins(fake_sidecar_key(i), prefix);
    }
    return count;
}

void rig_expect_index(void) {
    struct dk_call *call = fake_call_new(NULL);
    fake_sidecar_hook_fn *hook = fake_sidecar.hook;
    struct index_store store;
    uint64_t documents = 0, bytes = 0;
    size_t pages = 0;

    fake_sidecar.hook = NULL;
    heads_read(call, &documents, &bytes);
    REQUIRE(index_store_open(&store, call, "statestore", RIG_TENANT, FACETS_MAX) == DK_OK, "open");
    for (size_t i = 0; i < facet_count; i++) {
        if (strcmp(facets[i].facet, INDEX_FACET_IDS) != 0) {
            REQUIRE(
                index_store_open_facets(&store, &facets[i].facet, 1) == DK_OK,
                "facet '%s'",
                facets[i].facet);
        }
        pages += facet_compare(&store, &facets[i]);
        free(facets[i].ids);
    }
    REQUIRE(
        keys_count("index/" RIG_TENANT "/directory/") == facet_count,
        "%zu directories for %zu facets",
        keys_count("index/" RIG_TENANT "/directory/"),
        facet_count);
    REQUIRE(keys_count("index/" RIG_TENANT "/page/") == pages, "pages that no directory names");
    REQUIRE(
        store.root->documents == documents && store.root->bytes == bytes,
        "the root counts %" PRIu64 " documents, %" PRIu64 " bytes for %" PRIu64 ", %" PRIu64,
        store.root->documents,
        store.root->bytes,
        documents,
        bytes);
    facet_count = 0;
    fake_sidecar.hook = hook;
    fake_call_free(call);
}

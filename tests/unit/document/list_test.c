/* List: what it shows is what the heads say, however old the index is. */
#include "document/list.h"

#include "document/index_write.h"
#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct index_writer writer = {.component = "statestore", .turn = PTHREAD_MUTEX_INITIALIZER};

TestSuite(list, .init = document_rig_start, .fini = document_rig_end);

static void index_it(const char *id) {
    cr_assert(eq(int, index_refresh(&writer, document_rig_call(), "default", &id, 1), DK_OK));
}

static void make(const char *id, const char *tag) {
    cr_assert(eq(int, document_rig_create(id, id, NULL), DK_OK));
    if (tag != NULL) {
        cr_assert(eq(int, document_rig_tag(id, tag), DK_OK));
    }
    index_it(id);
}

static enum dk_error list(
    DaprKit__Document__V1__ListRequest request, DaprKit__Document__V1__ListAnswer *ret_answer) {
    dapr_kit__document__v1__list_answer__init(ret_answer);
    return document_rig_run(documents_list, &request.base, &ret_answer->base);
}

/* The ids of a list, with blanks between them. */
static char *ids_of(DaprKit__Document__V1__ListRequest request) {
    static char text[4096];
    DaprKit__Document__V1__ListAnswer answer;
    size_t at = 0;

    text[0] = '\0';
    do {
        cr_assert(eq(int, list(request, &answer), DK_OK), "%s", document_rig_text());
        for (size_t i = 0; i < answer.n_documents; i++) {
            at += (size_t)snprintf(
                text + at, sizeof text - at, at == 0 ? "%s" : " %s", answer.documents[i]->id);
        }
        request.cursor = answer.next_cursor;
    } while (answer.next_cursor[0] != '\0');
    return text;
}

struct wanted {
    const char *prefix, *tag, *language; /* NULL: any */
    bool include_deleted;
    uint32_t limit;
};

static char *listed(struct wanted wanted) {
    DaprKit__Document__V1__ListRequest request = DAPR_KIT__DOCUMENT__V1__LIST_REQUEST__INIT;

    request.prefix = pb_text(wanted.prefix == NULL ? "" : wanted.prefix);
    request.tag = pb_text(wanted.tag == NULL ? "" : wanted.tag);
    request.language = pb_text(wanted.language == NULL ? "" : wanted.language);
    request.include_deleted = wanted.include_deleted;
    request.limit = wanted.limit;
    return ids_of(request);
}

Test(list, has_documents_in_the_order_of_their_ids) {
    make("b", NULL);
    make("c", NULL);
    make("a", NULL);

    cr_assert(eq(str, listed((struct wanted){.limit = 2}), "a b c"));
    cr_assert(eq(str, listed((struct wanted){.limit = 0}), "a b c"));
}

Test(list, picks_by_prefix_and_tag) {
    make("ab", "red");
    make("ac", "blue");
    make("b", "red");

    cr_assert(eq(str, listed((struct wanted){.prefix = "a"}), "ab ac"));
    cr_assert(eq(str, listed((struct wanted){.tag = "red"}), "ab b"));
    cr_assert(eq(str, listed((struct wanted){.prefix = "a", .tag = "red"}), "ab"));
    cr_assert(eq(str, listed((struct wanted){.language = "en"}), ""));
}

Test(list, shows_deleted_ones_only_to_those_who_ask) {
    make("a", NULL);
    make("b", NULL);
    cr_assert(eq(int, document_rig_delete("a"), DK_OK));
    cr_assert(eq(str, listed((struct wanted){.limit = 0}), "b"));
    index_it("a");

    cr_assert(eq(str, listed((struct wanted){.limit = 0}), "b"));
    cr_assert(eq(str, listed((struct wanted){.include_deleted = true}), "a b"));
}

Test(list, shows_nothing_that_does_not_fit_any_more) {
    make("a", "red");
    make("b", "red");
    cr_assert(eq(int, document_rig_tag("a", "blue"), DK_OK)); /* not indexed yet */

    cr_assert(eq(str, listed((struct wanted){.tag = "red"}), "b"));
}

Test(list, fills_an_answer_though_many_do_not_fit) {
    char id[8];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(id, sizeof id, "d%02d", i);
        make(id, NULL);
        if (i % 10 != 0) {
            cr_assert(eq(int, document_rig_delete(id), DK_OK));
        }
    }

    cr_assert(eq(str, listed((struct wanted){.limit = 2}), "d00 d10 d20 d30"));
}

Test(list, gives_etags_and_no_contents) {
    DaprKit__Document__V1__ListRequest request = DAPR_KIT__DOCUMENT__V1__LIST_REQUEST__INIT;
    DaprKit__Document__V1__ListAnswer answer;
    pb_document document;
    make("a", NULL);
    cr_assert(eq(int, document_rig_get("a", 0, &document), DK_OK));

    cr_assert(eq(int, list(request, &answer), DK_OK));

    cr_assert(eq(str, answer.documents[0]->etag, document.etag));
    cr_assert(
        eq(int,
           answer.documents[0]->content_case,
           DAPR_KIT__DOCUMENT__V1__DOCUMENT__CONTENT__NOT_SET));
}

Test(list, refuses_too_much_and_foreign_cursors) {
    DaprKit__Document__V1__ListRequest request = DAPR_KIT__DOCUMENT__V1__LIST_REQUEST__INIT;
    DaprKit__Document__V1__ListAnswer answer;

    request.limit = DOCUMENT_LIST_MAX + 1;
    cr_assert(eq(int, list(request, &answer), DK_INVALID));
    request.limit = 1;
    request.cursor = "mine";
    cr_assert(eq(int, list(request, &answer), DK_INVALID));
}

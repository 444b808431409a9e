/* Sessions live as long as somebody looks, and nobody's change is lost. */
#include "document/session.h"

#include "support/document_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

typedef DaprKit__Document__V1__Session pb_session_answer;

TestSuite(session, .init = document_rig_start, .fini = document_rig_end);

static enum dk_error open_of(uint64_t ttl_seconds, pb_session_answer *ret_session) {
    DaprKit__Document__V1__OpenSessionRequest request =
        DAPR_KIT__DOCUMENT__V1__OPEN_SESSION_REQUEST__INIT;

    request.ttl_seconds = ttl_seconds;
    dapr_kit__document__v1__session__init(ret_session);
    return document_rig_run(documents_open_session, &request.base, &ret_session->base);
}

static enum dk_error look(const char *id, pb_session_answer *ret_session) {
    DaprKit__Document__V1__GetSessionRequest request =
        DAPR_KIT__DOCUMENT__V1__GET_SESSION_REQUEST__INIT;

    request.id = pb_text(id);
    dapr_kit__document__v1__session__init(ret_session);
    return document_rig_run(documents_get_session, &request.base, &ret_session->base);
}

static enum dk_error put(
    const char *id, const char *if_match, const char *word, pb_session_answer *ret_session) {
    DaprKit__Document__V1__PutSessionRequest request =
        DAPR_KIT__DOCUMENT__V1__PUT_SESSION_REQUEST__INIT;
    Google__Protobuf__Value value = GOOGLE__PROTOBUF__VALUE__INIT;
    Google__Protobuf__Struct__FieldsEntry field = GOOGLE__PROTOBUF__STRUCT__FIELDS_ENTRY__INIT;
    Google__Protobuf__Struct__FieldsEntry *fields[] = {&field};
    Google__Protobuf__Struct data = GOOGLE__PROTOBUF__STRUCT__INIT;

    value.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    value.string_value = pb_text(word);
    field.key = "word";
    field.value = &value;
    data.fields = fields;
    data.n_fields = 1;
    request.id = pb_text(id);
    request.if_match = pb_text(if_match);
    request.data = &data;
    dapr_kit__document__v1__session__init(ret_session);
    return document_rig_run(documents_put_session, &request.base, &ret_session->base);
}

static const char *word_of(const char *id) {
    pb_session_answer session;

    cr_assert(eq(int, look(id, &session), DK_OK));
    return session.data == NULL ? "" : session.data->fields[0]->value->string_value;
}

static const char *key_of(const char *id) {
    static char key[128];

    (void)snprintf(key, sizeof key, "documents/default/session/%s", id);
    return key;
}

Test(session, is_found_until_nobody_has_looked_for_its_time) {
    pb_session_answer session, seen;
    cr_assert(eq(int, open_of(100, &session), DK_OK));
    for (int i = 0; i < 5; i++) {
        fake_sidecar_advance_s(90);
        cr_assert(eq(int, look(session.id, &seen), DK_OK));
        cr_assert(eq(long, fake_sidecar_ttl_s(key_of(session.id)), 100));
    }

    fake_sidecar_advance_s(101);

    cr_assert(eq(int, look(session.id, &seen), DK_NOT_FOUND));
}

Test(session, has_the_time_of_the_service_when_none_is_named) {
    pb_session_answer session;

    cr_assert(eq(int, open_of(0, &session), DK_OK));

    cr_assert(eq(u64, session.ttl_seconds, 3600));
    cr_assert(eq(long, fake_sidecar_ttl_s(key_of(session.id)), 3600));
}

Test(session, keeps_its_etag_when_it_is_looked_at) {
    pb_session_answer session, seen, changed;
    (void)open_of(100, &session);
    (void)look(session.id, &seen);
    cr_assert(eq(str, seen.etag, session.etag));

    cr_assert(eq(int, put(session.id, session.etag, "mine", &changed), DK_OK));

    cr_assert(ne(str, changed.etag, session.etag));
    cr_assert(eq(str, (char *)word_of(session.id), "mine"));
}

Test(session, refuses_a_stale_etag) {
    pb_session_answer session, changed;
    (void)open_of(100, &session);
    (void)put(session.id, "", "theirs", &changed);

    cr_assert(eq(int, put(session.id, session.etag, "mine", &changed), DK_ETAG_MISMATCH));

    cr_assert(eq(str, (char *)word_of(session.id), "theirs"));
}

Test(session, refuses_what_is_above_a_bound) {
    pb_session_answer session, changed;
    static char word[SESSION_DATA_BYTES_MAX + 1];
    memset(word, 'x', sizeof word - 1);
    cr_assert(eq(int, open_of(SESSION_TTL_S_MAX + 1, &session), DK_INVALID));
    (void)open_of(SESSION_TTL_S_MAX, &session);

    cr_assert(eq(int, put(session.id, "", word, &changed), DK_INVALID));
    cr_assert(eq(int, look("../secret", &session), DK_INVALID));
}

Test(session, is_no_more_once_it_is_closed) {
    DaprKit__Document__V1__CloseSessionRequest request =
        DAPR_KIT__DOCUMENT__V1__CLOSE_SESSION_REQUEST__INIT;
    DaprKit__Document__V1__CloseSessionAnswer answer =
        DAPR_KIT__DOCUMENT__V1__CLOSE_SESSION_ANSWER__INIT;
    pb_session_answer session, seen;
    (void)open_of(100, &session);
    request.id = session.id;

    cr_assert(
        eq(int, document_rig_run(documents_close_session, &request.base, &answer.base), DK_OK));
    cr_assert(
        eq(int, document_rig_run(documents_close_session, &request.base, &answer.base), DK_OK));

    cr_assert(eq(int, look(session.id, &seen), DK_NOT_FOUND));
}

/* Before our write: a look, which changes the record, or another change. */
static const char *other_id;
static int looks_left, puts_left;

static void another_comes(void *context, const char *function, struct dk_bytes key) {
    pb_session_answer session;

    (void)context;
    (void)key;
    if (strcmp(function, "save") == 0 && looks_left > 0) {
        looks_left--;
        (void)look(other_id, &session);
    } else if (strcmp(function, "save") == 0 && puts_left > 0) {
        puts_left--;
        (void)put(other_id, "", "theirs", &session);
    }
}

Test(session, does_not_take_a_look_of_somebody_else_for_a_change) {
    pb_session_answer session, changed;
    (void)open_of(100, &session);
    other_id = session.id;
    looks_left = 2;
    fake_sidecar.hook = another_comes;

    cr_assert(eq(int, put(session.id, session.etag, "mine", &changed), DK_OK));

    fake_sidecar.hook = NULL;
    cr_assert(eq(str, (char *)word_of(session.id), "mine"));
}

Test(session, loses_no_change_that_comes_in_between) {
    pb_session_answer session, changed;
    (void)open_of(100, &session);
    other_id = session.id;
    puts_left = 1;
    fake_sidecar.hook = another_comes;

    cr_assert(eq(int, put(session.id, session.etag, "mine", &changed), DK_ETAG_MISMATCH));

    fake_sidecar.hook = NULL;
    cr_assert(eq(str, (char *)word_of(session.id), "theirs"));
}

Test(session, does_not_undo_a_change_by_a_look) {
    pb_session_answer session, seen;
    (void)open_of(100, &session);
    other_id = session.id;
    puts_left = 1;
    fake_sidecar.hook = another_comes;

    cr_assert(eq(int, look(session.id, &seen), DK_OK));

    fake_sidecar.hook = NULL;
    cr_assert(eq(str, (char *)word_of(session.id), "theirs"));
}

Test(session, belongs_to_its_tenant) {
    pb_session_answer session, seen;
    (void)open_of(100, &session);
    document_rig_header("dk-tenant", "rival");

    cr_assert(eq(int, look(session.id, &seen), DK_NOT_FOUND));
}

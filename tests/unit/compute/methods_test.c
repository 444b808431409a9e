/* The methods: what people ask, and what they are told when they ask wrong. */
#include "compute/methods.h"

#include "compute/near.h"
#include "support/compute_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct compute_rig rig;

static void start(void) {
    compute_rig_open(&rig);
}

static void end(void) {
    compute_rig_close(&rig);
}

TestSuite(methods, .init = start, .fini = end);

static const char *answer_text(struct dk_bytes json) {
    return dk_call_format(rig.call, "%.*s", (int)json.size, json.data);
}

/* Calls a method with a request as JSON; its answer as JSON, or NULL and the call has failed. */
static const char *ask(const char *name, const char *json) {
    const struct dk_app_method *method = compute_methods;
    struct ProtobufCMessage *request = NULL;
    char *const room = calloc(1, 256);
    struct ProtobufCMessage *answer = (struct ProtobufCMessage *)(void *)room;
    while (strcmp(method->name, name) != 0) {
        method++;
    }
    cr_assert(
        eq(int, dk_call_read_json(rig.call, method->request, dk_bytes_of(json), &request), DK_OK),
        "%s",
        fake_call_text(rig.call));
    cr_assert(le(sz, method->answer->sizeof_message, 256));
    method->answer->message_init(answer);
    if (method->run(rig.call, request, answer) != DK_OK) {
        return NULL;
    }
    return answer_text(dk_call_write_json(rig.call, answer));
}

static void assert_says(const char *answer, const char *part) {
    cr_assert(ne(ptr, (char *)answer, NULL), "%s", fake_call_text(rig.call));
    cr_assert(ne(ptr, strstr(answer, part), NULL), "'%s' is not in %s", part, answer);
}

static void assert_refused(
    const char *name, const char *json, enum dk_error error, const char *why) {
    cr_assert(eq(ptr, (char *)ask(name, json), NULL));
    cr_assert(eq(int, fake_call_error(rig.call), error));
    cr_assert(ne(ptr, strstr(fake_call_text(rig.call), why), NULL), "%s", fake_call_text(rig.call));
    (void)compute_rig_call(&rig);
}

Test(methods, functions_are_listed_with_what_they_take) {
    const char *answer = ask("ListFunctions", "{}");

    assert_says(answer, "\"name\":\"sha256\"");
    assert_says(answer, "\"name\":\"minhash\"");
    assert_says(answer, "\"costUsPerMib\":");
}

Test(methods, run_gives_what_the_functions_found) {
    const char *answer = ask("Run", "{\"functions\":[\"sha256\",\"xxh3\"],\"text\":\"abc\"}");

    assert_says(
        answer,
        "\"contentSha256\":"
        "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
    assert_says(answer, "\"xxh3128\":\"06b05ab6733a618578af5f94892f3950\"");
    assert_says(answer, "{\"name\":\"xxh3\",\"version\":1}");
    assert_says(
        ask("Run", "{\"functions\":[\"xxh3\"],\"text\":\"abc\"}"),
        "{\"name\":\"xxh3\",\"version\":1,\"cached\":true}");
}

Test(methods, bytes_are_for_functions_that_take_them) {
    assert_says(ask("Run", "{\"functions\":[\"xxh3\"],\"data\":\"/w==\"}"), "xxh3128");
    assert_refused("Run", "{\"functions\":[\"simhash\"],\"data\":\"YWL/\"}", DK_INVALID, "2");
}

Test(methods, wrong_requests_are_refused_in_words) {
    assert_refused("Run", "{\"text\":\"a\"}", DK_INVALID, "functions: none is named");
    assert_refused(
        "Run",
        "{\"functions\":[\"md5\"],\"text\":\"a\"}",
        DK_NOT_FOUND,
        "function: 'md5' is none of: sha256 xxh3 simhash");
    assert_refused(
        "Run",
        "{\"functions\":[\"xxh3\",\"xxh3\"],\"text\":\"a\"}",
        DK_INVALID,
        "functions: 'xxh3' is named twice");
    assert_refused(
        "Run", "{\"functions\":[\"xxh3\"]}", DK_INVALID, "content: neither 'text' nor 'data'");
    assert_refused(
        "Run",
        "{\"functions\":[\"xxh3\"],\"text\":\"a\",\"parameters\":{\"xxh3.seed\":1}}",
        DK_INVALID,
        "parameter: function xxh3 has none named 'seed'");
    assert_refused(
        "Run",
        "{\"functions\":[\"xxh3\"],\"text\":\"a\",\"parameters\":{\"seed\":1}}",
        DK_INVALID,
        "parameter: 'seed' is not <function>.<parameter>");
    assert_refused(
        "Similar", "{\"text\":\"a\",\"limit\":101}", DK_INVALID, "limit: 101 is over 100");
    assert_refused(
        "Similar",
        "{\"text\":\"a\",\"similarityMin\":0.3}",
        DK_INVALID,
        "similarity_min: 0.3 is not from 0.5 to 1");
    assert_refused(
        "Similar", "{\"text\":\"a\",\"similarityMin\":\"NaN\"}", DK_INVALID, "similarity_min: ");
    fake_call_add_header(rig.call, "dk-tenant", "a/b");
    assert_refused("Similar", "{\"text\":\"a\"}", DK_INVALID, "dk-tenant: 'a/b' is none");
}

Test(methods, similar_finds_documents_of_its_tenant) {
    char json[4096];
    struct minhash_signature signature;
    bool has_words = false, is_late = false;
    const char *text = compute_rig_words(0, 300);
    (void)minhash_text(dk_bytes_of(text), NULL, &signature, &has_words, NULL);
    const struct near_document document = {
        .tenant = "acme",
        .id = "doc-1",
        .version = 1,
        .content_sha256 = "",
        .signature = &signature};
    cr_assert(eq(int, near_put(rig.call, &document, &is_late), DK_OK));
    (void)snprintf(json, sizeof json, "{\"text\":\"%s\"}", text);

    assert_says(ask("Similar", json), "{}");
    (void)compute_rig_call(&rig);
    fake_call_add_header(rig.call, "dk-tenant", "acme");
    assert_says(ask("Similar", json), "{\"documents\":[{\"documentId\":\"doc-1\",\"similarity\":1");
    assert_says(ask("Similar", "{\"text\":\"\"}"), "{}");
}

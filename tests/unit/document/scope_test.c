/* Names from outside: what may go into a key, and what never does. */
#include "support/document_rig.h"

#include "document/key.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(document_scope, .init = document_rig_start, .fini = document_rig_end);

static char *repeated(size_t count) {
    char *text = malloc(count + 1);

    memset(text, 'a', count);
    text[count] = '\0';
    return text;
}

static enum dk_error check(const char *id) {
    return document_id_check(document_rig_call(), "document", id);
}

Test(document_scope, ids_stay_in_their_place) {
    const char *good[] = {"a", "7", "A.b_c~d-e", "a.b.c", "0123456789abcdef0123456789abcdef"};
    const char *bad[] = {
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a..b",
        "-a",
        "_a",
        "a b",
        "a%2f",
        "a||b",
        "a\\b",
        "a\nb",
        "\xc3\xa4",
        "a\x7f",
        "head/a",
        "~a",
        "a?b"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(eq(int, check(good[i]), DK_OK), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(eq(int, check(bad[i]), DK_INVALID), "%s", bad[i]);
        cr_assert(ne(ptr, strstr(document_rig_text(), "A-Z"), NULL));
    }
    cr_assert(eq(int, check(repeated(DOCUMENT_ID_BYTES_MAX)), DK_OK));
    cr_assert(eq(int, check(repeated(DOCUMENT_ID_BYTES_MAX + 1)), DK_INVALID));
}

Test(document_scope, a_tenant_comes_from_the_header) {
    struct document_scope scope;

    cr_assert(eq(int, document_scope_open(document_rig_call(), &scope), DK_OK));
    cr_assert(eq(str, pb_text(scope.tenant), "default"));
    document_rig_header("dk-tenant", "red-team");
    cr_assert(eq(int, document_scope_open(document_rig_call(), &scope), DK_OK));
    cr_assert(eq(str, pb_text(scope.tenant), "red-team"));
}

Test(document_scope, a_tenant_that_is_no_name_is_refused) {
    const char *bad[] = {"", "a/b", "..", "a b", "-"};
    struct document_scope scope;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        document_rig_header("dk-tenant", bad[i]);
        cr_assert(eq(int, document_scope_open(document_rig_call(), &scope), DK_INVALID));
    }
    document_rig_header("dk-tenant", repeated(DOCUMENT_TENANT_BYTES_MAX + 1));
    cr_assert(eq(int, document_scope_open(document_rig_call(), &scope), DK_INVALID));
}

Test(document_scope, the_longest_key_is_whole) {
    struct document_scope scope = document_rig_scope();
    char *id = repeated(DOCUMENT_ID_BYTES_MAX);
    scope.tenant = repeated(DOCUMENT_TENANT_BYTES_MAX);

    const struct document_key key = document_key_version(&scope, id, UINT64_MAX);

    cr_assert(eq(str, pb_text(strrchr(key.text, '/')), "/18446744073709551615"));
}

Test(document_scope, conditions_are_read_without_their_quotes) {
    const char *given[] = {"\"x.1\"", "x.1", "W/\"x.1\"", "*", ""};
    const char *wanted[] = {"x.1", "x.1", "x.1", "", ""};

    for (size_t i = 0; i < 5; i++) {
        document_rig_header("dapr-if-match", given[i]);
        cr_assert(
            eq(str,
               pb_text(document_condition(document_rig_call(), "", "if-match")),
               pb_text(wanted[i])));
    }
    document_rig_header("if-match", "h");
    cr_assert(eq(str, pb_text(document_condition(document_rig_call(), "", "if-match")), "h"));
    document_rig_header("if-match", "h");
    cr_assert(eq(str, pb_text(document_condition(document_rig_call(), "f", "if-match")), "f"));
}

/* Names that may be parts of keys, and whose call it is. */
#include "compute/service.h"

#include "support/compute_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct compute_rig rig;

static void setup(void) {
    compute_rig_open(&rig);
}

static void teardown(void) {
    compute_rig_close(&rig);
}

TestSuite(service, .init = setup, .fini = teardown);

static bool is_name(const char *text) {
    return service_is_name(dk_bytes_of(text), TENANT_BYTES_MAX);
}

Test(service, a_name_leaves_no_place_in_a_key) {
    static const char *const names[] = {"a", "9", "Acme", "a.b", "a-b_c~d", "x1.2.3"};
    static const char *const others[] = {
        "", ".a", "-a", "_a", "~", "a..b", "a/b", "a b", "a|b", "\xC3\xA9", "a\n"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert(is_name(names[i]), "'%s'", names[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert(not(is_name(others[i])), "'%s'", others[i]);
    }
    cr_assert(not(service_is_name((struct dk_bytes){.data = "a\0b", .size = 3}, 10)));
}

Test(service, a_name_has_a_longest) {
    char text[TENANT_BYTES_MAX + 2];
    memset(text, 'a', sizeof text);

    text[TENANT_BYTES_MAX] = '\0';
    cr_assert(is_name(text));
    text[TENANT_BYTES_MAX] = 'a';
    text[TENANT_BYTES_MAX + 1] = '\0';
    cr_assert(not(is_name(text)));
}

Test(service, the_tenant_is_the_headers_or_default) {
    const char *tenant = NULL;

    cr_assert(eq(int, service_tenant(rig.call, &tenant), DK_OK));
    cr_assert(eq(str, (char *)tenant, "default"));
    fake_call_add_header(rig.call, "dk-tenant", "acme");
    cr_assert(eq(int, service_tenant(rig.call, &tenant), DK_OK));
    cr_assert(eq(str, (char *)tenant, "acme"));
}

Test(service, a_tenant_that_is_none_is_named) {
    const char *tenant = "untouched";
    fake_call_add_header(rig.call, "dk-tenant", "../other");

    cr_assert(eq(int, service_tenant(rig.call, &tenant), DK_INVALID));

    cr_assert(ne(ptr, (void *)strstr(fake_call_text(rig.call), "../other"), NULL));
    cr_assert(eq(str, (char *)tenant, "untouched"));
}

/* What the loader brings in before main: each library costs every start its relocations. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { LIST_BYTES_MAX = 16384 };

/* The libraries of a program, as the loader itself tells them. */
static void libraries_of(const char *program, char *list) {
    char command[512];
    (void)snprintf(
        command, sizeof command, "LD_TRACE_LOADED_OBJECTS=1 '%s/%s'", DK_PROGRAMS, program);
    FILE *output = popen(command, "r");
    cr_assert(ne(ptr, output, NULL));

    const size_t size = fread(list, 1, LIST_BYTES_MAX - 1, output);

    list[size] = '\0';
    cr_assert(eq(int, pclose(output), 0));
    cr_assert(ne(ptr, strstr(list, "libnghttp2"), NULL), "%s", list);
}

Test(loaded, a_store_without_tls_starts_without_openssl) {
    char list[LIST_BYTES_MAX];

    libraries_of("dk-redis", list);

    cr_expect(eq(ptr, strstr(list, "libssl"), NULL), "%s", list);
    cr_expect(eq(ptr, strstr(list, "libcrypto"), NULL), "%s", list);
}

Test(loaded, a_program_without_metrics_starts_without_libmicrohttpd) {
    char list[LIST_BYTES_MAX];

    libraries_of("dk-redis", list);

    cr_expect(eq(ptr, strstr(list, "libmicrohttpd"), NULL), "%s", list);
}

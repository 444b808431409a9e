/* What a command line and an environment become for an application's program. */
#include "serve/app_settings.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/app.h>
#include <stdlib.h>
#include <string.h>

struct own {
    int64_t days;
    const char *place;
};

static const struct dk_option own_rows[] = {
    {"retention-days", DK_INT, DK_FIELD(struct own, days, int64_t), "30", 1, 400, 0, "Days."},
    {"place", DK_TEXT, DK_FIELD(struct own, place, const char *), NULL, 1, 20, 0, "Where."},
    DK_OPTION_END,
};
static const struct dk_app app = {
    .name = "dk-test", .options = own_rows, .config_size = sizeof(struct own)};

static struct dk__pool pool;
static struct dk__arena arena;
static struct dk__app_settings settings;
static struct dk_fault fault;

static void start(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 65536};
    unsetenv("APP_PORT");
    unsetenv("APP_API_TOKEN");
    unsetenv("DK_RETENTION_DAYS");
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(app_settings, .init = start, .fini = end);

static enum dk_error read_line(const char *words[]) {
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    return dk__app_settings_read(&app, count, (char **)words, &arena, &settings, &fault);
}

#define READ(...) read_line((const char *[]){"dk-test", __VA_ARGS__, NULL})

Test(app_settings, take_the_port_from_dapr_s_variable) {
    setenv("APP_PORT", "6000", 1);
    setenv("APP_API_TOKEN", "secret", 1);

    cr_assert(eq(int, read_line((const char *[]){"dk-test", NULL}), DK_OK), "%s", fault.text);

    cr_assert(eq(i64, settings.port, 6000));
    cr_assert(eq(str, (char *)settings.address, "127.0.0.1"));
    cr_assert(dk_bytes_equal(settings.token, dk_bytes_of("secret")));
    cr_assert(eq(i64, ((struct own *)settings.own)->days, 30));
}

Test(app_settings, prefer_the_command_line) {
    setenv("APP_PORT", "6000", 1);
    setenv("DK_RETENTION_DAYS", "7", 1);

    cr_assert(eq(int, READ("--app-port", "6001", "--retention-days=8"), DK_OK), "%s", fault.text);

    cr_assert(eq(i64, settings.port, 6001));
    cr_assert(eq(i64, ((struct own *)settings.own)->days, 8));
}

Test(app_settings, take_the_application_s_own_from_its_variable) {
    setenv("DK_RETENTION_DAYS", "7", 1);

    cr_assert(eq(int, READ("--app-port", "1", "--place", "here"), DK_OK), "%s", fault.text);

    cr_assert(eq(i64, ((struct own *)settings.own)->days, 7));
    cr_assert(eq(str, (char *)((struct own *)settings.own)->place, "here"));
}

Test(app_settings, let_headers_of_bulk_events_in) {
    cr_assert(eq(int, READ("--app-port", "1"), DK_OK), "%s", fault.text);

    cr_assert(eq(sz, settings.base.limits.header_bytes_max, 256u << 10));
    cr_assert(eq(sz, settings.base.limits.request_bytes_max, 16u << 20));
}

static void refuse(enum dk_error error, const char *text) {
    cr_assert(eq(int, error, DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, text), NULL), "%s", fault.text);
}

Test(app_settings, want_an_address) {
    refuse(read_line((const char *[]){"dk-test", NULL}), "app-port: is not given");
}

Test(app_settings, name_every_fault_of_all_tables) {
    const enum dk_error error =
        READ("--app-port", "0", "--retention-days", "x", "--drain-timeout", "soon", "--place", "");
    refuse(error, "app-port: 0 is outside 1 … 65535");
    refuse(error, "retention-days: 'x' is not an integer");
    refuse(error, "drain-timeout: 'soon' is no duration");
}

Test(app_settings, refuse_a_word_that_is_no_option) {
    refuse(READ("--app-port", "1", "--socket-dir", "/tmp"), "'--socket-dir' is no option");
}

Test(app_settings, want_certificate_and_key_together) {
    refuse(READ("--app-port", "1", "--tls-key", "k"), "tls-certificate and tls-key");
}

Test(app_settings, want_a_certificate_for_a_client_ca) {
    refuse(READ("--app-port", "1", "--tls-client-ca", "c"), "tls-client-ca: is for TLS");
}

Test(app_settings, refuse_a_relative_socket) {
    refuse(READ("--unix-socket", "app.sock"), "unix-socket: 'app.sock' is no absolute path");
    fault = (struct dk_fault){0};
    refuse(READ("--unix-socket", "/tmp/"), "unix-socket: '/tmp/' is no absolute path");
}

Test(app_settings, show_every_table_in_the_help) {
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);

    dk__app_settings_help(&app, output);

    (void)fclose(output);
    cr_expect(ne(ptr, strstr(text, "--app-port "), NULL));
    cr_expect(ne(ptr, strstr(text, "--drain-timeout "), NULL));
    cr_expect(ne(ptr, strstr(text, "--retention-days "), NULL));
    cr_expect(ne(ptr, strstr(text, "APP_API_TOKEN"), NULL));
    free(text);
}

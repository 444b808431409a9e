/* What a command line and an environment become. */
#include "serve/settings.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct dk__pool pool;
static struct dk__arena arena;
static struct dk__settings settings;
static struct dk_fault fault;

static void start(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 65536};
    unsetenv("DAPR_COMPONENT_SOCKETS_FOLDER");
    unsetenv("DAPR_COMPONENTS_SOCKETS_FOLDER");
    unsetenv("DAPR_COMPONENTS_SOCKETS_EXTENSION");
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(settings, .init = start, .fini = end);

static enum dk_error read_line(const char *words[]) {
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    return dk__settings_read(count, (char **)words, &arena, &settings, &fault);
}

#define READ(...) read_line((const char *[]){"dk-test", __VA_ARGS__, NULL})

Test(settings, have_dapr_s_defaults) {
    cr_assert(eq(int, read_line((const char *[]){"dk-test", NULL}), DK_OK));

    cr_assert(eq(str, (char *)settings.socket_dir, "/tmp/dapr-components-sockets"));
    cr_assert(eq(str, (char *)settings.socket_extension, ".sock"));
    cr_assert(eq(u32, settings.socket_mode, 0660));
    cr_assert(eq(sz, settings.limits.reply_bytes_max, 4u << 20));
    cr_assert(eq(int, settings.action, DK__ACTION_SERVE));
}

Test(settings, take_a_value_behind_a_blank_or_an_equals_sign) {
    cr_assert(eq(int, READ("--socket-dir", "/a", "--calls-max=7"), DK_OK));

    cr_assert(eq(str, (char *)settings.socket_dir, "/a"));
    cr_assert(eq(u32, settings.limits.calls_max, 7));
}

Test(settings, prefer_the_injector_s_variable_and_the_command_line_to_both) {
    setenv("DAPR_COMPONENTS_SOCKETS_FOLDER", "/plural", 1);
    cr_assert(eq(int, READ("--log-level", "debug"), DK_OK));
    cr_assert(eq(str, (char *)settings.socket_dir, "/plural"));

    setenv("DAPR_COMPONENT_SOCKETS_FOLDER", "/singular", 1);
    cr_assert(eq(int, READ("--log-level", "debug"), DK_OK));
    cr_assert(eq(str, (char *)settings.socket_dir, "/singular"));

    cr_assert(eq(int, READ("--socket-dir", "/mine"), DK_OK));
    cr_assert(eq(str, (char *)settings.socket_dir, "/mine"));
}

Test(settings, take_the_extension_from_the_environment) {
    setenv("DAPR_COMPONENTS_SOCKETS_EXTENSION", ".socket", 1);

    cr_assert(eq(int, READ("--log-level", "debug"), DK_OK));

    cr_assert(eq(str, (char *)settings.socket_extension, ".socket"));
}

Test(settings, name_every_fault_of_a_command_line) {
    cr_assert(eq(int, READ("--calls-max", "0", "--log-format", "xml"), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "calls-max: 0 is outside 1 … 65536"), NULL));
    cr_assert(ne(ptr, strstr(fault.text, "log-format: 'xml' is not one of text, json"), NULL));
}

Test(settings, bound_a_window_by_what_its_slots_can_number) {
    cr_assert(eq(int, READ("--log-level", "debug"), DK_OK));
    cr_assert(eq(u32, settings.limits.window_max, 256));
    cr_assert(eq(int, READ("--window-max", "65535"), DK_OK));
    cr_assert(eq(u32, settings.limits.window_max, 65535));

    cr_assert(eq(int, READ("--window-max", "65536"), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "window-max: 65536 is outside 1 … 65535"), NULL));
}

Test(settings, refuse_an_unknown_option_by_name) {
    cr_assert(eq(int, READ("--colour", "red"), DK_INVALID));

    cr_assert(eq(str, fault.text, "'--colour' is no option; see --help"));
}

Test(settings, refuse_an_option_without_its_value) {
    cr_assert(eq(int, READ("--socket-dir"), DK_INVALID));

    cr_assert(eq(str, fault.text, "--socket-dir: has no value"));
}

Test(settings, refuse_a_mode_that_is_not_octal) {
    cr_assert(eq(int, READ("--socket-mode", "0998"), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "socket-mode: '0998'"), NULL));
}

Test(settings, refuse_a_group_that_is_not_there) {
    cr_assert(eq(int, READ("--socket-group", "no-such-group-here"), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "socket-group: 'no-such-group-here'"), NULL));
}

Test(settings, take_a_group_by_number) {
    cr_assert(eq(int, READ("--socket-group", "12"), DK_OK));

    cr_assert(eq(u32, settings.socket_gid, 12));
}

Test(settings, refuse_a_name_that_leaves_the_folder) {
    cr_assert(eq(int, READ("--name", "../redis"), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "name: '../redis' has a '/'"), NULL));
}

Test(settings, know_the_two_descriptions) {
    cr_assert(eq(int, READ("--describe", "yaml"), DK_OK));
    cr_assert(eq(int, settings.action, DK__ACTION_DESCRIBE_YAML));
    cr_assert(eq(int, READ("--describe", "markdown"), DK_OK));
    cr_assert(eq(int, settings.action, DK__ACTION_DESCRIBE_MARKDOWN));

    cr_assert(eq(int, READ("--describe", "html"), DK_INVALID));
}

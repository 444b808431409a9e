/* The rows as metadata.yaml and as a page, word for word. */
#define _POSIX_C_SOURCE 200809L
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/binding.h>
#include <dk/option.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config {
    const char *host, *password;
    bool tls;
    int64_t port, timeout_ms, lease_ms;
    int color;
};

#define AT(member, ctype) DK_FIELD(struct config, member, ctype)

static const char *const colors[] = {"red", "light|green", NULL};
static const char *const aliases[] = {"server", NULL};
static const char *const capabilities[] = {"crud", "ttl", NULL};

static const struct dk_option options[] = {
    {"host", DK_TEXT, AT(host, const char *), NULL, 3, 261, DK_REQUIRED, "Where it is.", aliases},
    {"password",
     DK_TEXT,
     AT(password, const char *),
     NULL,
     0,
     0,
     DK_SECRET,
     "A \"quoted\" word, a \\ and a | in it."},
    {"tls", DK_BOOL, AT(tls, bool), "false", 0, 0, 0, "Encrypts."},
    {"port", DK_INT, AT(port, int64_t), "6379", 1, 65535, 0, "Door."},
    {"timeout",
     DK_DURATION_MS,
     AT(timeout_ms, int64_t),
     "5s",
     1,
     60000,
     0,
     "Patience.",
     .sentinel = "-1",
     .sentinel_value = -1},
    {"lease", DK_DURATION_S, AT(lease_ms, int64_t), "60", 0, 0, 0, "Has no bounds."},
    {"color", DK_ENUM, AT(color, int), "red", 0, 0, 0, "Hue.", .words = colors},
    DK_OPTION_END,
};

static const struct dk_description description = {
    .type = "state",
    .name = "dk-test",
    .title = "Test: the store",
    .summary = "Keeps \"nothing\".",
    .capabilities = capabilities,
    .options = options,
};

static char *written(
    const struct dk_description *what, void (*write)(const struct dk_description *, FILE *)) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    cr_assert(ne(ptr, file, NULL));
    write(what, file);
    cr_assert(eq(int, fclose(file), 0));
    return text;
}

Test(describe, writes_metadata_yaml) {
    char *text = written(&description, dk_describe_yaml);

    cr_assert(
        eq(str,
           text,
           "# yaml-language-server: $schema=../../../component-metadata-schema.json\n"
           "schemaVersion: v1\n"
           "type: state\n"
           "name: dk-test\n"
           "version: v1\n"
           "status: alpha\n"
           "title: \"Test: the store\"\n"
           "description: \"Keeps \\\"nothing\\\".\"\n"
           "urls: []\n"
           "capabilities:\n"
           "  - crud\n"
           "  - ttl\n"
           "metadata:\n"
           "  - name: host\n"
           "    type: string\n"
           "    required: true\n"
           "    description: \"Where it is.\"\n"
           "  - name: password\n"
           "    type: string\n"
           "    required: false\n"
           "    sensitive: true\n"
           "    description: \"A \\\"quoted\\\" word, a \\\\ and a | in it.\"\n"
           "  - name: tls\n"
           "    type: bool\n"
           "    required: false\n"
           "    description: \"Encrypts.\"\n"
           "    default: \"false\"\n"
           "  - name: port\n"
           "    type: number\n"
           "    required: false\n"
           "    description: \"Door.\"\n"
           "    default: \"6379\"\n"
           "  - name: timeout\n"
           "    type: duration\n"
           "    required: false\n"
           "    description: \"Patience.\"\n"
           "    default: \"5s\"\n"
           "  - name: lease\n"
           "    type: duration\n"
           "    required: false\n"
           "    description: \"Has no bounds.\"\n"
           "    default: \"60\"\n"
           "  - name: color\n"
           "    type: string\n"
           "    required: false\n"
           "    description: \"Hue.\"\n"
           "    default: \"red\"\n"
           "    allowedValues:\n"
           "      - \"red\"\n"
           "      - \"light|green\"\n"));
    free(text);
}

Test(describe, writes_empty_lists_where_there_is_nothing_to_list) {
    static const char *const none[] = {NULL};
    const struct dk_description bare = {"state", "n", "t", "s", none, NULL};

    char *text = written(&bare, dk_describe_yaml);

    cr_assert(ne(ptr, strstr(text, "\ncapabilities: []\n"), NULL), "%s", text);
    cr_assert(ne(ptr, strstr(text, "\nmetadata: []\n"), NULL), "%s", text);
    free(text);
}

Test(describe, writes_a_row_for_each_option_of_the_page) {
    char *text = written(&description, dk_describe_markdown);

    cr_assert(
        eq(str,
           text,
           "## Test: the store: `state.dk-test`\n\nKeeps \"nothing\".\n\n"
           "Capabilities: crud, ttl.\n\n"
           "| Property | Type | Default | Allowed | Meaning |\n"
           "|---|---|---|---|---|\n"
           "| `host`, also `server` (required) | string |  | 3 … 261 bytes | Where it is. |\n"
           "| `password` (secret) | string |  |  | A \"quoted\" word, a \\ and a \\| in it. |\n"
           "| `tls` | bool | `false` |  | Encrypts. |\n"
           "| `port` | number | `6379` | 1 … 65535 | Door. |\n"
           "| `timeout` | duration | `5s` | 1 ms … 60000 ms, or `-1` | Patience. |\n"
           "| `lease` | duration | `60` |  | Has no bounds. |\n"
           "| `color` | string | `red` | `red`, `light\\|green` | Hue. |\n"));
    free(text);
}

/* ── bindings ───────────────────────────────────────────────────────────────────────────────── */

static const struct dk_option input_options[] = {
    {"brokers", DK_TEXT, AT(host, const char *), NULL, 0, 0, DK_REQUIRED, "Where."},
    {"topics", DK_TEXT, AT(password, const char *), NULL, 0, 0, 0, "What to read."},
    DK_OPTION_END,
};
static const struct dk_option output_options[] = {
    {"brokers", DK_TEXT, AT(host, const char *), NULL, 0, 0, DK_REQUIRED, "Where."},
    {"publishTopic", DK_TEXT, AT(password, const char *), NULL, 0, 0, 0, "Where to write."},
    DK_OPTION_END,
};
static const struct dk_binding_operation operations[] = {
    {"create", "Writes \"one\" event."}, {"list", "Lists a|b."}, {0}};
static const char *const no_capabilities[] = {NULL};

/* Both halves, one of them, and whether the text has a part. */
static bool binding_has(
    bool input,
    bool output,
    void (*write)(const struct dk_description *, FILE *),
    const char *part) {
    const struct dk_binding_halves halves = {
        .has_input = input,
        .has_output = output,
        .output_options = output_options,
        .operations = operations,
    };
    const struct dk_description binding = {
        .type = "bindings",
        .name = "dk-test",
        .title = "Test",
        .summary = "Binds.",
        .capabilities = no_capabilities,
        .options = input ? input_options : output_options,
        .binding = &halves,
    };
    char *text = written(&binding, write);
    const bool has = strstr(text, part) != NULL;
    free(text);
    return has;
}

Test(describe, a_binding_names_its_halves_and_operations) {
    cr_assert(binding_has(
        true,
        true,
        dk_describe_yaml,
        "urls: []\nbinding:\n  input: true\n  output: true\n  operations:\n"
        "    - name: create\n      description: \"Writes \\\"one\\\" event.\"\n"
        "    - name: list\n      description: \"Lists a|b.\"\ncapabilities: []\n"));
    cr_assert(binding_has(
        false,
        true,
        dk_describe_yaml,
        "binding:\n  input: false\n  output: true\n  operations:\n"));
    cr_assert(binding_has(
        true, false, dk_describe_yaml, "binding:\n  input: true\n  output: false\ncapabilities"));
    cr_assert(not(binding_has(true, false, dk_describe_yaml, "operations")));
}

Test(describe, a_setting_of_one_half_says_so) {
    static const char *const input_only =
        "description: \"What to read.\"\n    binding:\n      input: true\n      output: false\n";
    static const char *const output_only =
        "description: \"Where to write.\"\n    binding:\n      input: false\n      output: true\n";
    cr_assert(binding_has(true, true, dk_describe_yaml, input_only));
    cr_assert(binding_has(true, true, dk_describe_yaml, output_only));
    cr_assert(binding_has(true, true, dk_describe_yaml, "\"Where.\"\n  - name: topics"));
    cr_assert(not(binding_has(true, false, dk_describe_yaml, "    binding:")));
    cr_assert(not(binding_has(true, false, dk_describe_yaml, "publishTopic")));
    cr_assert(not(binding_has(false, true, dk_describe_yaml, "topics")));
}

Test(describe, a_binding_s_page_has_directions_operations_and_halves) {
    cr_assert(binding_has(
        true,
        true,
        dk_describe_markdown,
        "Binds.\n\nDirections: input, output.\n\nOperations:\n\n- `create`: Writes \"one\" event.\n"
        "- `list`: Lists a\\|b.\n\n| Property"));
    cr_assert(binding_has(true, true, dk_describe_markdown, "What to read. Input only. |"));
    cr_assert(binding_has(true, true, dk_describe_markdown, "Where to write. Output only. |"));
    cr_assert(binding_has(true, true, dk_describe_markdown, "| Where. |"));
    cr_assert(binding_has(true, false, dk_describe_markdown, "Direction: input.\n\n| Property"));
    cr_assert(binding_has(false, true, dk_describe_markdown, "Direction: output.\n\nOperations"));
}

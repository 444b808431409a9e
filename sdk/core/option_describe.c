/*
 * The rows as metadata.yaml in components-contrib's schema, and as a section of the reference page.
 */
#include <dk/binding.h>
#include <dk/option.h>
#include <inttypes.h>
#include <string.h>

/* ── settings of both halves ────────────────────────────────────────────────────────────────── */

/* Who reads a setting: everybody, or one half of a binding. */
enum half { HALF_BOTH, HALF_INPUT, HALF_OUTPUT };

typedef void write_option_fn(const struct dk_option *option, enum half half, FILE *output);

static bool has_option(const struct dk_option *options, const char *name) {
    for (; options != NULL && options->name != NULL; options++) {
        if (strcmp(options->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_whole_binding(const struct dk_description *description) {
    return description->binding != NULL && description->binding->has_input &&
           description->binding->has_output;
}

/* The settings, then those of the output half that the input half does not know. */
static void write_options(
    const struct dk_description *description, write_option_fn *write, FILE *output) {
    const bool is_whole = is_whole_binding(description);
    const struct dk_option *others = is_whole ? description->binding->output_options : NULL;
    for (const struct dk_option *option = description->options;
         option != NULL && option->name != NULL;
         option++) {
        const bool is_shared = !is_whole || has_option(others, option->name);
        write(option, is_shared ? HALF_BOTH : HALF_INPUT, output);
    }
    for (const struct dk_option *option = others; option != NULL && option->name != NULL;
         option++) {
        if (!has_option(description->options, option->name)) {
            write(option, HALF_OUTPUT, output);
        }
    }
}

/* ── YAML ───────────────────────────────────────────────────────────────────────────────────── */

static const char *yaml_type(enum dk_option_type type) {
    switch (type) {
    case DK_BOOL:
    case DK_TRUTHY:
        return "bool";
    case DK_INT:
        return "number";
    case DK_DURATION_MS:
    case DK_DURATION_S:
        return "duration";
    case DK_TEXT:
    case DK_ENUM:
        break;
    }
    return "string";
}

/* A double-quoted YAML scalar. */
static void yaml_text(const char *text, FILE *output) {
    (void)fputc('"', output);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            (void)fputc('\\', output);
        }
        (void)fputc(*at, output);
    }
    (void)fputs("\"\n", output);
}

static void yaml_option(const struct dk_option *option, enum half half, FILE *output) {
    (void)fprintf(output, "  - name: %s\n", option->name);
    (void)fprintf(output, "    type: %s\n", yaml_type(option->type));
    (void)fprintf(
        output, "    required: %s\n", (option->flags & DK_REQUIRED) != 0 ? "true" : "false");
    if ((option->flags & DK_SECRET) != 0) {
        (void)fputs("    sensitive: true\n", output);
    }
    (void)fputs("    description: ", output);
    yaml_text(option->help, output);
    if (option->default_text != NULL) {
        (void)fputs("    default: ", output);
        yaml_text(option->default_text, output);
    }
    if (option->words != NULL) {
        (void)fputs("    allowedValues:\n", output);
        for (size_t i = 0; option->words[i] != NULL; i++) {
            (void)fputs("      - ", output);
            yaml_text(option->words[i], output);
        }
    }
    if (half != HALF_BOTH) {
        (void)fprintf(
            output,
            "    binding:\n      input: %s\n      output: %s\n",
            half == HALF_INPUT ? "true" : "false",
            half == HALF_OUTPUT ? "true" : "false");
    }
}

static void yaml_binding(const struct dk_binding_halves *binding, FILE *output) {
    (void)fprintf(
        output,
        "binding:\n  input: %s\n  output: %s\n",
        binding->has_input ? "true" : "false",
        binding->has_output ? "true" : "false");
    if (!binding->has_output) {
        return;
    }
    (void)fputs("  operations:\n", output);
    for (const struct dk_binding_operation *row = binding->operations; row->name != NULL; row++) {
        (void)fprintf(output, "    - name: %s\n      description: ", row->name);
        yaml_text(row->help, output);
    }
}

void dk_describe_yaml(const struct dk_description *description, FILE *output) {
    (void)fputs(
        "# yaml-language-server: $schema=../../../component-metadata-schema.json\n", output);
    (void)fputs("schemaVersion: v1\n", output);
    (void)fprintf(
        output,
        "type: %s\nname: %s\nversion: v1\nstatus: alpha\n",
        description->type,
        description->name);
    (void)fputs("title: ", output);
    yaml_text(description->title, output);
    (void)fputs("description: ", output);
    yaml_text(description->summary, output);
    (void)fputs("urls: []\n", output);
    if (description->binding != NULL) {
        yaml_binding(description->binding, output);
    }
    (void)fputs(
        description->capabilities[0] == NULL ? "capabilities: []\n" : "capabilities:\n", output);
    for (size_t i = 0; description->capabilities[i] != NULL; i++) {
        (void)fprintf(output, "  - %s\n", description->capabilities[i]);
    }
    const bool is_bare = description->options == NULL || description->options->name == NULL;
    (void)fputs(is_bare ? "metadata: []\n" : "metadata:\n", output);
    write_options(description, yaml_option, output);
}

/* ── Markdown ───────────────────────────────────────────────────────────────────────────────── */

/* Text of a table's cell: a bar would end it. */
static void markdown_text(const char *text, FILE *output) {
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '|') {
            (void)fputc('\\', output);
        }
        (void)fputc(*at, output);
    }
}

static void markdown_code(const char *text, FILE *output) {
    (void)fputc('`', output);
    markdown_text(text, output);
    (void)fputc('`', output);
}

static void markdown_range(const struct dk_option *option, FILE *output) {
    switch (option->type) {
    case DK_TEXT:
        (void)fprintf(output, "%" PRId64 " … %" PRId64 " bytes", option->min, option->max);
        break;
    case DK_INT:
        (void)fprintf(output, "%" PRId64 " … %" PRId64, option->min, option->max);
        break;
    case DK_DURATION_MS:
    case DK_DURATION_S:
        (void)fprintf(output, "%" PRId64 " ms … %" PRId64 " ms", option->min, option->max);
        break;
    case DK_BOOL:
    case DK_TRUTHY:
    case DK_ENUM:
        break;
    }
}

static void markdown_bounds(const struct dk_option *option, FILE *output) {
    if (option->words != NULL) {
        for (size_t i = 0; option->words[i] != NULL; i++) {
            (void)fputs(i == 0 ? "" : ", ", output);
            markdown_code(option->words[i], output);
        }
    } else if (option->min != 0 || option->max != 0) {
        markdown_range(option, output);
    }
    if (option->sentinel != NULL) {
        (void)fprintf(output, ", or `%s`", option->sentinel);
    }
}

static void markdown_option(const struct dk_option *option, enum half half, FILE *output) {
    (void)fprintf(output, "| `%s`", option->name);
    for (size_t i = 0; option->aliases != NULL && option->aliases[i] != NULL; i++) {
        (void)fprintf(output, ", also `%s`", option->aliases[i]);
    }
    (void)fprintf(
        output,
        "%s%s | %s | ",
        (option->flags & DK_REQUIRED) != 0 ? " (required)" : "",
        (option->flags & DK_SECRET) != 0 ? " (secret)" : "",
        yaml_type(option->type));
    if (option->default_text != NULL) {
        markdown_code(option->default_text, output);
    }
    (void)fputs(" | ", output);
    markdown_bounds(option, output);
    (void)fputs(" | ", output);
    markdown_text(option->help, output);
    if (half != HALF_BOTH) {
        (void)fputs(half == HALF_INPUT ? " Input only." : " Output only.", output);
    }
    (void)fputs(" |\n", output);
}

static void markdown_binding(const struct dk_binding_halves *binding, FILE *output) {
    if (binding->has_input) {
        (void)fputs(
            binding->has_output ? "Directions: input, output.\n" : "Direction: input.\n", output);
    } else {
        (void)fputs("Direction: output.\n", output);
    }
    if (!binding->has_output) {
        return;
    }
    (void)fputs("\nOperations:\n\n", output);
    for (const struct dk_binding_operation *row = binding->operations; row->name != NULL; row++) {
        (void)fprintf(output, "- `%s`: ", row->name);
        markdown_text(row->help, output);
        (void)fputc('\n', output);
    }
}

static void markdown_capabilities(const struct dk_description *description, FILE *output) {
    (void)fputs("Capabilities: ", output);
    for (size_t i = 0; description->capabilities[i] != NULL; i++) {
        (void)fprintf(output, "%s%s", i == 0 ? "" : ", ", description->capabilities[i]);
    }
    (void)fputs(".\n", output);
}

void dk_describe_markdown(const struct dk_description *description, FILE *output) {
    (void)fprintf(
        output,
        "## %s: `%s.%s`\n\n%s\n\n",
        description->title,
        description->type,
        description->name,
        description->summary);
    if (description->binding != NULL) {
        markdown_binding(description->binding, output);
    } else if (description->capabilities[0] != NULL) {
        markdown_capabilities(description, output);
    }
    (void)fputs(
        "\n| Property | Type | Default | Allowed | Meaning |\n|---|---|---|---|---|\n", output);
    write_options(description, markdown_option, output);
}

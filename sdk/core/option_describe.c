/*
 * The rows as metadata.yaml in components-contrib's schema, and as a section of the reference page.
 */
#include <dk/option.h>
#include <inttypes.h>
#include <string.h>

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

static void yaml_option(const struct dk_option *option, FILE *output) {
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
    (void)fputs(
        description->capabilities[0] == NULL ? "capabilities: []\n" : "capabilities:\n", output);
    for (size_t i = 0; description->capabilities[i] != NULL; i++) {
        (void)fprintf(output, "  - %s\n", description->capabilities[i]);
    }
    const bool is_bare = description->options == NULL || description->options->name == NULL;
    (void)fputs(is_bare ? "metadata: []\n" : "metadata:\n", output);
    for (const struct dk_option *option = description->options;
         option != NULL && option->name != NULL;
         option++) {
        yaml_option(option, output);
    }
}

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

void dk_describe_markdown(const struct dk_description *description, FILE *output) {
    (void)fprintf(
        output,
        "## %s: `%s.%s`\n\n%s\n\nCapabilities: ",
        description->title,
        description->type,
        description->name,
        description->summary);
    for (size_t i = 0; description->capabilities[i] != NULL; i++) {
        (void)fprintf(output, "%s%s", i == 0 ? "" : ", ", description->capabilities[i]);
    }
    (void)fputs(
        ".\n\n| Property | Type | Default | Allowed | Meaning |\n|---|---|---|---|---|\n", output);
    for (const struct dk_option *option = description->options;
         option != NULL && option->name != NULL;
         option++) {
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
        (void)fputs(" |\n", output);
    }
}

/*
 * Rows and a map of properties in, a filled configuration out. Every fault of the map is found in
 * one pass, so that a user mends a document once.
 */
#include "core/utf8.h"

#include <assert.h>
#include <dk/option.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parse {
    struct dk_pairs properties;
    char *configuration;
    dk_take_fn *take;
    void *take_context;
    struct dk_fault *fault;
};

static bool is_name(struct dk_bytes key, const char *name) {
    return key.size == strlen(name) && strncasecmp(key.data, name, key.size) == 0;
}

/* The value under a name; an empty one counts as absent. Twice, in different case, is a fault. */
static struct dk_bytes property_find(const struct parse *parse, const char *name) {
    const struct dk_pair *found = NULL;
    for (size_t i = 0; i < parse->properties.count; i++) {
        const struct dk_pair *pair = &parse->properties.items[i];
        if (!is_name(pair->key, name)) {
            continue;
        }
        if (found != NULL) {
            (void)dk_fault_set(
                parse->fault,
                DK_INVALID,
                "%s: is there twice, as '%.*s' and as '%.*s'",
                name,
                (int)found->key.size,
                found->key.data,
                (int)pair->key.size,
                pair->key.data);
            found = found->value.size == 0 ? pair : found;
            break; /* told once; it is not missing as well */
        }
        found = pair;
    }
    return found == NULL || found->value.size == 0 ? (struct dk_bytes){0} : found->value;
}

static struct dk_bytes property_of(const struct parse *parse, const struct dk_option *option) {
    struct dk_bytes value = property_find(parse, option->name);
    for (size_t i = 0; value.data == NULL && option->aliases != NULL && option->aliases[i] != NULL;
         i++) {
        value = property_find(parse, option->aliases[i]);
    }
    return value;
}

/* How a value is shown in a fault: not at all when it is a secret. */
static struct dk_bytes shown(const struct dk_option *option, struct dk_bytes value) {
    static const struct dk_bytes masked = DK_BYTES("***");
    enum { SHOWN_BYTES_MAX = 200 };
    if ((option->flags & DK_SECRET) != 0) {
        return masked;
    }
    if (value.size > SHOWN_BYTES_MAX) {
        value.size = SHOWN_BYTES_MAX;
        value.size = dk__utf8_whole(value);
    }
    return value;
}

static void fault_value(
    const struct parse *parse,
    const struct dk_option *option,
    struct dk_bytes value,
    const char *what) {
    const struct dk_bytes text = shown(option, value);
    (void)dk_fault_set(
        parse->fault, DK_INVALID, "%s: '%.*s' %s", option->name, (int)text.size, text.data, what);
}

static void fault_bounds(
    const struct parse *parse, const struct dk_option *option, int64_t value, const char *unit) {
    if ((option->flags & DK_SECRET) != 0) {
        (void)dk_fault_set(
            parse->fault,
            DK_INVALID,
            "%s: '***' is outside %" PRId64 " … %" PRId64 "%s",
            option->name,
            option->min,
            option->max,
            unit);
        return;
    }
    (void)dk_fault_set(
        parse->fault,
        DK_INVALID,
        "%s: %" PRId64 "%s is outside %" PRId64 " … %" PRId64 "%s",
        option->name,
        value,
        unit,
        option->min,
        option->max,
        unit);
}

static bool is_outside(const struct dk_option *option, int64_t value) {
    return (option->min != 0 || option->max != 0) && (value < option->min || value > option->max);
}

static void store(
    const struct parse *parse, const struct dk_option *option, const void *value, size_t size) {
    assert(size == option->where.size); /* the row names a member of another type */
    memcpy(parse->configuration + option->where.offset, value, size);
}

static void parse_text(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    if (memchr(value.data, '\0', value.size) != NULL) {
        (void)dk_fault_set(parse->fault, DK_INVALID, "%s: has a NUL byte", option->name);
        return;
    }
    if (is_outside(option, (int64_t)value.size)) {
        fault_bounds(parse, option, (int64_t)value.size, " bytes");
        return;
    }
    char *copy = parse->take(parse->take_context, value.size + 1);
    if (copy == NULL) {
        (void)dk_fault_set(parse->fault, DK_EXHAUSTED, "%s: no memory for it", option->name);
        return;
    }
    memcpy(copy, value.data, value.size);
    copy[value.size] = '\0';
    store(parse, option, &copy, sizeof copy);
}

bool dk_bool_parse(struct dk_bytes text, bool *ret_value) {
    static const char *const words[2][7] = {
        {"0", "f", "F", "FALSE", "false", "False", NULL},
        {"1", "t", "T", "TRUE", "true", "True", NULL},
    };
    for (int truth = 0; truth < 2; truth++) {
        for (size_t i = 0; words[truth][i] != NULL; i++) {
            if (dk_bytes_equal(text, dk_bytes_of(words[truth][i]))) {
                *ret_value = truth == 1;
                return true;
            }
        }
    }
    return false;
}

static void parse_bool(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    bool truth = false;
    if (dk_bool_parse(value, &truth)) {
        store(parse, option, &truth, sizeof truth);
    } else {
        fault_value(parse, option, value, "is not true or false");
    }
}

static bool is_blank(char letter) {
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

static void parse_truthy(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    static const char *const words[] = {"y", "yes", "true", "t", "on", "1"};
    bool truth = false;
    for (; value.size > 0 && is_blank(value.data[0]); value.size--) {
        value.data++;
    }
    while (value.size > 0 && is_blank(value.data[value.size - 1])) {
        value.size--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        truth = truth || is_name(value, words[i]);
    }
    store(parse, option, &truth, sizeof truth);
}

static void parse_number(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    const bool is_duration = option->type != DK_INT;
    const int64_t bare_ms = option->type == DK_DURATION_S ? 1000 : 1;
    int64_t number = 0;

    if (option->sentinel != NULL && dk_bytes_equal(value, dk_bytes_of(option->sentinel))) {
        number = option->sentinel_value;
        store(parse, option, &number, sizeof number);
        return;
    }
    if (is_duration ? !dk_duration_parse(value, bare_ms, &number)
                    : !dk_integer_parse(value, &number)) {
        fault_value(
            parse,
            option,
            value,
            is_duration ? "is no duration such as 500ms, 3s or 1h30m" : "is not an integer");
        return;
    }
    if (is_outside(option, number)) {
        fault_bounds(parse, option, number, is_duration ? " ms" : "");
        return;
    }
    store(parse, option, &number, sizeof number);
}

static void parse_enum(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    char allowed[256] = "is not one of ";
    for (int i = 0; option->words[i] != NULL; i++) {
        if (is_name(value, option->words[i])) {
            store(parse, option, &i, sizeof i);
            return;
        }
        const size_t used = strlen(allowed);
        (void)snprintf(
            allowed + used, sizeof allowed - used, "%s%s", i == 0 ? "" : ", ", option->words[i]);
    }
    fault_value(parse, option, value, allowed);
}

static void parse_value(
    const struct parse *parse, const struct dk_option *option, struct dk_bytes value) {
    switch (option->type) {
    case DK_TEXT:
        parse_text(parse, option, value);
        break;
    case DK_BOOL:
        parse_bool(parse, option, value);
        break;
    case DK_TRUTHY:
        parse_truthy(parse, option, value);
        break;
    case DK_INT:
    case DK_DURATION_MS:
    case DK_DURATION_S:
        parse_number(parse, option, value);
        break;
    case DK_ENUM:
        parse_enum(parse, option, value);
        break;
    }
}

enum dk_error dk_options_parse(
    const struct dk_option *options,
    struct dk_pairs properties,
    void *configuration,
    dk_take_fn *take,
    void *take_context,
    struct dk_fault *fault) {
    struct dk_fault unwanted = {0};
    fault = fault == NULL ? &unwanted : fault;
    const struct parse parse = {properties, configuration, take, take_context, fault};
    for (const struct dk_option *option = options; option != NULL && option->name != NULL;
         option++) {
        const struct dk_bytes given = property_of(&parse, option);
        if (given.data != NULL) {
            parse_value(&parse, option, given);
        } else if ((option->flags & DK_REQUIRED) != 0) {
            (void)dk_fault_set(fault, DK_INVALID, "%s: is required", option->name);
        } else if (option->default_text != NULL) {
            parse_value(&parse, option, dk_bytes_of(option->default_text));
        }
    }
    return fault->error;
}

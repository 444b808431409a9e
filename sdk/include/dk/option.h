#ifndef DK_OPTION_H
#define DK_OPTION_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A setting is a row: its names, its type, where it lands, its default as a user would write it,
 * its bounds and one sentence. The same rows parse component metadata and request metadata, print
 * metadata.yaml in components-contrib's schema, and print the reference page.
 */
enum dk_option_type {
    DK_TEXT,   /* const char *, NUL-terminated; a NUL byte inside is a fault */
    DK_BOOL,   /* bool; 1 t T TRUE true True, 0 f F FALSE false False (Go's ParseBool) */
    DK_TRUTHY, /* bool; true for y yes true t on 1 in any case, blanks around; else false, never a
                       fault (the decoder of Dapr's Kafka, PostgreSQL and RabbitMQ components) */
    DK_INT,    /* int64_t, decimal, min ≤ value ≤ max */
    DK_DURATION_MS, /* int64_t in ms; a bare number counts ms, else Go's syntax ("1h30m", "300ms") */
    DK_DURATION_S,  /* int64_t in ms too, but a bare number counts seconds */
    DK_ENUM,        /* int; `words` lists the allowed words, the value is the index */
};

enum dk_option_flag {
    DK_REQUIRED = 1 << 0, /* absent or empty is a fault */
    DK_SECRET = 1 << 1,   /* never logged, never quoted in a fault, `sensitive` in metadata.yaml */
    DK_UNUSED = 1 << 2,   /* the built-in knows it, we accept it and do nothing (say so in help) */
};

struct dk_field {
    size_t offset;
    size_t size;
};

/* Where a value lands; the compiler refuses a member of another type. */
/* clang-format off */
#ifdef __cplusplus
} /* a template cannot be "C" */
template <typename Member, typename Type> struct dk_field_type;
template <typename Type> struct dk_field_type<Type, Type> { static constexpr size_t right = 1; };
extern "C" {
#define DK_FIELD(structure, member, ctype)                                                         \
    {offsetof(structure, member) * dk_field_type<decltype(structure::member), ctype>::right,       \
     sizeof(structure::member)}
#else
#define DK_FIELD(structure, member, ctype)                                                         \
    {offsetof(structure, member) +                                                                 \
         0 * sizeof(char[_Generic(((structure *)0)->member, ctype: 1, default: -1)]),              \
     sizeof(((structure *)0)->member)}
#endif
/* clang-format on */

struct dk_option {
    const char *name; /* as Dapr writes it; matched without regard to case */
    enum dk_option_type type;
    struct dk_field where;      /* offset in the configuration struct */
    const char *default_text;   /* as a user would write it; NULL leaves the field zero */
    int64_t min, max;           /* DK_INT: value; durations: ms; DK_TEXT: bytes. Both 0: no bound */
    unsigned flags;             /* enum dk_option_flag */
    const char *help;           /* one sentence, for the reference page */
    const char *const *aliases; /* NULL-terminated older names, or NULL; the name itself wins */
    const char *const *words;   /* DK_ENUM: NULL-terminated allowed words, in order of the enum */
    const char *sentinel;       /* a text accepted beside the bounds ("-1" for "off"), or NULL; */
    int64_t sentinel_value;     /* lands as this value */
};

/* Ends a table. */
#define DK_OPTION_END \
    { 0 }

/* Gives memory that lives as long as the parsed configuration; NULL when its bound is reached. */
typedef void *dk_take_fn(void *context, size_t size);

/*
 * Fills a zeroed configuration from properties: defaults first, then what was given. Unknown
 * properties are ignored, as Dapr's built-ins do. Two properties that differ only in case are a
 * fault. An empty value counts as absent.
 *
 * Owner:  texts are copied to memory of `take`; the properties may go afterwards.
 * Errors: DK_INVALID with every fault of the map in one text: "redisDB: 'x' is not an integer;
 *         redisHost: is required". A secret's value is shown as '***'. DK_EXHAUSTED: no memory.
 *         `fault` may be NULL: then only the error is given back.
 * Thread: any.
 */
enum dk_error dk_options_parse(
    const struct dk_option *options,
    struct dk_pairs properties,
    void *configuration,
    dk_take_fn *take,
    void *take_context,
    struct dk_fault *fault);

/* Go's duration text ("1.5s", "-2m") or a bare number in `bare_unit_ms`; false when it is neither
 * or does not fit 63 bits of nanoseconds. */
bool dk_duration_parse(struct dk_bytes text, int64_t bare_unit_ms, int64_t *ret_ms);

/* A decimal integer with optional sign and nothing around it. */
bool dk_integer_parse(struct dk_bytes text, int64_t *ret_value);

/* The words of Go's strconv.ParseBool: 1 t T TRUE true True 0 f F FALSE false False. */
bool dk_bool_parse(struct dk_bytes text, bool *ret_value);

/* What a component says of itself, for the two descriptions. */
struct dk_description {
    const char *type;                /* "state", "pubsub", "bindings" */
    const char *name;                /* "dk-redis" */
    const char *title;               /* "Redis" */
    const char *summary;             /* one sentence */
    const char *const *capabilities; /* NULL-terminated, components-contrib's words */
    const struct dk_option *options;
    const struct dk_binding_halves *binding; /* "bindings" alone; else NULL */
};

struct dk_binding_operation;

/* The halves that a binding has; one document describes both. A setting of the same name is one
 * setting. */
struct dk_binding_halves {
    bool has_input, has_output;
    const struct dk_option *output_options;        /* dk_description's options are the input's */
    const struct dk_binding_operation *operations; /* with has_output: see dk/binding.h */
};

/* metadata.yaml in components-contrib's schema (schemaVersion v1). */
void dk_describe_yaml(const struct dk_description *description, FILE *output);
/* A Markdown section with one table row per option. */
void dk_describe_markdown(const struct dk_description *description, FILE *output);

#ifdef __cplusplus
}
#endif

#endif /* DK_OPTION_H */

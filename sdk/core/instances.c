/*
 * The instances of one backend. A tenancy is one instance from its Init to the last call that holds it:
 *
 *     opening ─ok─▶ open, found by name ─replaced─▶ retired ─last hold─▶ closed, memory goes
 *        └─fail─────────────────────────────────────────────────────────────▲
 */
#include "core/instances.h"

#include "core/call.h"

#include <assert.h>
#include <dk/log.h>
#include <dk/metric.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGURATION_BYTES_MAX = 1 << 20 };

struct tenancy {
    struct tenancy *next;
    struct dk__instances *instances; /* NULL once they were freed */
    struct dk__pool pool;
    struct dk__arena arena; /* name, properties, configuration texts */
    struct dk_bytes name;
    struct dk_reply opening; /* what the backend's open answers */
    struct dk_reply *init;   /* daprd's Init, while it waits */
    uint32_t holds;          /* calls on it, its own opening among them */
    uint64_t number;         /* its Init's place among all */
    bool is_open;            /* found by name */
    bool is_retired;         /* replaced: closed when nobody holds it */
    bool is_closed;
    bool is_paused; /* a note for what delivers */
    void *observed; /* a note for who observes */
    struct dk_deferred closing;
    struct dk_instance *instance; /* behind this structure */
};

struct dk__instances {
    struct dk_loop *loop;
    const struct dk_backend *backend;
    struct tenancy *newest; /* every tenancy that is not closed */
    struct tenancy *last_found;
    size_t count, count_max;
    uint64_t inits;   /* seen so far */
    const char *kind; /* in metrics; NULL: it is not counted */
};

enum { INSTANCES, INIT_TOTAL };

struct dk_metric dk__instance_metrics[] = {
    [INSTANCES] =
        {"dk_component_instances",
         DK_METRIC_GAUGE,
         "Instances that are open; at most 256 for each block of a socket.",
         {"component", "kind", "backend"}},
    [INIT_TOTAL] =
        {"dk_component_init_total",
         DK_METRIC_COUNTER,
         "Inits of daprd, by their result: ok or failed.",
         {"component", "kind", "backend", "result"},
         .series_max = 1024},
    {0},
};

/* Rare: each looks its series up. */
static void count_init(
    const struct dk__instances *instances, struct dk_bytes name, const char *result) {
    char component[DK_METRIC_VALUE_BYTES_MAX + 4];
    if (instances->kind != NULL) {
        (void)snprintf(
            component, sizeof component, "%.*s", (int)name.size, name.size > 0 ? name.data : "");
        const char *const values[DK_METRIC_LABELS_MAX] = {
            component, instances->kind, instances->backend->name, result};
        dk_series_add(dk_metric_series(&dk__instance_metrics[INIT_TOTAL], values), 1);
    }
}

/* A instance is found from its tenancy and back: they are one allocation. */
static struct tenancy *tenancy_of(const struct dk_instance *instance) {
    return *((struct tenancy *const *)(const void *)instance - 1);
}

static void tenancy_set_open(struct tenancy *tenancy, bool is_open) {
    const struct dk__instances *const instances = tenancy->instances;
    if (instances->kind != NULL && tenancy->is_open != is_open) {
        const char *const values[DK_METRIC_LABELS_MAX] = {
            tenancy->instance->name, instances->kind, instances->backend->name};
        dk_series_add(dk_metric_series(&dk__instance_metrics[INSTANCES], values), is_open ? 1 : -1);
    }
    tenancy->is_open = is_open;
}

static void tenancy_free(struct tenancy *tenancy) {
    dk__arena_reset(&tenancy->arena);
    dk__pool_clear(&tenancy->pool);
    free(tenancy->observed);
    free(tenancy);
}

/* Takes it out of the list and closes the instance. Its memory follows with the last hold. */
static void tenancy_close(struct tenancy *tenancy) {
    struct dk__instances *instances = tenancy->instances;
    struct tenancy **at = &instances->newest;
    while (*at != tenancy) {
        at = &(*at)->next;
    }
    *at = tenancy->next;
    instances->count--;
    if (instances->last_found == tenancy) {
        instances->last_found = NULL;
    }
    dk_defer_stop(instances->loop, &tenancy->closing);
    tenancy_set_open(tenancy, false);
    tenancy->is_closed = true;
    tenancy->holds++; /* close may give replies away, which let go */
    instances->backend->close(tenancy->instance);
    tenancy->holds--;
    if (tenancy->holds == 0) {
        tenancy_free(tenancy);
    }
}

static void tenancy_on_turn_end(struct dk_deferred *deferred) {
    tenancy_close((struct tenancy *)(void *)((char *)deferred - offsetof(struct tenancy, closing)));
}

/* The last hold often goes within a reply, which never calls back into the backend: so an instance is
 * closed at the end of the turn. */
static void tenancy_unhold(struct tenancy *tenancy) {
    assert(tenancy->holds > 0);
    tenancy->holds--;
    if (tenancy->holds > 0) {
        return;
    }
    if (tenancy->is_closed) {
        tenancy_free(tenancy);
    } else if (tenancy->is_retired) {
        dk_defer(tenancy->instances->loop, &tenancy->closing);
    }
}

/* Nobody finds it any more; calls that hold it finish their work. */
static void tenancy_retire(struct tenancy *tenancy) {
    struct dk__instances *instances = tenancy->instances;
    if (instances->last_found == tenancy) {
        instances->last_found = NULL;
    }
    tenancy_set_open(tenancy, false);
    tenancy->is_retired = true;
    tenancy->holds++;
    tenancy_unhold(tenancy); /* closes it when nobody else holds it */
}

static struct tenancy *find_open(struct dk__instances *instances, struct dk_bytes name) {
    for (struct tenancy *tenancy = instances->newest; tenancy != NULL; tenancy = tenancy->next) {
        if (tenancy->is_open && dk_bytes_equal(tenancy->name, name)) {
            return tenancy;
        }
    }
    return NULL;
}

static struct tenancy *tenancy_of_opening(struct dk_reply *reply) {
    return (struct tenancy *)(void *)((char *)reply - offsetof(struct tenancy, opening));
}

/* An open instance takes the place of the one before it. The last Init counts, not the last to open:
 * one that a later Init has overtaken goes the way it would have gone in order. */
static void tenancy_appear(struct tenancy *tenancy) {
    struct tenancy *other = find_open(tenancy->instances, tenancy->name);
    const bool is_overtaken = other != NULL && other->number > tenancy->number;
    const char *event = other == NULL ? "instance is open" : "instance was replaced";
    tenancy_set_open(tenancy, !is_overtaken);
    count_init(tenancy->instances, tenancy->name, "ok");
    if (is_overtaken) {
        tenancy_retire(tenancy);
    } else if (other != NULL) {
        tenancy_retire(other);
    }
    dk_log(
        DK_LOG_INFO,
        tenancy->instances->backend->name,
        event,
        "component=\"%s\"",
        tenancy->instance->name);
}

static void on_opened(struct dk_reply *reply) {
    struct tenancy *tenancy = tenancy_of_opening(reply);
    struct dk_reply *init = tenancy->init;
    if (tenancy->is_closed) { /* freed or overtaken while it opened */
        dk_reply_fail(init, DK_UNAVAILABLE, "the instance was closed while it opened");
    } else {
        tenancy_appear(tenancy);
        dk_reply_ok(init);
    }
    tenancy_unhold(tenancy);
}

static void on_open_failed(struct dk_reply *reply, enum dk_error error, const char *text) {
    struct tenancy *tenancy = tenancy_of_opening(reply);
    struct dk_reply *init = tenancy->init;
    dk_log(
        DK_LOG_ERROR,
        tenancy->instances->backend->name,
        "Init failed",
        "component=\"%s\" reason=\"%s\"",
        tenancy->instance->name,
        text);
    if (!tenancy->is_closed) { /* else instances may be gone */
        count_init(tenancy->instances, tenancy->name, "failed");
    }
    dk_reply_fail(init, error, "%s", text);
    tenancy->is_retired = true;
    tenancy_unhold(tenancy);
}

static const struct dk__reply_ops opening_ops = {.ok = on_opened, .fail = on_open_failed};

static void *take_from_arena(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static bool copy_bytes(struct dk__arena *arena, struct dk_bytes source, struct dk_bytes *ret) {
    char *copy = dk__arena_copy_text(arena, source);
    *ret = (struct dk_bytes){.data = copy, .size = source.size};
    return copy != NULL;
}

static bool copy_pairs(struct dk__arena *arena, struct dk_pairs source, struct dk_pairs *ret) {
    struct dk_pair *items = dk__arena_take(arena, source.count * sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < source.count; i++) {
        if (!copy_bytes(arena, source.items[i].key, &items[i].key) ||
            !copy_bytes(arena, source.items[i].value, &items[i].value)) {
            return false;
        }
    }
    *ret = (struct dk_pairs){.items = items, .count = source.count};
    return true;
}

/* Structure, back pointer and instance in one piece; NULL without memory. */
static struct tenancy *tenancy_new(struct dk__instances *instances) {
    const struct dk_backend *backend = instances->backend;
    const size_t head = (sizeof(struct tenancy) + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
                        sizeof(max_align_t);
    const size_t gap = sizeof(max_align_t); /* holds the back pointer at its end */
    assert(backend->instance_size >= sizeof(struct dk_instance));
    char *memory = calloc(1, head + gap + backend->instance_size);
    if (memory == NULL) {
        return NULL;
    }
    struct tenancy *tenancy = (struct tenancy *)(void *)memory;
    tenancy->instances = instances;
    tenancy->closing.on_turn_end = tenancy_on_turn_end;
    tenancy->instance = (struct dk_instance *)(void *)(memory + head + gap);
    *((struct tenancy **)(void *)tenancy->instance - 1) = tenancy;
    tenancy->arena =
        (struct dk__arena){.pool = &tenancy->pool, .bytes_max = CONFIGURATION_BYTES_MAX};
    return tenancy;
}

static enum dk_error tenancy_configure(
    struct tenancy *tenancy,
    struct dk_bytes name,
    struct dk_pairs properties,
    struct dk_fault *fault) {
    const struct dk_backend *backend = tenancy->instances->backend;
    struct dk_instance *instance = tenancy->instance;
    void *configuration = dk__arena_take(&tenancy->arena, backend->config_size);
    if (configuration == NULL || !copy_bytes(&tenancy->arena, name, &tenancy->name) ||
        !copy_pairs(&tenancy->arena, properties, &instance->properties)) {
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "%s: the metadata is larger than %d bytes",
            backend->name,
            CONFIGURATION_BYTES_MAX);
    }
    instance->loop = tenancy->instances->loop;
    instance->name = tenancy->name.data;
    instance->configuration = configuration;
    return dk_options_parse(
        backend->options,
        instance->properties,
        configuration,
        take_from_arena,
        &tenancy->arena,
        fault);
}

void dk__instances_open(
    struct dk__instances *instances,
    struct dk_bytes name,
    struct dk_pairs properties,
    struct dk_reply *reply) {
    struct dk_fault fault = {0};
    if (instances->count >= instances->count_max) {
        count_init(instances, name, "failed");
        dk_reply_fail(
            reply,
            DK_EXHAUSTED,
            "%s: already %zu instances, no more fit",
            instances->backend->name,
            instances->count);
        return;
    }
    struct tenancy *tenancy = tenancy_new(instances);
    if (tenancy == NULL) {
        dk_reply_fail(reply, DK_EXHAUSTED, "%s: no memory", instances->backend->name);
        return;
    }
    if (tenancy_configure(tenancy, name, properties, &fault) != DK_OK) {
        dk_log(
            DK_LOG_ERROR,
            instances->backend->name,
            "Init failed",
            "component=\"%.*s\" reason=\"%s\"",
            (int)name.size,
            name.data,
            fault.text);
        count_init(instances, name, "failed");
        dk_reply_fault(reply, &fault);
        dk__arena_reset(&tenancy->arena);
        dk__pool_clear(&tenancy->pool);
        free(tenancy);
        return;
    }
    tenancy->next = instances->newest;
    instances->newest = tenancy;
    instances->count++;
    instances->inits++;
    tenancy->number = instances->inits;
    tenancy->holds = 1; /* the opening */
    tenancy->init = reply;
    tenancy->opening = (struct dk_reply){.ops = &opening_ops, .call = reply->call};
    instances->backend->open(tenancy->instance, &tenancy->opening);
}

struct dk_instance *dk__instances_find(struct dk__instances *instances, struct dk_bytes name) {
    struct tenancy *tenancy = instances->last_found;
    if (tenancy == NULL || !dk_bytes_equal(tenancy->name, name)) {
        tenancy = find_open(instances, name);
        if (tenancy == NULL) {
            return NULL;
        }
        instances->last_found = tenancy;
    }
    return tenancy->instance;
}

void dk__instances_each(
    struct dk__instances *instances,
    void (*visit)(void *context, struct dk_instance *instance),
    void *context) {
    for (struct tenancy *tenancy = instances->newest; tenancy != NULL; tenancy = tenancy->next) {
        if (tenancy->is_open) {
            visit(context, tenancy->instance);
        }
    }
}

void dk__instances_hold(struct dk_instance *instance) {
    tenancy_of(instance)->holds++;
}

void dk__instances_release(struct dk_instance *instance) {
    tenancy_unhold(tenancy_of(instance));
}

void **dk__instances_observed(struct dk_instance *instance) {
    return &tenancy_of(instance)->observed;
}

void dk__instances_pause(struct dk_instance *instance, bool is_paused) {
    tenancy_of(instance)->is_paused = is_paused;
}

bool dk__instances_is_paused(const struct dk_instance *instance) {
    return tenancy_of(instance)->is_paused;
}

struct dk__instances *dk__instances_new(
    struct dk_loop *loop, const struct dk_backend *backend, size_t instances_max) {
    struct dk__instances *instances = calloc(1, sizeof *instances);
    if (instances != NULL) {
        instances->loop = loop;
        instances->backend = backend;
        instances->count_max = instances_max;
    }
    return instances;
}

void dk__instances_count(struct dk__instances *instances, const char *kind) {
    instances->kind = kind;
}

void dk__instances_free(struct dk__instances *instances) {
    if (instances == NULL) {
        return;
    }
    while (instances->newest != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): closing takes it out of the list */
        tenancy_close(instances->newest);
    }
    free(instances);
}

/* What the encoder writes, read back by protobuf-c from the same description. */
#include "wire/otlp/encode.h"

#include "core/call.h"
#include "core/trace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <string.h>

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest Request;
typedef Opentelemetry__Proto__Trace__V1__Span Span;
typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;

#define UNPACK opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack
#define FREE   opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked

static const struct dk_pair attributes[] = {
    {DK_BYTES("service.name"), DK_BYTES("dk-redis")},
    {DK_BYTES("service.version"), DK_BYTES("1.2.3")},
};
static const struct dk__otlp_resource resource = {{attributes, 2}, "0.0.1"};
static struct dk__tracer *tracer;
static struct dk__span_memory span;
static struct dk__span_chunk *chunk;

static void start(void) {
    const struct dk__tracer_config config = {
        .sampler = DK__SAMPLER_ALWAYS_ON,
        .queue_max = 64,
        .batch_max = 64,
        .head_bytes = dk__otlp_resource_bytes(&resource),
        .format = &dk__otlp_format};
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__tracer_new(&config, &tracer, &fault), DK_OK));
}

static void end(void) {
    if (chunk != NULL) {
        dk__span_queue_release(dk__tracer_queue(tracer), chunk);
    }
    dk__tracer_free(tracer);
}

TestSuite(otlp_encode, .init = start, .fini = end);

static struct dk_span *begin(const struct dk__trace_context *parent, const char *name) {
    struct dk__trace_context next;
    return dk__span_begin_at(tracer, parent, DK_SPAN_SERVER, dk_bytes_of(name), &span, &next);
}

/* What has ended, as a collector gets it. */
static Request *request_take(void) {
    dk__span_queue_sweep(dk__tracer_queue(tracer));
    chunk = dk__span_queue_take(dk__tracer_queue(tracer));
    cr_assert(ne(ptr, chunk, NULL));
    const struct dk_bytes bytes = dk__otlp_request(chunk, &resource);
    cr_assert(ge(ptr, (void *)(uintptr_t)bytes.data, (void *)chunk->bytes));
    Request *request = UNPACK(NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, request, NULL));
    return request;
}

static const KeyValue *find(KeyValue *const *items, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i]->key, key) == 0) {
            return items[i];
        }
    }
    cr_assert(false, "no %s", key);
    return NULL;
}

Test(otlp_encode, writes_resource_scope_and_span) {
    struct dk__trace_context parent = {.flags = 1, .is_set = true};
    memset(parent.trace_id, 0xAB, sizeof parent.trace_id);
    memset(parent.span_id, 0xCD, sizeof parent.span_id);
    struct dk_span *one = begin(&parent, "Get");
    dk_span_text(one, "rpc.system", (struct dk_bytes)DK_BYTES("grpc"));
    dk_span_number(one, "rpc.grpc.status_code", 0);
    dk_span_number(one, "negative", -2);
    dk_span_event(one, "retry", (struct dk_bytes)DK_BYTES("again"));
    dk_span_event(one, "bare", (struct dk_bytes){0});

    dk_span_end(one);
    const struct dk__span_record *record = &one->record; /* the test's memory is still there */
    Request *request = request_take();

    cr_assert(eq(sz, request->n_resource_spans, 1));
    Opentelemetry__Proto__Trace__V1__ResourceSpans *all = request->resource_spans[0];
    cr_assert(eq(sz, all->resource->n_attributes, 2));
    cr_assert(eq(str, all->resource->attributes[0]->key, (char *)"service.name"));
    cr_assert(eq(str, all->resource->attributes[0]->value->string_value, (char *)"dk-redis"));
    cr_assert(eq(sz, all->n_scope_spans, 1));
    cr_assert(eq(str, all->scope_spans[0]->scope->name, (char *)"dapr-kit"));
    cr_assert(eq(str, all->scope_spans[0]->scope->version, (char *)"0.0.1"));
    cr_assert(eq(sz, all->scope_spans[0]->n_spans, 1));
    const Span *got = all->scope_spans[0]->spans[0];
    cr_assert(eq(str, got->name, (char *)"Get"));
    cr_assert(eq(int, (int)got->kind, 2));
    cr_assert(eq(sz, got->trace_id.len, 16));
    cr_assert(eq(int, memcmp(got->trace_id.data, parent.trace_id, 16), 0));
    cr_assert(eq(sz, got->span_id.len, 8));
    cr_assert(eq(int, memcmp(got->span_id.data, record->self.span_id, 8), 0));
    cr_assert(eq(int, memcmp(got->parent_span_id.data, parent.span_id, 8), 0));
    cr_assert(eq(u64, got->start_time_unix_nano, record->start_ns));
    cr_assert(eq(u64, got->end_time_unix_nano, record->end_ns));
    cr_assert(eq(u32, got->flags, 0x301));
    cr_assert(eq(ptr, got->status, NULL));
    cr_assert(eq(sz, got->n_attributes, 3));
    const KeyValue *code = find(got->attributes, 3, "rpc.grpc.status_code");
    cr_assert(eq(i64, code->value->int_value, 0));
    cr_assert(
        eq(int,
           (int)code->value->value_case,
           (int)OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE));
    cr_assert(eq(i64, find(got->attributes, 3, "negative")->value->int_value, -2));
    cr_assert(eq(str, find(got->attributes, 3, "rpc.system")->value->string_value, (char *)"grpc"));
    cr_assert(eq(sz, got->n_events, 2));
    cr_assert(eq(str, got->events[1]->name, (char *)"retry"));
    cr_assert(eq(str, got->events[1]->attributes[0]->value->string_value, (char *)"again"));
    cr_assert(ge(u64, got->events[1]->time_unix_nano, record->start_ns));
    cr_assert(eq(sz, got->events[0]->n_attributes, 0));
    FREE(request, NULL);
}

Test(otlp_encode, a_root_names_no_parent_and_a_failure_has_words) {
    struct dk_span *one = begin(NULL, "first");
    dk_span_fail(one, (struct dk_bytes)DK_BYTES("it is gone"));
    dk_span_name(one, (struct dk_bytes)DK_BYTES("second"));

    dk_span_end(one);
    Request *request = request_take();

    const Span *got = request->resource_spans[0]->scope_spans[0]->spans[0];
    cr_assert(eq(sz, got->parent_span_id.len, 0));
    cr_assert(eq(u32, got->flags, 0x101));
    cr_assert(eq(str, got->name, (char *)"second"));
    cr_assert(eq(int, (int)got->status->code, 2));
    cr_assert(eq(str, got->status->message, (char *)"it is gone"));
    FREE(request, NULL);
}

Test(otlp_encode, counts_what_was_left_out) {
    struct dk_span *one = begin(NULL, "much");
    char text[DK_SPAN_TEXT_BYTES_MAX];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 6; i++) {
        dk_span_text(one, "key", (struct dk_bytes){text, sizeof text});
        dk_span_event(one, "event", (struct dk_bytes){text, sizeof text});
    }

    dk_span_end(one);
    Request *request = request_take();

    const Span *got = request->resource_spans[0]->scope_spans[0]->spans[0];
    cr_assert(eq(sz, got->n_attributes + got->dropped_attributes_count, 6));
    cr_assert(eq(sz, got->n_events + got->dropped_events_count, 6));
    cr_assert(gt(u32, got->dropped_attributes_count, 0));
    FREE(request, NULL);
}

Test(otlp_encode, a_form_says_what_was_said_once) {
    struct dk__span_memory memory;
    char bytes[256];
    struct dk_span *model =
        dk__span_model(tracer, (struct dk_bytes)DK_BYTES("pkg.Service/Get"), &memory);
    dk_span_text(model, "rpc.system", (struct dk_bytes)DK_BYTES("grpc"));
    const struct dk_bytes form = dk__tracer_form(tracer, model, bytes, sizeof bytes);
    cr_assert(gt(sz, form.size, 0));
    struct dk__trace_context next;
    struct dk_span *one =
        dk__span_begin_at(tracer, NULL, DK_SPAN_SERVER, (struct dk_bytes){0}, &span, &next);

    dk__span_form(one, form);
    dk_span_number(one, "own", 7);
    dk_span_end(one);
    Request *request = request_take();

    const Span *got = request->resource_spans[0]->scope_spans[0]->spans[0];
    cr_assert(eq(str, got->name, (char *)"pkg.Service/Get"));
    cr_assert(eq(sz, got->n_attributes, 2));
    cr_assert(eq(str, find(got->attributes, 2, "rpc.system")->value->string_value, (char *)"grpc"));
    cr_assert(eq(i64, find(got->attributes, 2, "own")->value->int_value, 7));
    FREE(request, NULL);
}

Test(otlp_encode, a_form_without_room_is_absent) {
    struct dk__span_memory memory;
    char bytes[16];
    struct dk_span *model = dk__span_model(tracer, (struct dk_bytes)DK_BYTES("name"), &memory);

    cr_assert(eq(ptr, (void *)dk__tracer_form(tracer, model, bytes, sizeof bytes).data, NULL));
}

static struct dk_reply reply_of(struct dk__call *call, struct dk__pool *pool) {
    call->arena = (struct dk__arena){.pool = pool, .bytes_max = 65536};
    dk__trace_begin(call, tracer, NULL, DK_SPAN_SERVER, (struct dk_bytes)DK_BYTES("call"), 0);
    return (struct dk_reply){.call = call};
}

Test(otlp_encode, a_link_names_trace_and_span) {
    struct dk__pool pool = {0};
    static struct dk__call calls[2];
    struct dk_reply one = reply_of(&calls[0], &pool), two = reply_of(&calls[1], &pool);
    struct dk_span *common =
        dk_reply_span_begin_common(&one, DK_SPAN_CLIENT, (struct dk_bytes)DK_BYTES("both"));
    const struct dk__trace_context linked = common->record.self;

    cr_assert(dk_reply_span_join(&two, common));
    dk__trace_end(&calls[1]);
    Request *request = request_take();

    const Span *got = request->resource_spans[0]->scope_spans[0]->spans[0];
    cr_assert(eq(sz, got->n_links, 1));
    cr_assert(eq(sz, got->links[0]->trace_id.len, 16));
    cr_assert(eq(int, memcmp(got->links[0]->trace_id.data, linked.trace_id, 16), 0));
    cr_assert(eq(sz, got->links[0]->span_id.len, 8));
    cr_assert(eq(int, memcmp(got->links[0]->span_id.data, linked.span_id, 8), 0));
    cr_assert(eq(u32, got->links[0]->flags, 0x101));
    (void)find(got->attributes, got->n_attributes, "dapr.backend.duration_us");
    FREE(request, NULL);
    dk_span_end(common);
    dk_reply_span_leave(&one);
    dk_reply_span_leave(&two);
    dk__arena_reset(&calls[0].arena);
    dk__arena_reset(&calls[1].arena);
    dk__pool_clear(&pool);
}

Test(otlp_encode, many_spans_of_a_request_are_all_there) {
    enum { MANY = 64 };
    for (int i = 0; i < MANY; i++) {
        dk_span_end(begin(NULL, "Set"));
    }

    Request *request = request_take();

    cr_assert(eq(sz, request->resource_spans[0]->scope_spans[0]->n_spans, MANY));
    cr_assert(eq(u32, chunk->spans, MANY));
    FREE(request, NULL);
}

/* OpenTelemetry's variables, as a program reads them. */
#include "wire/otlp/settings.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { VARIABLES_MAX = 8 };

static const char *variables[VARIABLES_MAX][2];
static size_t variable_count;
static struct dk__pool pool;
static struct dk__arena arena = {.pool = &pool, .bytes_max = 65536};
static struct dk__otlp_settings settings;
static struct dk_fault fault;
static struct dk__otlp_program program = {.name = "dk-redis", .version = "1.0"};

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(otlp_settings, .fini = end);

static const char *look_up(void *context, const char *name) {
    (void)context;
    for (size_t i = 0; i < variable_count; i++) {
        if (strcmp(variables[i][0], name) == 0) {
            return variables[i][1];
        }
    }
    return NULL;
}

static void set(const char *name, const char *value) {
    cr_assert(lt(sz, variable_count, VARIABLES_MAX));
    variables[variable_count][0] = name;
    variables[variable_count][1] = value;
    variable_count++;
}

static void read_good(void) {
    cr_assert(
        eq(int, dk__otlp_settings_read(look_up, NULL, &program, &arena, &settings, &fault), DK_OK),
        "%s",
        fault.text);
}

static void read_bad(const char *words) {
    cr_assert(
        eq(int,
           dk__otlp_settings_read(look_up, NULL, &program, &arena, &settings, &fault),
           DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, words), NULL), "%s", fault.text);
    cr_assert(not(settings.is_on));
}

static const char *attribute(const char *key) {
    const struct dk_bytes value = dk_pairs_find(settings.resource, dk_bytes_of(key));
    cr_assert(ne(ptr, (void *)(uintptr_t)value.data, NULL), "no %s", key);
    return value.data;
}

Test(otlp_settings, without_an_endpoint_are_off) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "");
    set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"); /* nobody reads it then */

    read_good();

    cr_assert(not(settings.is_on));
}

Test(otlp_settings, have_opentelemetrys_defaults) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");

    read_good();

    cr_assert(settings.is_on);
    cr_assert(eq(str, (char *)settings.host, "collector"));
    cr_assert(eq(str, (char *)settings.port, "4317"));
    cr_assert(not(settings.has_tls));
    cr_assert(eq(i64, settings.timeout_ms, 10000));
    cr_assert(eq(i64, settings.delay_ms, 5000));
    cr_assert(eq(int, (int)settings.tracer.sampler, DK__SAMPLER_PARENT_ALWAYS_ON));
    cr_assert(eq(u32, settings.tracer.queue_max, 2048));
    cr_assert(eq(u32, settings.tracer.batch_max, 512));
    cr_assert(eq(str, (char *)attribute("service.name"), "dk-redis"));
    cr_assert(eq(str, (char *)attribute("service.version"), "1.0"));
}

Test(otlp_settings, read_every_form_of_an_endpoint) {
    static const struct {
        const char *text, *insecure, *host, *port, *path;
        bool has_tls;
    } rows[] = {
        {"https://c.example:443", NULL, "c.example", "443", NULL, true},
        {"http://[::1]:4317/", NULL, "::1", "4317", NULL, false},
        {"https://[fe80::1]", "true", "fe80::1", "4317", NULL, true},
        {"collector:55", NULL, "collector", "55", NULL, true},
        {"collector:55", "true", "collector", "55", NULL, false},
        {"unix:/run/c.sock", NULL, NULL, NULL, "/run/c.sock", false},
        {"unix:///run/c.sock", NULL, NULL, NULL, "/run/c.sock", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        variable_count = 0;
        set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", rows[i].text);
        set("OTEL_EXPORTER_OTLP_INSECURE", rows[i].insecure);

        read_good();

        cr_expect(eq(int, settings.has_tls, rows[i].has_tls), "%s", rows[i].text);
        if (rows[i].path != NULL) {
            cr_expect(eq(str, (char *)settings.socket_path, (char *)rows[i].path));
        } else {
            cr_expect(eq(str, (char *)settings.host, (char *)rows[i].host));
            cr_expect(eq(str, (char *)settings.port, (char *)rows[i].port));
        }
    }
}

Test(otlp_settings, refuse_what_is_no_endpoint) {
    static const char *const bad[] = {
        "http://",
        "http://collector:0",
        "http://collector:70000",
        "http://collector:4317/v1/traces",
        "http://me@collector",
        "http://[::1",
        "ftp://collector",
        "unix:run/c.sock"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        variable_count = 0;
        fault = (struct dk_fault){.error = DK_OK};
        set("OTEL_EXPORTER_OTLP_ENDPOINT", bad[i]);

        read_bad("is no endpoint; it reads http://host:port");
    }
}

Test(otlp_settings, of_traces_come_first_and_the_command_line_before_all) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1");
    set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2");
    set("OTEL_EXPORTER_OTLP_TIMEOUT", "700");
    set("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "800");
    set("OTEL_BSP_MAX_QUEUE_SIZE", "5000");

    read_good();
    cr_assert(eq(str, (char *)settings.host, "traces"));
    cr_assert(eq(i64, settings.timeout_ms, 800));
    cr_assert(eq(u32, settings.tracer.queue_max, 5000));

    program.endpoint = "http://line:3";
    program.queue_max = 100;
    read_good();
    cr_assert(eq(str, (char *)settings.host, "line"));
    cr_assert(eq(u32, settings.tracer.queue_max, 100));
    cr_assert(eq(u32, settings.tracer.batch_max, 100)); /* no batch is larger than the queue */
}

Test(otlp_settings, say_who_reports) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
    set("OTEL_RESOURCE_ATTRIBUTES",
        "service.name=other, k8s.pod.name = pod%2C1 ,service.version=9,,empty=");
    set("OTEL_SERVICE_NAME", "orders");

    read_good();

    cr_assert(eq(str, (char *)attribute("service.name"), "orders"));
    cr_assert(eq(str, (char *)attribute("k8s.pod.name"), "pod,1"));
    cr_assert(eq(str, (char *)attribute("service.version"), "9"));
    cr_assert(eq(str, (char *)attribute("empty"), ""));
}

Test(otlp_settings, take_headers_and_never_show_their_values) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
    set("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20s3cret");
    read_good();
    cr_assert(eq(sz, settings.headers.count, 1));
    cr_assert(eq(str, (char *)settings.headers.items[0].key.data, "authorization"));
    cr_assert(eq(str, (char *)settings.headers.items[0].value.data, "Bearer s3cret"));

    static const char *const bad[] = {
        "key=s3cret%0A",
        "bad key=s3cret",
        "grpc-x=s3cret",
        "x-bin=s3cret",
        "key=%zzs3cret",
        "s3cret"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        variable_count = 0;
        fault = (struct dk_fault){.error = DK_OK};
        set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
        set("OTEL_EXPORTER_OTLP_HEADERS", bad[i]);
        read_bad("OTEL_EXPORTER_OTLP_HEADERS: ");
        cr_expect(eq(ptr, strstr(fault.text, "s3cret"), NULL), "%s", fault.text);
    }
}

Test(otlp_settings, name_every_fault_at_once) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
    set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    set("OTEL_TRACES_SAMPLER", "traceidratio");
    set("OTEL_TRACES_SAMPLER_ARG", "1.5");
    set("OTEL_BSP_EXPORT_TIMEOUT", "-1");
    set("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem");
    set("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");

    read_bad("OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' is not spoken here; allowed: grpc");

    cr_expect(ne(ptr, strstr(fault.text, "OTEL_TRACES_SAMPLER_ARG: '1.5'"), NULL));
    cr_expect(ne(ptr, strstr(fault.text, "OTEL_BSP_EXPORT_TIMEOUT: '-1'"), NULL));
    cr_expect(ne(ptr, strstr(fault.text, "they go together"), NULL));
    cr_expect(ne(ptr, strstr(fault.text, "COMPRESSION: 'gzip'"), NULL));
}

Test(otlp_settings, know_every_sampler) {
    static const char *const words[] = {
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        variable_count = 0;
        set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
        set("OTEL_TRACES_SAMPLER", words[i]);
        set("OTEL_TRACES_SAMPLER_ARG", "0.25");

        read_good();

        cr_expect(eq(int, (int)settings.tracer.sampler, (int)i));
        cr_expect(eq(dbl, settings.tracer.ratio, i == 2 || i == 5 ? 0.25 : 1));
    }
}

Test(otlp_settings, can_be_switched_off) {
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
    set("OTEL_SDK_DISABLED", "true");
    read_good();
    cr_assert(not(settings.is_on));

    variable_count = 1;
    set("OTEL_TRACES_EXPORTER", "none");
    read_good();
    cr_assert(not(settings.is_on));

    variable_count = 1;
    set("OTEL_TRACES_EXPORTER", "zipkin");
    read_bad("OTEL_TRACES_EXPORTER: 'zipkin' is not in this program; allowed: otlp, none");
}

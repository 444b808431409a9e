#include "wire/daprd/daprd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

struct variable {
    const char *name, *value;
};

static const char *look_up(void *context, const char *name) {
    for (const struct variable *variable = context; variable->name != NULL; variable++) {
        if (strcmp(variable->name, name) == 0) {
            return variable->value;
        }
    }
    return NULL;
}

Test(daprd_settings, are_those_of_the_port_beside_us_when_nothing_is_said) {
    struct variable variables[] = {{"DAPR_GRPC_PORT", ""}, {NULL, NULL}};
    struct dk__daprd_settings settings;

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, NULL), DK_OK));

    cr_assert(eq(str, settings.endpoint.target, (char *)"ipv4:127.0.0.1:50001"));
    cr_assert(eq(int, settings.endpoint.has_tls, false));
    cr_assert(eq(ptr, (void *)settings.token, NULL));
    cr_assert(eq(i64, settings.timeout_ms, 60000));
}

Test(daprd_settings, take_the_port) {
    struct variable variables[] = {
        {"DAPR_GRPC_PORT", "3501"},
        {"DAPR_API_TOKEN", "s3cret"},
        {"DAPR_CLIENT_TIMEOUT_SECONDS", "5"},
        {NULL, NULL}};
    struct dk__daprd_settings settings;

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, NULL), DK_OK));

    cr_assert(eq(str, settings.endpoint.target, (char *)"ipv4:127.0.0.1:3501"));
    cr_assert(eq(str, (char *)settings.token, (char *)"s3cret"));
    cr_assert(eq(i64, settings.timeout_ms, 5000));
}

Test(daprd_settings, prefer_the_endpoint_to_the_port) {
    struct variable variables[] = {
        {"DAPR_GRPC_PORT", "3501"},
        {"DAPR_GRPC_ENDPOINT", "https://dapr.example.com"},
        {NULL, NULL}};
    struct dk__daprd_settings settings;

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, NULL), DK_OK));

    cr_assert(eq(str, settings.endpoint.target, (char *)"dns:dapr.example.com:443"));
    cr_assert(eq(int, settings.endpoint.has_tls, true));
}

Test(daprd_settings, take_the_file_of_authorities) {
    struct variable variables[] = {
        {"DAPR_GRPC_ENDPOINT", "https://dapr.example.com"},
        {"DAPR_GRPC_TLS_CA_PATH", "/run/ca.pem"},
        {NULL, NULL}};
    struct dk__daprd_settings settings;

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, NULL), DK_OK));

    cr_assert(eq(str, (char *)settings.ca_path, (char *)"/run/ca.pem"));
}

Test(daprd_settings, name_every_fault_and_keep_the_token_to_themselves) {
    struct variable variables[] = {
        {"DAPR_GRPC_PORT", "65536"},
        {"DAPR_API_TOKEN", "s3cr\nt"},
        {"DAPR_CLIENT_TIMEOUT_SECONDS", "0"},
        {NULL, NULL}};
    struct dk__daprd_settings settings;
    struct dk_fault fault = {.error = DK_OK};

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, &fault), DK_INVALID));

    cr_assert(
        ne(ptr,
           strstr(fault.text, "DAPR_GRPC_PORT: '65536' is not a whole number from 1 to 65535"),
           NULL),
        "%s",
        fault.text);
    cr_assert(ne(ptr, strstr(fault.text, "DAPR_API_TOKEN: "), NULL), "%s", fault.text);
    cr_assert(
        ne(ptr,
           strstr(
               fault.text,
               "DAPR_CLIENT_TIMEOUT_SECONDS: '0' is not a whole number from 1 to 86400"),
           NULL),
        "%s",
        fault.text);
    cr_assert(eq(ptr, strstr(fault.text, "s3cr"), NULL), "%s", fault.text);
}

Test(daprd_settings, make_a_client_that_ends_unused) {
    struct variable variables[] = {{"DAPR_API_TOKEN", "s3cret"}, {NULL, NULL}};
    struct dk__daprd_settings settings;
    struct dk__daprd *daprd = NULL;

    cr_assert(eq(int, dk__daprd_settings_read(look_up, variables, &settings, NULL), DK_OK));
    cr_assert(eq(int, dk__daprd_new(&settings, &daprd, NULL), DK_OK));

    dk__daprd_close(daprd);
    dk__daprd_close(daprd);
    dk__daprd_free(daprd);
    dk__daprd_free(NULL);
}

Test(daprd_settings, refuse_a_certificate_that_is_not_there) {
    struct dk__daprd_settings settings;
    struct variable none[] = {{NULL, NULL}};
    struct dk__daprd *daprd = NULL;
    struct dk_fault fault = {.error = DK_OK};
    cr_assert(eq(int, dk__daprd_settings_read(look_up, none, &settings, NULL), DK_OK));
    settings.endpoint.has_tls = true;
    settings.ca_path = "/nowhere/ca.pem";

    cr_assert(eq(int, dk__daprd_new(&settings, &daprd, &fault), DK_INVALID));

    cr_assert(eq(ptr, daprd, NULL));
    cr_assert(ne(ptr, strstr(fault.text, "/nowhere/ca.pem"), NULL), "%s", fault.text);
}

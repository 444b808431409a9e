#include "wire/grpc/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static void run(struct dk__rpc *rpc, struct dk_bytes request) {
    (void)rpc;
    (void)request;
}

static const struct dk__method methods[] = {{"Get", run}, {"Set", run}, {0}};
static const struct dk__service store = {.name = "a.Store", .methods = methods};
static const struct dk__service queue = {.name = "a.Queue", .methods = methods};

static const struct dk__route *route_of(const struct dk__server *server, const char *path) {
    return dk__server_route(server, dk_bytes_of(path));
}

Test(server, finds_each_row_by_its_path) {
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));

    cr_assert(eq(int, dk__server_add(&server, &store), DK_OK));
    cr_assert(eq(int, dk__server_add(&server, &queue), DK_OK));

    cr_assert(eq(ptr, (void *)route_of(&server, "/a.Store/Get")->method, (void *)&methods[0]));
    cr_assert(eq(ptr, (void *)route_of(&server, "/a.Store/Get")->service, (void *)&store));
    cr_assert(eq(ptr, (void *)route_of(&server, "/a.Queue/Set")->method, (void *)&methods[1]));
    cr_assert(eq(ptr, (void *)route_of(&server, "/a.Queue/Set")->service, (void *)&queue));
    dk__server_clear(&server);
}

Test(server, finds_nothing_for_paths_that_are_nearly_right) {
    static const char *const paths[] = {
        "",
        "/",
        "a.Store/Get",
        "/a.Store/Ge",
        "/a.Store/Gett",
        "/a.Store/get",
        "/a.Store",
        "//Get"};
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));
    cr_assert(eq(int, dk__server_add(&server, &store), DK_OK));

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cr_expect(eq(ptr, (void *)route_of(&server, paths[i]), NULL), "'%s'", paths[i]);
    }
    dk__server_clear(&server);
}

Test(server, finds_nothing_before_anything_was_added) {
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));

    cr_assert(eq(ptr, (void *)route_of(&server, "/a.Store/Get"), NULL));
    dk__server_clear(&server);
}

Test(server, refuses_a_service_twice) {
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));
    cr_assert(eq(int, dk__server_add(&server, &store), DK_OK));

    cr_assert(eq(int, dk__server_add(&server, &store), DK_INVALID));

    cr_assert(eq(sz, server.service_count, 1));
    dk__server_clear(&server);
}

Test(server, refuses_a_method_twice) {
    static const struct dk__method twice[] = {{"Get", run}, {"Get", run}, {0}};
    static const struct dk__service service = {.name = "a.Twice", .methods = twice};
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));

    cr_assert(eq(int, dk__server_add(&server, &service), DK_INVALID));
    dk__server_clear(&server);
}

Test(server, takes_services_up_to_its_bound_and_finds_them_all) {
    static char names[DK__SERVICES_MAX + 1][16];
    static struct dk__service services[DK__SERVICES_MAX + 1];
    struct dk__server server;
    cr_assert(eq(int, dk__server_init(&server, NULL, &dk__limits_default), DK_OK));
    for (int i = 0; i <= DK__SERVICES_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "a.Service%d", i);
        services[i] = (struct dk__service){.name = names[i], .methods = methods};
        const enum dk_error wanted = i < DK__SERVICES_MAX ? DK_OK : DK_EXHAUSTED;
        cr_assert(eq(int, dk__server_add(&server, &services[i]), wanted));
    }

    for (int i = 0; i < DK__SERVICES_MAX; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/a.Service%d/Set", i);
        cr_assert(ne(ptr, (void *)route_of(&server, path), NULL), "%s", path);
        cr_assert(eq(ptr, (void *)route_of(&server, path)->service, (void *)&services[i]));
    }
    dk__server_clear(&server);
}

Test(server, can_be_cleared_when_zeroed) {
    struct dk__server server = {0};

    dk__server_clear(&server);

    cr_assert(eq(sz, server.service_count, 0));
}

/*
 * --check: discovery with daprd's eyes, in words. Source: dapr-protocol, "Finding sockets",
 * "Reflection handshake".
 */
#include "serve/check.h"

#include "serve/socket.h"
#include "wire/h2/ask.h"
#include "wire/pbc/reflection.h"

#include <dk/option.h>
#include <dk/serve.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_WAIT_MS = 3000, REACH_WAIT_MS = 1500, ANSWER_BYTES_MAX = 1 << 20 };

/* What daprd's discovery asks: list_services "*", field 7 of ServerReflectionRequest. */
static const struct dk_bytes list_services = DK_BYTES("\x3a\x01*");

struct check {
    const struct dk__settings *settings;
    FILE *output;
    struct dk__pool pool;
    struct dk__arena arena;
};

static bool good(struct check *check, const char *what) {
    (void)fprintf(check->output, "  good  %s\n", what);
    return true;
}

static bool bad(struct check *check, const char *what, const char *help) {
    (void)fprintf(check->output, "  BAD   %s\n        %s\n", what, help);
    return false;
}

/* The file: there, a socket, and one that this user may write to. */
static bool check_file(struct check *check, const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) {
        return bad(
            check,
            errno == ENOENT ? "there is no such file" : "the file cannot be seen",
            "Start the program, or name its --socket-dir, --name and --socket-extension here too.");
    }
    if (!S_ISSOCK(status.st_mode)) {
        return bad(check, "it is no socket", "daprd skips it with a warning; remove the file.");
    }
    if (access(path, R_OK | W_OK) != 0) {
        return bad(
            check,
            "this user may not write to it",
            "daprd's user must; see --socket-mode and --socket-group.");
    }
    return good(check, "the socket is there and may be written to");
}

static bool check_service(
    struct check *check, const struct dk_bytes *names, size_t count, const char *wanted) {
    char line[160];
    for (size_t i = 0; i < count; i++) {
        if (dk_bytes_equal(names[i], dk_bytes_of(wanted))) {
            (void)snprintf(line, sizeof line, "%s is served", wanted);
            return good(check, line);
        }
    }
    (void)snprintf(line, sizeof line, "%s is not served", wanted);
    return bad(check, line, "Another program listens here: daprd would not find the component.");
}

static bool has_state(const struct dk_backends *backends) {
    return backends->state != NULL;
}

static bool has_pubsub(const struct dk_backends *backends) {
    return backends->pubsub != NULL;
}

static bool has_input_binding(const struct dk_backends *backends) {
    return backends->input_binding != NULL;
}

static bool has_output_binding(const struct dk_backends *backends) {
    return backends->output_binding != NULL;
}

/* What daprd looks for on a socket. */
static const struct {
    const char *type, *service;
    bool (*is_served)(const struct dk_backends *backends);
} kinds[] = {
    {"state", "dapr.proto.components.v1.StateStore", has_state},
    {"pubsub", "dapr.proto.components.v1.PubSub", has_pubsub},
    {"bindings", "dapr.proto.components.v1.InputBinding", has_input_binding},
    {"bindings", "dapr.proto.components.v1.OutputBinding", has_output_binding},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool check_socket(struct check *check, const char *path, const struct dk_service *service) {
    struct dk__h2_answer answer;
    struct dk_fault fault = {0};
    const struct dk_bytes *names = NULL;
    size_t count = 0;

    if (!check_file(check, path)) {
        return false;
    }
    if (dk__h2_ask(
            path,
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            list_services,
            CHECK_WAIT_MS,
            &check->arena,
            &answer,
            &fault) != DK_OK) {
        return bad(
            check,
            fault.text,
            "daprd waits for such a socket at its start: end the process, or remove the file.");
    }
    if (answer.code != 0 || dk__decode_reflection_services(
                                answer.message, &check->arena, &names, &count, &fault) != DK_OK) {
        return bad(
            check,
            "reflection v1alpha gives no list of services",
            "One such socket spoils discovery for all in the folder.");
    }
    bool is_good = good(check, "reflection v1alpha answers and ends its stream");
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].is_served(&service->backends)) {
            is_good = check_service(check, names, count, kinds[i].service) && is_good;
        }
    }
    return is_good;
}

/* Cuts "host:port" in two, in place. False: another shape. */
static bool place_split(char *place, const char **ret_host, const char **ret_port) {
    char *colon = strrchr(place, ':');
    int64_t port = 0;
    if (colon == NULL || !dk_integer_parse(dk_bytes_of(colon + 1), &port) || port < 1 ||
        port > UINT16_MAX) {
        return false;
    }
    *colon = '\0';
    const size_t size = strlen(place);
    if (size > 2 && place[0] == '[' && place[size - 1] == ']') { /* IPv6 */
        place[size - 1] = '\0';
        place++;
    }
    *ret_host = place;
    *ret_port = colon + 1;
    return *place != '\0';
}

/* One server of the list: whether it takes a connection, and if not, why in `fault`. */
static bool is_reached(const char *place, struct dk__arena *arena, struct dk_fault *fault) {
    char *text = dk__arena_copy_text(arena, dk_bytes_of(place));
    const char *host = NULL, *port = NULL;
    if (text == NULL || !place_split(text, &host, &port)) {
        (void)dk_fault_set(fault, DK_INVALID, "check-server: '%s' is not host:port", place);
        return false;
    }
    return dk__h2_reach(host, port, REACH_WAIT_MS, fault) == DK_OK;
}

/* --check-server: one that takes connections is enough, for a cluster's others are found by it. */
static bool check_servers(struct check *check, const char *list) {
    char *places = dk__arena_copy_text(&check->arena, dk_bytes_of(list)), *rest = NULL;
    struct dk_fault fault = {0};
    if (places == NULL) {
        return bad(check, "no memory to read check-server", "Give this process more.");
    }
    for (char *place = strtok_r(places, ", ", &rest); place != NULL;
         place = strtok_r(NULL, ", ", &rest)) {
        fault = (struct dk_fault){0};
        (void)fprintf(check->output, "%s\n", place);
        if (is_reached(place, &check->arena, &fault)) {
            return good(check, "the server takes connections");
        }
        (void)bad(check, fault.text, "daprd ends when a component finds no server at its start.");
    }
    return false;
}

/* "daprd finds it as type state.x, pubsub.x" */
static void say_types(struct check *check, const struct dk_backends *backends, const char *name) {
    const char *before = "  daprd finds it as type ", *last = "";
    for (size_t i = 0; i < KINDS; i++) {
        /* both halves of a binding are one type */
        if (kinds[i].is_served(backends) && strcmp(last, kinds[i].type) != 0) {
            (void)fprintf(check->output, "%s%s.%s", before, kinds[i].type, name);
            before = ", ";
            last = kinds[i].type;
        }
    }
    (void)fputs(", version v1\n", check->output);
}

bool dk__check(
    const struct dk__settings *settings, const struct dk_service *services, FILE *output) {
    struct check check = {.settings = settings, .output = output};
    bool is_good = true;
    check.arena = (struct dk__arena){.pool = &check.pool, .bytes_max = ANSWER_BYTES_MAX};
    for (const struct dk_service *service = services; service->name != NULL; service++) {
        const char *name = settings->rename != NULL ? settings->rename : service->name;
        char path[DK__SOCKET_PATH_BYTES];
        const int size = snprintf(
            path, sizeof path, "%s/%s%s", settings->socket_dir, name, settings->socket_extension);
        (void)fprintf(output, "%s\n", path);
        if (size >= (int)sizeof path) {
            is_good = bad(&check, "the path is too long", "A socket's has at most 107 bytes.");
        } else if (check_socket(&check, path, service)) {
            say_types(&check, &service->backends, name);
        } else {
            is_good = false;
        }
        dk__arena_reset(&check.arena);
    }
    if (settings->check_servers != NULL) {
        is_good = check_servers(&check, settings->check_servers) && is_good;
        dk__arena_reset(&check.arena);
    }
    dk__pool_clear(&check.pool);
    return is_good;
}

/*
 * Server reflection, v1alpha for daprd's discovery and v1 for tools, on the loop's thread. The two
 * speak the same shapes under two names, so they share one row.
 */
#include "wire/pbc/reflection.h"
#include "wire/grpc/rpc.h"
#include "wire/grpc/services.h"
#include "wire/pbc/descriptors.h"

#include <stdio.h>

/* A file with all that it imports; each once, what was asked for first. */
enum { FILES_MAX = 64 };

struct files {
    const struct dk__file_descriptor *items[FILES_MAX];
    size_t count;
};

/* False: more files than FILES_MAX, which a test of every file excludes. */
static bool files_add(struct files *files, const struct dk__file_descriptor *file) {
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i] == file) {
            return true;
        }
    }
    if (files->count == FILES_MAX) {
        return false;
    }
    files->items[files->count] = file;
    files->count++;
    return true;
}

/* The list grows at its end while the walk goes on: breadth first, without recursion. */
static bool files_collect(struct files *files, const struct dk__file_descriptor *file) {
    bool is_whole = files_add(files, file);
    for (size_t i = 0; i < files->count && is_whole; i++) {
        for (size_t k = 0; k < files->items[i]->import_count && is_whole; k++) {
            is_whole = files_add(files, files->items[i]->imports[k]);
        }
    }
    return is_whole;
}

static bool answer_services(
    struct dk__rpc *rpc, struct dk__arena *scratch, const struct dk__reflection_request *request) {
    const struct dk__server *server = rpc->server;
    struct dk_bytes names[DK__SERVICES_MAX];
    for (size_t i = 0; i < server->service_count; i++) {
        names[i] = dk_bytes_of(server->services[i]->name);
    }
    return dk__encode_reflection_services(
        &rpc->out, scratch, request, names, server->service_count);
}

static bool answer_error(
    struct dk__rpc *rpc,
    struct dk__arena *scratch,
    const struct dk__reflection_request *request,
    enum dk__code code,
    const char *text) {
    return dk__encode_reflection_error(
        &rpc->out, scratch, request, (int32_t)code, dk_bytes_of(text));
}

static bool answer_file(
    struct dk__rpc *rpc,
    struct dk__arena *scratch,
    const struct dk__reflection_request *request,
    const struct dk__file_descriptor *file) {
    struct files files = {.count = 0};
    if (file == NULL) {
        return answer_error(
            rpc, scratch, request, DK__CODE_NOT_FOUND, "no such file or symbol here");
    }
    return files_collect(&files, file) &&
           dk__encode_reflection_files(&rpc->out, scratch, request, files.items, files.count);
}

static bool answer(
    struct dk__rpc *rpc, struct dk__arena *scratch, const struct dk__reflection_request *request) {
    switch (request->kind) {
    case DK__REFLECTION_LIST_SERVICES:
        return answer_services(rpc, scratch, request);
    case DK__REFLECTION_FILE_BY_NAME:
        return answer_file(
            rpc, scratch, request, dk__descriptor_of_file(rpc->server->descriptors, request->text));
    case DK__REFLECTION_FILE_OF_SYMBOL:
        return answer_file(
            rpc,
            scratch,
            request,
            dk__descriptor_of_symbol(rpc->server->descriptors, request->text));
    case DK__REFLECTION_FILE_OF_EXTENSION:
    case DK__REFLECTION_EXTENSION_NUMBERS:
        return answer_error(
            rpc,
            scratch,
            request,
            DK__CODE_NOT_FOUND,
            "proto3 files without extensions are served here");
    case DK__REFLECTION_NONE:
        break;
    }
    return answer_error(
        rpc,
        scratch,
        request,
        DK__CODE_INVALID_ARGUMENT,
        "the request asks none of the questions known");
}

static void reflection_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    /* A stream may ask for ever: what one question needs ends with its answer. */
    struct dk__arena scratch = {
        .pool = rpc->call.arena.pool, .bytes_max = rpc->server->limits.arena_bytes_max};
    struct dk__reflection_request request = {0};
    struct dk_fault fault = {0};
    if (dk__decode_reflection_request(message, &scratch, &request, &fault) != DK_OK) {
        dk__arena_reset(&scratch);
        const struct dk__status status = dk__status_of(fault.error, fault.text, &rpc->call.arena);
        dk__rpc_finish(rpc, &status);
        return;
    }
    /* One answer for each question: who asks without reading meets outbox-bytes-max here. */
    dk__rpc_message_begin(rpc);
    rpc->message_failed = rpc->message_failed || !answer(rpc, &scratch, &request);
    dk__arena_reset(&scratch);
    if (!dk__rpc_message_end(rpc)) {
        dk__rpc_finish_failed_message(rpc);
    }
}

/* daprd waits for this end, without a timeout, before it goes on with its start. */
static void reflection_on_half_close(struct dk__rpc *rpc) {
    static const struct dk__status ok = {.code = DK__CODE_OK};
    dk__rpc_finish(rpc, &ok);
}

static const struct dk__streaming reflection_streaming = {
    .on_message = reflection_on_message,
    .on_half_close = reflection_on_half_close,
};

static const struct dk__method reflection_methods[] = {
    {"ServerReflectionInfo", .streaming = &reflection_streaming},
    {0},
};

static const struct dk__service reflection_rows[] = {
    {.name = "grpc.reflection.v1alpha.ServerReflection", .methods = reflection_methods},
    {.name = "grpc.reflection.v1.ServerReflection", .methods = reflection_methods},
};

enum dk_error dk__reflection_add(
    struct dk__server *server, const struct dk_descriptors *descriptors) {
    server->descriptors = descriptors;
    for (size_t i = 0; i < sizeof reflection_rows / sizeof reflection_rows[0]; i++) {
        const enum dk_error error = dk__server_add(server, &reflection_rows[i]);
        if (error != DK_OK) {
            return error;
        }
    }
    return DK_OK;
}

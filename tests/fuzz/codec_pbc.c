/*
 * Any bytes as what protobuf-c reads for us: a question of reflection, a question of health, an
 * answer to list_services. The first byte chooses. What is accepted is answered, and the answer
 * must echo the question: every text in it, whole.
 */
#include "support/codec_memory.h"
#include "wire/pbc/health.h"
#include "wire/pbc/reflection.h"

#include <grpc/reflection/v1/reflection.pb-c.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest request_message;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_message;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "codec_pbc: %s\n", what);
        abort();
    }
}

/* Reads our answer with protobuf-c alone. */
static void check_answer(struct codec_memory *memory, const struct dk__reflection_request *asked) {
    const struct dk_bytes bytes = codec_memory_written(memory);
    response_message *response = grpc__reflection__v1__server_reflection_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    require(response != NULL, "the answer cannot be read");
    const request_message *echo = response->original_request, *original = asked->original;
    require(echo != NULL, "the answer has no question");
    require(strcmp(response->valid_host, original->host) == 0, "the host is another");
    require(
        protobuf_c_message_get_packed_size(&echo->base) ==
            protobuf_c_message_get_packed_size(&original->base),
        "the question is another");
    require(echo->message_request_case == original->message_request_case, "its kind is another");
    grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
}

static void read_question(struct codec_memory *memory, struct dk_bytes message) {
    static const struct dk_bytes names[] = {DK_BYTES("a.B")};
    struct dk__reflection_request request = {.kind = DK__REFLECTION_NONE};
    if (dk__decode_reflection_request(message, &memory->arena, &request, &memory->fault) != DK_OK) {
        return;
    }
    require(request.text.data != NULL, "the text is absent");
    require(strlen(request.text.data) == request.text.size, "the text is cut");
    require(
        dk__encode_reflection_services(&memory->chain, &memory->arena, &request, names, 1),
        "no answer");
    check_answer(memory, &request);
    dk__chain_reset(&memory->chain);
    require(
        dk__encode_reflection_error(
            &memory->chain, &memory->arena, &request, 5, dk_bytes_of("words")),
        "no error");
    check_answer(memory, &request);
}

static void read_health(struct codec_memory *memory, struct dk_bytes message) {
    struct dk_bytes service;
    if (dk__decode_health_request(message, &memory->arena, &service, &memory->fault) == DK_OK) {
        require(strlen(service.data) == service.size, "the service is cut");
    }
}

static void read_services(struct codec_memory *memory, struct dk_bytes message) {
    const struct dk_bytes *names = NULL;
    size_t count = 0, bytes = 0;
    if (dk__decode_reflection_services(message, &memory->arena, &names, &count, &memory->fault) ==
        DK_OK) {
        for (size_t i = 0; i < count; i++) {
            bytes += names[i].size;
        }
        require(bytes <= message.size, "more names than bytes");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const readers[])(struct codec_memory * memory, struct dk_bytes message) = {
        read_question, read_health, read_services};
    struct codec_memory memory;
    if (size == 0) {
        return 0;
    }
    char *exact = codec_memory_exact((struct dk_bytes){(const char *)data + 1, size - 1});
    codec_memory_begin(&memory);

    readers[data[0] % 3](&memory, (struct dk_bytes){exact, size - 1});

    codec_memory_end(&memory);
    free(exact);
    return 0;
}

#include "support/codec_memory.h"
#include "wire/pbc/descriptors.h"
#include "wire/pbc/reflection.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <grpc/reflection/v1/reflection.pb-c.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest request_message;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_message;

static struct codec_memory memory;
static struct dk__reflection_request request;
static response_message *response;

static void setup(void) {
    codec_memory_begin(&memory);
    request = (struct dk__reflection_request){0};
    response = NULL;
}

static void teardown(void) {
    if (response != NULL) {
        grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
    }
    codec_memory_end(&memory);
}

TestSuite(reflection_messages, .init = setup, .fini = teardown);

static enum dk_error decode(struct dk_bytes message) {
    return dk__decode_reflection_request(message, &memory.arena, &request, &memory.fault);
}

static bool says(const char *words) {
    return strstr(memory.fault.text, words) != NULL;
}

/* Reads the answer; it must echo its question. */
static const response_message *answered(const char *host, const char *symbol) {
    const struct dk_bytes bytes = codec_memory_written(&memory);
    response = grpc__reflection__v1__server_reflection_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(ne(ptr, response, NULL));
    cr_assert(eq(str, response->valid_host, (char *)host));
    cr_assert(ne(ptr, response->original_request, NULL));
    cr_assert(eq(str, response->original_request->host, (char *)host));
    cr_assert(eq(str, response->original_request->file_containing_symbol, (char *)symbol));
    return response;
}

static const struct dk_bytes symbol_question = DK_BYTES("\x0a\x01h\x22\x03"
                                                        "a.B");

struct question {
    struct dk_bytes message;
    enum dk__reflection kind;
    struct dk_bytes text;
};

Test(reflection_messages, every_question_is_read) {
    static const struct question questions[] = {
        {DK_BYTES(""), DK__REFLECTION_NONE, DK_BYTES("")},
        {DK_BYTES("\x0a\x01h"), DK__REFLECTION_NONE, DK_BYTES("")},
        {DK_BYTES("\x1a\x07"
                  "a.proto"),
         DK__REFLECTION_FILE_BY_NAME,
         DK_BYTES("a.proto")},
        {DK_BYTES("\x22\x03"
                  "a.B"),
         DK__REFLECTION_FILE_OF_SYMBOL,
         DK_BYTES("a.B")},
        {DK_BYTES("\x2a\x07\x0a\x03"
                  "a.B\x10\x05"),
         DK__REFLECTION_FILE_OF_EXTENSION,
         DK_BYTES("a.B")},
        {DK_BYTES("\x2a\x00"), DK__REFLECTION_FILE_OF_EXTENSION, DK_BYTES("")},
        {DK_BYTES("\x32\x03"
                  "a.B"),
         DK__REFLECTION_EXTENSION_NUMBERS,
         DK_BYTES("a.B")},
        {DK_BYTES("\x3a\x01*"), DK__REFLECTION_LIST_SERVICES, DK_BYTES("*")},
        {DK_BYTES("\x3a\x00"), DK__REFLECTION_LIST_SERVICES, DK_BYTES("")},
        /* the last of two questions counts */
        {DK_BYTES("\x3a\x01*\x22\x03"
                  "a.B"),
         DK__REFLECTION_FILE_OF_SYMBOL,
         DK_BYTES("a.B")},
        /* an unknown field before and behind */
        {DK_BYTES("\x50\x01\x3a\x01*\x52\x01x"), DK__REFLECTION_LIST_SERVICES, DK_BYTES("*")},
        /* an empty host that was written all the same */
        {DK_BYTES("\x0a\x00\x3a\x01*"), DK__REFLECTION_LIST_SERVICES, DK_BYTES("*")},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        cr_expect(eq(int, decode(questions[i].message), DK_OK), "%zu: %s", i, memory.fault.text);
        cr_expect(eq(int, request.kind, questions[i].kind), "%zu", i);
        cr_expect(dk_bytes_equal(request.text, questions[i].text), "%zu", i);
    }
}

Test(reflection_messages, a_text_with_a_zero_byte_or_bad_utf8_is_refused_by_its_name) {
    static const struct {
        struct dk_bytes message;
        const char *subject, *words;
    } rows[] = {
        {DK_BYTES("\x0a\x03h\0i\x3a\x01*"), "host", "NUL"},
        {DK_BYTES("\x0a\x01\xFF\x3a\x01*"), "host", "UTF-8"},
        {DK_BYTES("\x1a\x03"
                  "a\0b"),
         "file_by_filename",
         "NUL"},
        {DK_BYTES("\x1a\x01\x80"), "file_by_filename", "UTF-8"},
        {DK_BYTES("\x22\x03"
                  "a\0b"),
         "file_containing_symbol",
         "NUL"},
        {DK_BYTES("\x22\x02\xC3\x28"), "file_containing_symbol", "UTF-8"},
        {DK_BYTES("\x2a\x05\x0a\x03"
                  "a\0b"),
         "containing_type",
         "NUL"},
        {DK_BYTES("\x2a\x04\x0a\x02"
                  "a\xFE"),
         "containing_type",
         "UTF-8"},
        {DK_BYTES("\x32\x01\x00"), "all_extension_numbers_of_type", "NUL"},
        {DK_BYTES("\x3a\x01\x00"), "list_services", "NUL"},
        {DK_BYTES("\x3a\x01\xF8"), "list_services", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memory.fault = (struct dk_fault){.error = DK_OK};
        cr_expect(eq(int, decode(rows[i].message), DK_INVALID), "%zu", i);
        cr_expect(says(rows[i].subject), "%zu: %s", i, memory.fault.text);
        cr_expect(says(rows[i].words), "%zu: %s", i, memory.fault.text);
    }
}

Test(reflection_messages, a_request_cut_off_anywhere_within_a_field_is_refused) {
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    for (size_t size = 0; size < symbol_question.size; size++) {
        const bool is_whole = size == 0 || size == 3; /* before and behind the host */
        char *bytes = codec_memory_exact((struct dk_bytes){symbol_question.data, size});
        cr_expect(
            eq(int, decode((struct dk_bytes){bytes, size}), is_whole ? DK_OK : DK_INVALID),
            "%zu",
            size);
        free(bytes);
    }
}

/* protobuf-c takes them; an answer that echoes them could not be read. */
Test(reflection_messages, a_field_number_that_cannot_be_is_refused) {
    static const struct dk_bytes messages[] = {
        DK_BYTES("\x81\0"
                 "12345678"),                 /* number 0 in two bytes */
        DK_BYTES("\xf8\xff\xff\xff\x7f\x01"), /* more than 32 bits of tag */
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        cr_expect(eq(int, decode(messages[i]), DK_INVALID), "%zu", i);
    }
}

Test(reflection_messages, a_full_arena_is_no_fault_of_the_request) {
    memory.arena.bytes_max = 32;

    cr_assert(eq(int, decode(symbol_question), DK_EXHAUSTED));
}

Test(reflection_messages, services_come_back_in_their_order_with_the_question) {
    static const struct dk_bytes names[] = {DK_BYTES("b.Second"), DK_BYTES("a.First")};
    const struct dk_bytes *read = NULL;
    size_t count = 0;
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    cr_assert(dk__encode_reflection_services(&memory.chain, &memory.arena, &request, names, 2));

    const response_message *message = answered("h", "a.B");
    cr_assert(eq(sz, message->list_services_response->n_service, 2));
    cr_assert(eq(str, message->list_services_response->service[0]->name, "b.Second"));
    cr_assert(
        eq(int,
           dk__decode_reflection_services(
               codec_memory_written(&memory), &memory.arena, &read, &count, &memory.fault),
           DK_OK));
    cr_assert(eq(sz, count, 2));
    cr_assert(dk_bytes_equal(read[0], names[0]));
    cr_assert(dk_bytes_equal(read[1], names[1]));
}

Test(reflection_messages, a_server_without_services_answers_an_empty_list) {
    const struct dk_bytes *read = NULL;
    size_t count = 1;
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    cr_assert(dk__encode_reflection_services(&memory.chain, &memory.arena, &request, NULL, 0));

    cr_assert(
        eq(int,
           dk__decode_reflection_services(
               codec_memory_written(&memory), &memory.arena, &read, &count, &memory.fault),
           DK_OK));
    cr_assert(eq(sz, count, 0));
}

Test(reflection_messages, files_come_back_byte_for_byte) {
    const struct dk__file_descriptor *files[] = {
        dk__descriptor_of_file(
            &dk__component_protos, dk_bytes_of("dapr/proto/components/v1/state.proto")),
        dk__descriptor_of_file(&dk__component_protos, dk_bytes_of("google/protobuf/any.proto"))};
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    cr_assert(dk__encode_reflection_files(&memory.chain, &memory.arena, &request, files, 2));

    const response_message *message = answered("h", "a.B");
    cr_assert(eq(sz, message->file_descriptor_response->n_file_descriptor_proto, 2));
    for (size_t i = 0; i < 2; i++) {
        const ProtobufCBinaryData *bytes =
            &message->file_descriptor_response->file_descriptor_proto[i];
        cr_expect(dk_bytes_equal(
            (struct dk_bytes){(const char *)bytes->data, bytes->len}, files[i]->bytes));
    }
}

Test(reflection_messages, an_error_carries_code_and_words) {
    const struct dk_bytes *read = NULL;
    size_t count = 0;
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    cr_assert(dk__encode_reflection_error(
        &memory.chain, &memory.arena, &request, 5, dk_bytes_of("no such symbol")));

    const response_message *message = answered("h", "a.B");
    cr_assert(eq(int, message->error_response->error_code, 5));
    cr_assert(eq(str, message->error_response->error_message, "no such symbol"));
    cr_assert(
        eq(int,
           dk__decode_reflection_services(
               codec_memory_written(&memory), &memory.arena, &read, &count, &memory.fault),
           DK_INVALID));
}

Test(reflection_messages, an_answer_over_a_bound_is_told_and_changes_nothing) {
    static const struct dk_bytes names[] = {DK_BYTES("a.First")};
    cr_assert(eq(int, decode(symbol_question), DK_OK));

    memory.chain.bytes_max = 8;
    cr_assert(
        not(dk__encode_reflection_services(&memory.chain, &memory.arena, &request, names, 1)));
    memory.chain.bytes_max = CODEC_BYTES_MAX;
    memory.arena.bytes_max = memory.arena.bytes_taken;
    cr_assert(
        not(dk__encode_reflection_services(&memory.chain, &memory.arena, &request, names, 1)));

    cr_assert(eq(sz, memory.chain.bytes, 0));
}

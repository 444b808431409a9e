/*
 * From the text of a path or a query string to one field of a message.
 */
#include "wire/pbc/json.h"

#include "wire/pbc/json_field.h"
#include "wire/pbc/json_scalar.h"

#include <string.h>

/* One more item behind those of a list of scalars. */
static enum dk_error append_text(
    const struct dk__json_reading *reading,
    const ProtobufCFieldDescriptor *field,
    const struct dk__json_frame *frame,
    struct dk_bytes text,
    ProtobufCMessage *message) {
    const size_t size = dk__json_value_size(field);
    void *const place = dk__json_place(message, field);
    char *items = NULL;
    size_t count = 0;
    memcpy(&count, (char *)message + field->quantifier_offset, sizeof count);
    char *larger = dk__arena_take(reading->arena, (count + 1) * size);
    if (larger == NULL) {
        return dk__json_no_memory(reading);
    }
    memcpy(&items, place, sizeof items);
    if (count > 0) {
        memcpy(larger, items, count * size);
    }
    const enum dk_error error =
        dk__json_put_text(reading, field, frame, text, larger + count * size);
    if (error == DK_OK) {
        count++;
        memcpy(place, &larger, sizeof larger);
        memcpy((char *)message + field->quantifier_offset, &count, sizeof count);
    }
    return error;
}

enum dk_error dk__json_set_text(
    struct dk_bytes name,
    struct dk_bytes text,
    struct dk__arena *arena,
    ProtobufCMessage *message,
    struct dk_fault *fault) {
    const struct dk__json_reading reading = {.arena = arena, .fault = fault};
    char *const whole = dk__arena_copy_text(arena, name);
    if (whole == NULL) {
        return dk__json_no_memory(&reading);
    }
    const struct dk__json_frame frame = {.name = whole};
    for (;;) {
        const char *dot = memchr(name.data, '.', name.size);
        const struct dk_bytes head = {
            name.data, dot == NULL ? name.size : (size_t)(dot - name.data)};
        const ProtobufCFieldDescriptor *field = dk__json_field(message->descriptor, head);
        if (field == NULL || (dot == NULL) == (field->type == PROTOBUF_C_TYPE_MESSAGE)) {
            return dk__json_unknown_field(&reading, &frame, message->descriptor);
        }
        if (dot == NULL && field->label == PROTOBUF_C_LABEL_REPEATED) {
            return append_text(&reading, field, &frame, text, message);
        }
        if (dot == NULL) {
            dk__json_mark_set(message, field);
            return dk__json_put_text(&reading, field, &frame, text, dk__json_place(message, field));
        }
        ProtobufCMessage **const place = dk__json_place(message, field);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            return dk__json_unknown_field(&reading, &frame, message->descriptor);
        }
        if (*place == NULL) {
            *place = dk__json_message_new(&reading, dk__json_message_of(field));
            if (*place == NULL) {
                return dk__json_no_memory(&reading);
            }
        }
        dk__json_mark_set(message, field);
        message = *place;
        name = (struct dk_bytes){dot + 1, name.size - head.size - 1};
    }
}

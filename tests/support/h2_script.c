/*
 * Frames by hand and by script.
 */
#include "support/h2_script.h"

#include <string.h>

enum { NAME_BYTES_MAX = 100, STREAMS_BACK = 8 };

/* ── by hand ────────────────────────────────────────────────────────────────────────────────── */

static void put_head(uint8_t *target, size_t size, unsigned type, unsigned flags, uint32_t stream) {
    const uint8_t head[H2_FRAME_BYTES] = {
        (uint8_t)(size >> 16),
        (uint8_t)(size >> 8),
        (uint8_t)size,
        (uint8_t)type,
        (uint8_t)flags,
        (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16),
        (uint8_t)(stream >> 8),
        (uint8_t)stream,
    };
    memcpy(target, head, sizeof head);
}

size_t h2_write_frame(
    uint8_t *target, unsigned type, unsigned flags, uint32_t stream, struct dk_bytes payload) {
    put_head(target, payload.size, type, flags, stream);
    if (payload.size > 0) {
        memcpy(target + H2_FRAME_BYTES, payload.data, payload.size);
    }
    return H2_FRAME_BYTES + payload.size;
}

size_t h2_write_preface(uint8_t *target) {
    static const struct dk_bytes preface = DK_BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    memcpy(target, preface.data, preface.size);
    return preface.size + h2_write_frame(
                              target + preface.size,
                              H2_SETTINGS,
                              0,
                              0,
                              (struct dk_bytes){.data = NULL, .size = 0});
}

/* A text of HPACK without Huffman; below 127 bytes its length is one. */
static uint8_t *put_text(uint8_t *at, struct dk_bytes text) {
    const size_t size = text.size > NAME_BYTES_MAX ? NAME_BYTES_MAX : text.size;
    *at++ = (uint8_t)size;
    if (size > 0) {
        memcpy(at, text.data, size);
    }
    return at + size;
}

size_t h2_write_request(
    uint8_t *target,
    unsigned flags,
    uint32_t stream,
    const char *path,
    struct dk_bytes name,
    struct dk_bytes value) {
    uint8_t *at = target + H2_FRAME_BYTES;
    *at++ = 0x83; /* :method POST */
    *at++ = 0x86; /* :scheme http */
    *at++ = 0x01; /* :authority, not indexed */
    at = put_text(at, dk_bytes_of("h"));
    *at++ = 0x04; /* :path, not indexed */
    at = put_text(at, dk_bytes_of(path));
    *at++ = 0x0f; /* content-type, number 31, not indexed */
    *at++ = 0x10;
    at = put_text(at, dk_bytes_of("application/grpc"));
    if (name.data != NULL) {
        *at++ = 0x00; /* a name of its own, not indexed */
        at = put_text(at, name);
        at = put_text(at, value);
    }
    const size_t size = (size_t)(at - target) - H2_FRAME_BYTES;
    put_head(target, size, H2_HEADERS, flags, stream);
    return H2_FRAME_BYTES + size;
}

size_t h2_write_message(uint8_t *target, unsigned flags, uint32_t stream, struct dk_bytes message) {
    enum { PREFIX_BYTES = 5 };
    uint8_t *at = target + H2_FRAME_BYTES;
    put_head(target, PREFIX_BYTES + message.size, H2_DATA, flags, stream);
    *at++ = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        *at++ = (uint8_t)(message.size >> shift);
    }
    if (message.size > 0) {
        memcpy(at, message.data, message.size);
    }
    return H2_FRAME_BYTES + PREFIX_BYTES + message.size;
}

/* ── by script ──────────────────────────────────────────────────────────────────────────────── */

static unsigned take_byte(struct h2_script *script) {
    if (script->left.size == 0) {
        return 0;
    }
    script->left.size--;
    return (unsigned char)*script->left.data++;
}

/* As many bytes as the next one says, and as there are. */
static struct dk_bytes take_bytes(struct h2_script *script) {
    const size_t wanted = take_byte(script);
    const struct dk_bytes bytes = {
        .data = script->left.data, .size = wanted < script->left.size ? wanted : script->left.size};
    script->left.data += bytes.size;
    script->left.size -= bytes.size;
    return bytes;
}

static uint32_t take_number(struct h2_script *script) {
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        number = number << 8 | take_byte(script);
    }
    return number;
}

/* Mostly one of the streams that were opened last; else any. */
static uint32_t take_stream(struct h2_script *script) {
    const unsigned choice = take_byte(script);
    if (choice == 0xff) {
        return take_number(script);
    }
    const uint32_t back = 2 * (choice % STREAMS_BACK);
    return script->newest > back ? script->newest - back : 1;
}

static const char *take_path(struct h2_script *script) {
    size_t count = 0;
    while (script->paths[count] != NULL) {
        count++;
    }
    return script->paths[take_byte(script) % count];
}

/* The headers whose values are read by somebody. */
static struct dk_bytes take_name(struct h2_script *script) {
    static const struct dk_bytes names[] = {
        DK_BYTES("grpc-timeout"),
        DK_BYTES("grpc-encoding"),
        DK_BYTES("x-component-instance"),
        DK_BYTES("x-trace-bin"),
        DK_BYTES("te"),
        DK_BYTES("content-length"),
        DK_BYTES("x-other"),
        {.data = NULL, .size = 0},
    };
    return names[take_byte(script) % (sizeof names / sizeof names[0])];
}

static size_t write_open(struct h2_script *script, uint8_t *target, unsigned flags) {
    const char *path = take_path(script);
    const struct dk_bytes name = take_name(script);
    const struct dk_bytes value =
        name.data == NULL ? (struct dk_bytes){.data = NULL, .size = 0} : take_bytes(script);
    script->newest += script->newest == 0 ? 1 : 2;
    return h2_write_request(target, H2_END_HEADERS | flags, script->newest, path, name, value);
}

/* DATA of one byte many times over: what bounds of size are met with. */
static size_t write_bulk(struct h2_script *script, uint8_t *target, unsigned flags) {
    const uint32_t stream = take_stream(script);
    const size_t size = (size_t)take_byte(script) * 64;
    memset(target + H2_FRAME_BYTES, (int)take_byte(script), size);
    put_head(target, size, H2_DATA, flags, stream);
    return H2_FRAME_BYTES + size;
}

enum h2_step h2_script_next(struct h2_script *script, uint8_t *target, size_t *ret_size) {
    if (script->left.size == 0) {
        return H2_STEP_END;
    }
    const unsigned choice = take_byte(script);
    const unsigned flags = choice >> 7; /* END_STREAM */
    uint32_t stream = 0;
    switch (choice % 10) {
    case 0:
        *ret_size = write_open(script, target, flags);
        return H2_STEP_BYTES;
    case 1:
        stream = take_stream(script);
        *ret_size = h2_write_message(target, flags, stream, take_bytes(script));
        return H2_STEP_BYTES;
    case 2:
        stream = take_stream(script);
        *ret_size = h2_write_frame(target, H2_DATA, flags, stream, take_bytes(script));
        return H2_STEP_BYTES;
    case 3:
        *ret_size = write_bulk(script, target, flags);
        return H2_STEP_BYTES;
    case 4: /* any frame with any payload */
        stream = take_byte(script);
        *ret_size = h2_write_frame(
            target, stream, take_byte(script), take_stream(script), take_bytes(script));
        return H2_STEP_BYTES;
    case 5: /* of the connection */
        stream = take_byte(script);
        *ret_size = h2_write_frame(target, stream, take_byte(script), 0, take_bytes(script));
        return H2_STEP_BYTES;
    case 6: {
        const char code[4] = {0, 0, 0, (char)take_byte(script)};
        stream = take_stream(script);
        *ret_size = h2_write_frame(
            target, H2_RST_STREAM, 0, stream, (struct dk_bytes){.data = code, .size = 4});
        return H2_STEP_BYTES;
    }
    case 7: { /* bytes that need be no frame */
        const struct dk_bytes bytes = take_bytes(script);
        if (bytes.size > 0) {
            memcpy(target, bytes.data, bytes.size);
        }
        *ret_size = bytes.size;
        return H2_STEP_BYTES;
    }
    case 8:
        return H2_STEP_TURN;
    default:
        return H2_STEP_RELEASE;
    }
}

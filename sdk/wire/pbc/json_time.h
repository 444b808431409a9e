#ifndef DK_WIRE_PBC_JSON_TIME_H
#define DK_WIRE_PBC_JSON_TIME_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Timestamp and Duration as JSON has them. Source: google/protobuf/timestamp.proto, duration.proto.
 *
 * Units: seconds, and nanoseconds in 0 … 999,999,999 (of a duration: with the sign of the seconds).
 * Shape: "2026-11-25T10:00:00.250Z" in the years 1 to 9999, read with any offset; "-1.500s" within
 *        ±315,576,000,000 s. Written with 0, 3, 6 or 9 digits behind the point.
 * Pure; thread: any.
 */
struct dk__json_time {
    int64_t seconds;
    int32_t nanoseconds;
};

enum { DK__JSON_TIME_BYTES = 48 };

bool dk__json_timestamp_read(struct dk_bytes text, struct dk__json_time *ret_time);
bool dk__json_duration_read(struct dk_bytes text, struct dk__json_time *ret_time);
/* Bytes written without the NUL, of DK__JSON_TIME_BYTES; 0 for what is outside the shape. */
size_t dk__json_timestamp_write(struct dk__json_time time, char *target);
size_t dk__json_duration_write(struct dk__json_time time, char *target);

#endif /* DK_WIRE_PBC_JSON_TIME_H */

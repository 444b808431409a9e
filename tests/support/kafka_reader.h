#ifndef TESTS_SUPPORT_KAFKA_READER_H
#define TESTS_SUPPORT_KAFKA_READER_H

#include "clients/kafka/kafka_config.h"

/*
 * Properties read and resolved as the components do, for tests of what follows.
 *
 * Thread: the test's. Owner: the reader's until kafka_reader_end.
 */
struct kafka_reader {
    struct kafka_config config;
    struct kafka_settings settings;
    struct dk_pairs properties;
    struct dk_fault fault;
};

enum { KAFKA_READER_PAIRS_MAX = 64 };

/* Name, value, …, NULL. */
enum dk_error kafka_reader_read(
    struct kafka_reader *reader, const struct dk_option *options, const char *const *properties);
bool kafka_reader_says(const struct kafka_reader *reader, const char *words);
void kafka_reader_end(void);

#endif /* TESTS_SUPPORT_KAFKA_READER_H */

/*
 * How fast contents are hashed and sketched: a JSON object a line to standard output, and a ratio to
 * Python's datasketch, which DK_DATASKETCH names as "python script", over the same text.
 *
 * The text is Debian's licences in documents of 64 KiB. A figure is the best of ROUNDS rounds; seconds
 * are of the processor, so that neighbours on the machine do not count, MB are 10⁶ bytes.
 */
#include "compute/hash.h"
#include "compute/minhash.h"
#include "compute/simhash.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUNDS = 5,
    TEXT_BYTES_ROOM = 1024 * 1024,
    DOCUMENT_BYTES = 64 * 1024,
    COMMAND_BYTES = 4096
};
static const double seconds_least = 0.2;
static const double minhash_mb_min = 100.0, minhash_ratio_min = 50.0;

static char text[TEXT_BYTES_ROOM];
static size_t text_bytes;

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "compute_hash_bench: %s\n", what);
        exit(1);
    }
}

typedef void measured_fn(struct dk_bytes document);

static void measure_sha256(struct dk_bytes document) {
    char hash[HASH_SHA256_TEXT_BYTES];
    require(hash_sha256(document, NULL, hash, NULL) == DK_OK, "sha256");
}

static void measure_xxh3(struct dk_bytes document) {
    uint64_t hash = 0;
    require(hash_xxh3_64(document, NULL, &hash, NULL) == DK_OK, "xxh3");
}

static void measure_simhash(struct dk_bytes document) {
    uint64_t hash = 0;
    require(simhash_text(document, NULL, &hash, NULL) == DK_OK && hash != 0, "simhash");
}

static void measure_minhash(struct dk_bytes document) {
    struct minhash_signature signature;
    bool has_words = false;
    require(
        minhash_text(document, NULL, &signature, &has_words, NULL) == DK_OK && has_words,
        "minhash");
}

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* MB/s: the best of the rounds. */
static double rate(measured_fn *measured) {
    const size_t documents = text_bytes / DOCUMENT_BYTES;
    double best = 0.0;
    for (size_t round = 0; round < ROUNDS; round++) {
        const double begin = now();
        double bytes = 0.0, seconds = 0.0;
        for (size_t i = 0; seconds < seconds_least; i = (i + 1) % documents) {
            measured((struct dk_bytes){.data = text + i * DOCUMENT_BYTES, .size = DOCUMENT_BYTES});
            bytes += DOCUMENT_BYTES;
            seconds = now() - begin;
        }
        best = bytes / seconds / 1e6 > best ? bytes / seconds / 1e6 : best;
    }
    return best;
}

static void read_licences(void) {
    glob_t files;
    require(glob("/usr/share/common-licenses/*-[0-9]*", 0, NULL, &files) == 0, "no licences");
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "r");
        require(file != NULL, files.gl_pathv[i]);
        text_bytes += fread(text + text_bytes, 1, sizeof text - text_bytes, file);
        (void)fclose(file);
    }
    globfree(&files);
    require(text_bytes >= 2 * DOCUMENT_BYTES, "too little text");
}

/* The text in a file, for the other side. */
static void text_write(char *path) {
    const int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    require(
        file != NULL && fwrite(text, 1, text_bytes, file) == text_bytes && fclose(file) == 0,
        "the text cannot be written to a file");
}

static double rate_of_datasketch(void) {
    const char *datasketch = getenv("DK_DATASKETCH");
    char path[] = "/tmp/dk-bench-text.XXXXXX";
    char command[COMMAND_BYTES];
    double found = 0.0;
    require(datasketch != NULL, "DK_DATASKETCH is not set: run it by ./dev bench compute");
    text_write(path);
    (void)snprintf(command, sizeof command, "%s %s", datasketch, path);
    FILE *answer = popen(command, "r");
    const bool is_good = answer != NULL && fscanf(answer, "%lf", &found) == 1;
    require(answer != NULL && pclose(answer) == 0 && is_good && found > 0.0, "datasketch failed");
    (void)remove(path);
    return found;
}

static bool bound(const char *what, double value, double least) {
    const bool is_good = value >= least;
    printf(
        "{\"ratio\":\"%s\",\"value\":%.1f,\"bound\":\"at least %.0f\",\"good\":%s}\n",
        what,
        value,
        least,
        is_good ? "true" : "false");
    return is_good;
}

int main(void) {
    static const struct {
        const char *name;
        measured_fn *measured;
    } rows[] = {
        {"sha256", measure_sha256},
        {"xxh3", measure_xxh3},
        {"simhash", measure_simhash},
        {"minhash", measure_minhash},
    };
    double last = 0.0;
    read_licences();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        last = rate(rows[i].measured);
        printf(
            "{\"bench\":\"compute_hash\",\"function\":\"%s\",\"mb_per_s\":%.1f}\n",
            rows[i].name,
            last);
        (void)fflush(stdout);
    }
    const double other = rate_of_datasketch();
    printf(
        "{\"bench\":\"compute_hash\",\"function\":\"minhash\",\"by\":\"datasketch\",\"mb_per_s\":%."
        "3f}\n",
        other);
    const bool is_fast = bound("MinHash, MB/s", last, minhash_mb_min);
    const bool is_faster = bound("MinHash to datasketch", last / other, minhash_ratio_min);
    return is_fast && is_faster ? 0 : 1;
}

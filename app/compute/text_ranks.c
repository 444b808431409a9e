/*
 * A table of runs by their hash (open addressing), each with a chain of its places. A text's
 * fingerprint is the library's; it gives its runs by printing them, the most frequent first.
 */
#include "compute/text_ranks.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libexttextcat/fingerprint.h>

enum {
    SLOTS = 1 << 17,
    RUNS_MAX = SLOTS / 4 * 3,
    RUN_BYTES_MAX = 31, /* five characters, and some more of those that combine */
    LINE_BYTES_MAX = 1024,
};

/* Indexes count from 1; 0 is none. */
struct place {
    uint16_t language, rank;
    uint32_t next;
};

struct run {
    char text[RUN_BYTES_MAX + 1];
    uint32_t place; /* the first */
};

struct text_ranks {
    uint32_t slots[SLOTS];
    struct run *runs;
    struct place *places;
    size_t run_count, run_capacity, place_count, place_capacity;
};

struct text_ranks *text_ranks_new(void) {
    return calloc(1, sizeof(struct text_ranks));
}

void text_ranks_free(struct text_ranks *ranks) {
    if (ranks != NULL) {
        free(ranks->runs);
        free(ranks->places);
        free(ranks);
    }
}

/* Where a run stands, or would. A free slot is always there. */
static size_t slot_of(const struct text_ranks *ranks, const char *text) {
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    }
    size_t slot = (hash ^ hash >> 15) % SLOTS;
    while (ranks->slots[slot] != 0 && strcmp(ranks->runs[ranks->slots[slot] - 1].text, text) != 0) {
        slot = (slot + 1) % SLOTS;
    }
    return slot;
}

/* ── languages ──────────────────────────────────────────────────────────────────────────────── */

/* Room for one more run and one more place; false: no memory, or RUNS_MAX. */
static bool grow(struct text_ranks *ranks) {
    if (ranks->run_count == RUNS_MAX) {
        return false;
    }
    if (ranks->run_count == ranks->run_capacity) {
        const size_t capacity = 2 * ranks->run_capacity + TEXT_RANKS_RUNS_MAX;
        struct run *runs = realloc(ranks->runs, capacity * sizeof *runs);
        if (runs == NULL) {
            return false;
        }
        ranks->runs = runs;
        ranks->run_capacity = capacity;
    }
    if (ranks->place_count == ranks->place_capacity) {
        const size_t capacity = 2 * ranks->place_capacity + TEXT_RANKS_RUNS_MAX;
        struct place *places = realloc(ranks->places, capacity * sizeof *places);
        if (places == NULL) {
            return false;
        }
        ranks->places = places;
        ranks->place_capacity = capacity;
    }
    return true;
}

static bool run_add(struct text_ranks *ranks, const char *text, struct place place) {
    const size_t slot = slot_of(ranks, text);
    if (!grow(ranks)) {
        return false;
    }
    if (ranks->slots[slot] == 0) {
        struct run *run = &ranks->runs[ranks->run_count++];
        *run = (struct run){.place = 0};
        memcpy(run->text, text, strlen(text));
        ranks->slots[slot] = (uint32_t)ranks->run_count;
    }
    struct run *run = &ranks->runs[ranks->slots[slot] - 1];
    place.next = run->place;
    ranks->places[ranks->place_count++] = place;
    run->place = (uint32_t)ranks->place_count;
    return true;
}

enum dk_error text_ranks_read(
    struct text_ranks *ranks, unsigned language, const char *path, struct dk_fault *fault) {
    char line[LINE_BYTES_MAX];
    bool has_room = language < TEXT_RANKS_LANGUAGES_MAX;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return dk_fault_set(fault, DK_NOT_FOUND, "languages: '%s' cannot be read", path);
    }
    for (uint16_t rank = 0;
         has_room && rank < TEXT_RANKS_RUNS_MAX && fgets(line, sizeof line, file) != NULL;) {
        line[strcspn(line, " \t\r\n")] = '\0';
        if (strlen(line) <= RUN_BYTES_MAX) {
            has_room =
                run_add(ranks, line, (struct place){.language = (uint16_t)language, .rank = rank});
        }
        rank++;
    }
    (void)fclose(file);
    return has_room ? DK_OK
                    : dk_fault_set(
                          fault, DK_EXHAUSTED, "languages: no room for the fingerprint '%s'", path);
}

/* ── texts ──────────────────────────────────────────────────────────────────────────────────── */

/* The runs, each ended by a NUL, in one piece; NULL: no memory. */
static char *runs_print(void *fingerprint, size_t *ret_count) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    fp_Print(fingerprint, stream);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    *ret_count = 0;
    for (char *at = text; at < text + size; at++) {
        if (*at == '\n') {
            *at = '\0';
            (*ret_count)++;
        }
    }
    return text;
}

bool text_ranks_distances(
    const struct text_ranks *ranks,
    void *fingerprint,
    long greatest,
    long *ret_distances,
    size_t count) {
    size_t run_count = 0;
    char *const text = runs_print(fingerprint, &run_count);
    if (text == NULL) {
        return false;
    }
    /* What a run costs that a language does not have. */
    const long missing = run_count == 0 ? 0 : greatest / (long)run_count;
    for (size_t i = 0; i < count; i++) {
        ret_distances[i] = greatest;
    }
    const char *at = text;
    for (size_t rank = 0; rank < run_count; rank++, at += strlen(at) + 1) {
        const uint32_t found = ranks->slots[slot_of(ranks, at)];
        uint32_t next = found == 0 ? 0 : ranks->runs[found - 1].place;
        while (next != 0) {
            const struct place *place = &ranks->places[next - 1];
            if (place->language < count) {
                ret_distances[place->language] += labs((long)place->rank - (long)rank) - missing;
            }
            next = place->next;
        }
    }
    free(text);
    return true;
}

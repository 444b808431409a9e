/*
 * libexttextcat's fingerprints, by their distances instead of by its classifier: this says by how much the
 * best is ahead, where the classifier gives names only and gives up on more than five.
 *
 *     text ─ slices ─ letters and a little punctuation ─▶ sample ─ fp_Create ─▶ fingerprint
 *                                                          distances to 170 languages ◀─ text_ranks
 *
 * The library reads its sample up to a NUL whatever size it is told, so a sample has one at its end
 * and none before. Its functions change the handle they make and nothing else.
 *
 * Thread: any.
 */
#include "compute/text_language.h"

#include "compute/text_ranks.h"
#include "compute/text_utf8.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libexttextcat/fingerprint.h>

enum {
    LANGUAGES_MAX = TEXT_RANKS_LANGUAGES_MAX,
    NGRAMS_MAX = TEXT_RANKS_RUNS_MAX,
    PATH_BYTES_MAX = 512,
    SAMPLE_BYTES_MAX = TEXT_LANGUAGE_SLICES * (TEXT_LANGUAGE_SLICE_BYTES + 1),
    SHADE_PERCENT = 3, /* libexttextcat's THRESHOLDVALUE */
    /* A text is like none of the languages when the best fingerprint shares next to nothing with
     * its own: rows of consonants have 91 % of the greatest distance. Few letters say less of what
     * they have in common: 40 characters of Chinese have 94 %, and a page of any language has 86 %
     * at most. */
    DISTANCE_PERCENT_MAX = 90,
    DISTANCE_LETTERS_MIN = 500,
};

struct language {
    char code[TEXT_LANGUAGE_CODE_BYTES_MAX];
    bool is_shaded;
};

struct text_languages {
    void *nothing; /* a fingerprint of nothing: the distance to it is the greatest there is */
    struct text_ranks *ranks;
    size_t count;
    struct language items[LANGUAGES_MAX];
};

/* The library's names that are no ISO 639-1 code, or one for what has a shorter. */
static const struct {
    const char *name, *code;
} codes[] = {
    {"gug", "gn"},
    {"kng", "kg"},
    {"plt", "mg"},
    {"quz", "qu"},
    {"sh", "sr"},
};

/* Neighbours of a language that is written far more. */
static const char *const shaded[] = {
    "ast",
    "bs",
    "fur",
    "gl",
    "grc",
    "hsb",
    "ia",
    "nds",
    "oc",
    "rm",
    "rue",
    "sc",
    "sco",
};

static bool is_shaded(const char *code) {
    for (size_t i = 0; i < sizeof shaded / sizeof shaded[0]; i++) {
        if (strcmp(code, shaded[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "pt--utf8" is pt, "zh-CN-utf8" zh. */
static void code_of(const char *name, char *code) {
    size_t size = 0;
    while (name[size] != '\0' && name[size] != '-' && size < TEXT_LANGUAGE_CODE_BYTES_MAX - 1) {
        code[size] = name[size];
        size++;
    }
    code[size] = '\0';
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(code, codes[i].name) == 0) {
            memcpy(code, codes[i].code, strlen(codes[i].code) + 1);
        }
    }
}

static enum dk_error no_memory(struct dk_fault *fault) {
    return dk_fault_set(fault, DK_EXHAUSTED, "languages: no memory for fingerprints");
}

static enum dk_error languages_add(
    struct text_languages *languages,
    const char *folder,
    const char *file,
    const char *name,
    struct dk_fault *fault) {
    char path[PATH_BYTES_MAX];
    const int size = snprintf(path, sizeof path, "%s/%s", folder, file);
    if (languages->count == LANGUAGES_MAX || size < 0 || (size_t)size >= sizeof path) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "languages: '%s/fpdb.conf' names more than %d files or one with a path over %d bytes",
            folder,
            LANGUAGES_MAX,
            PATH_BYTES_MAX - 1);
    }
    struct language *language = &languages->items[languages->count];
    const enum dk_error error =
        text_ranks_read(languages->ranks, (unsigned)languages->count, path, fault);
    if (error != DK_OK) {
        return error;
    }
    languages->count++;
    code_of(name, language->code);
    language->is_shaded = is_shaded(language->code);
    return DK_OK;
}

/* The words of a line before "#"; false when there are less than two. */
static bool line_split(char *line, char **ret_file, char **ret_name) {
    char *rest = NULL;
    line[strcspn(line, "#\r\n")] = '\0';
    *ret_file = strtok_r(line, " \t", &rest);
    *ret_name = strtok_r(NULL, " \t", &rest);
    return *ret_file != NULL && *ret_name != NULL;
}

static enum dk_error languages_read(
    struct text_languages *languages, const char *folder, struct dk_fault *fault) {
    char line[PATH_BYTES_MAX], *file = NULL, *name = NULL;
    enum dk_error error = DK_OK;
    (void)snprintf(line, sizeof line, "%s/fpdb.conf", folder);
    FILE *list = fopen(line, "re");
    if (list == NULL) {
        return dk_fault_set(
            fault, DK_NOT_FOUND, "languages: '%s' cannot be read (libexttextcat-data)", line);
    }
    while (error == DK_OK && fgets(line, sizeof line, list) != NULL) {
        if (line_split(line, &file, &name)) {
            error = languages_add(languages, folder, file, name, fault);
        }
    }
    (void)fclose(list);
    if (error == DK_OK && languages->count == 0) {
        error = dk_fault_set(fault, DK_INVALID, "languages: '%s/fpdb.conf' names none", folder);
    }
    return error;
}

enum dk_error text_languages_new(
    const char *folder, struct text_languages **ret_languages, struct dk_fault *fault) {
    struct text_languages *languages = calloc(1, sizeof *languages);
    if (languages == NULL) {
        return no_memory(fault);
    }
    languages->nothing = fp_Init(NULL);
    languages->ranks = text_ranks_new();
    const enum dk_error error =
        languages->ranks == NULL ? no_memory(fault) : languages_read(languages, folder, fault);
    if (error != DK_OK) {
        text_languages_free(languages);
        return error;
    }
    *ret_languages = languages;
    return DK_OK;
}

void text_languages_free(struct text_languages *languages) {
    if (languages == NULL) {
        return;
    }
    text_ranks_free(languages->ranks);
    fp_Done(languages->nothing);
    free(languages);
}

struct sample {
    size_t size, letters;
    char bytes[SAMPLE_BYTES_MAX + 1];
};

static bool is_ascii_letter(unsigned char byte) {
    return (unsigned char)((byte | 32) - 'a') < 26;
}

/* What prose is made of goes on; the rest, digits, symbols and controls, is one space. */
static void sample_add(struct sample *sample, const unsigned char *at, const unsigned char *end) {
    for (; at < end; at++) {
        const bool has_before = sample->size > 0 && sample->bytes[sample->size - 1] != ' ';
        if (*at >= 0x80 || is_ascii_letter(*at)) {
            sample->letters += (*at & 0xC0) != 0x80; /* each character by its first byte */
            sample->bytes[sample->size++] = (char)*at;
        } else if (
            *at != '\0' && strchr("',.-", *at) != NULL && has_before &&
            sample->bytes[sample->size - 1] != (char)*at) {
            sample->bytes[sample->size++] = (char)*at;
        } else if (has_before) {
            sample->bytes[sample->size++] = ' ';
        }
    }
    if (sample->size > 0 && sample->bytes[sample->size - 1] != ' ') {
        sample->bytes[sample->size++] = ' ';
    }
}

/* Where the character at `at` begins. */
static const unsigned char *character_begin(const unsigned char *begin, const unsigned char *at) {
    while (at > begin && (*at & 0xC0) == 0x80) {
        at--;
    }
    return at;
}

static void sample_take(struct sample *sample, struct dk_bytes text) {
    const unsigned char *const begin = text_begin(text);
    const size_t whole = (size_t)TEXT_LANGUAGE_SLICES * TEXT_LANGUAGE_SLICE_BYTES;
    sample->size = 0;
    sample->letters = 0;
    if (text.size <= whole) {
        sample_add(sample, begin, begin + text.size);
    } else {
        const size_t step = (text.size - TEXT_LANGUAGE_SLICE_BYTES) / (TEXT_LANGUAGE_SLICES - 1);
        for (size_t i = 0; i < TEXT_LANGUAGE_SLICES; i++) {
            const unsigned char *const slice = begin + i * step;
            const unsigned char *const slice_end = slice + TEXT_LANGUAGE_SLICE_BYTES;
            sample_add(
                sample,
                character_begin(begin, slice),
                slice_end < begin + text.size ? character_begin(begin, slice_end) : slice_end);
        }
    }
    sample->bytes[sample->size] = '\0';
}

struct ranking {
    const struct language *best;
    long distance, second; /* of the best, and of the best one with another code; percent × 100 */
};

static void ranking_add(struct ranking *ranking, const struct language *language, long distance) {
    distance *= language->is_shaded ? 100 + SHADE_PERCENT : 100;
    if (ranking->best == NULL || distance < ranking->distance) {
        if (ranking->best != NULL && strcmp(ranking->best->code, language->code) != 0) {
            ranking->second = ranking->distance;
        }
        ranking->best = language;
        ranking->distance = distance;
    } else if (distance < ranking->second && strcmp(ranking->best->code, language->code) != 0) {
        ranking->second = distance;
    }
}

void text_languages_tell(
    const struct text_languages *languages,
    struct dk_bytes text,
    struct text_language *ret_language) {
    struct sample sample;
    struct ranking ranking = {.second = LONG_MAX};
    *ret_language = (struct text_language){.code = ""};
    sample_take(&sample, text);
    if (sample.letters < TEXT_LANGUAGE_LETTERS_MIN) {
        return;
    }
    void *fingerprint = fp_Init(NULL);
    long distances[LANGUAGES_MAX];
    long farthest = 0;
    if (fp_Create(fingerprint, sample.bytes, (uint4)sample.size, NGRAMS_MAX) != 0) {
        farthest = fp_Compare(languages->nothing, fingerprint, INT_MAX);
    }
    if (farthest > 0 && text_ranks_distances(
                            languages->ranks, fingerprint, farthest, distances, languages->count)) {
        const long greatest = 100L * farthest;
        for (size_t i = 0; i < languages->count; i++) {
            const long cutoff =
                ranking.second == LONG_MAX ? greatest / 100 : ranking.second / 100 + 1;
            if (distances[i] <= cutoff) {
                ranking_add(&ranking, &languages->items[i], distances[i]);
            }
        }
        const long percent = sample.letters >= DISTANCE_LETTERS_MIN ? DISTANCE_PERCENT_MAX : 100;
        if (ranking.best != NULL && ranking.distance <= greatest / 100 * percent) {
            const long second = ranking.second == LONG_MAX ? greatest : ranking.second;
            const double ahead = (double)(second - ranking.distance) / (double)second;
            memcpy(ret_language->code, ranking.best->code, sizeof ret_language->code);
            ret_language->confidence = ahead / (ahead + SHADE_PERCENT / 100.0);
        }
    }
    fp_Done(fingerprint);
}

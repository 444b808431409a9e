/* Distances are those of the library's own comparison, for every language and many texts. */
#include "compute/text_ranks.h"

#include "compute/text_language.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <libexttextcat/fingerprint.h>

enum { LANGUAGES_MAX = TEXT_RANKS_LANGUAGES_MAX, TEXTS = 40, TEXT_BYTES = 3000 };

/* Every fingerprint of the folder, as the library reads it and as we do. */
static size_t languages_read(struct text_ranks *ranks, void *languages[LANGUAGES_MAX]) {
    DIR *folder = opendir(TEXT_LANGUAGES_FOLDER);
    const struct dirent *file;
    size_t count = 0;
    cr_assert(ne(ptr, folder, NULL));
    while ((file = readdir(folder)) != NULL && count < LANGUAGES_MAX) {
        char path[512];
        if (strstr(file->d_name, ".lm") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", TEXT_LANGUAGES_FOLDER, file->d_name);
        languages[count] = fp_Init(file->d_name);
        cr_assert(
            ne(int, (int)fp_Read(languages[count], path, TEXT_RANKS_RUNS_MAX), 0), "%s", path);
        cr_assert(eq(int, text_ranks_read(ranks, (unsigned)count, path, NULL), DK_OK), "%s", path);
        count++;
    }
    (void)closedir(folder);
    return count;
}

/* Words of letters that some of the languages have. */
static size_t make_text(struct random *random, char text[TEXT_BYTES + 8]) {
    static const char *const letters[] = {
        "e",
        "n",
        "t",
        "a",
        "sch",
        "th",
        "ou",
        "\xC3\xA9",
        "\xD0\xB0",
        "\xD0\xBE",
        "\xE3\x81\xAE",
        "\xCE\xB1",
        " ",
        " ",
        "."};
    const size_t size_max = 30 + random_below(random, TEXT_BYTES - 30);
    size_t size = 0;
    while (size < size_max) {
        const char *letter = letters[random_below(random, sizeof letters / sizeof letters[0])];
        memcpy(text + size, letter, strlen(letter));
        size += strlen(letter);
    }
    text[size] = '\0';
    return size;
}

Test(text_ranks, distances_are_those_of_the_library, .timeout = 60) {
    struct text_ranks *ranks = text_ranks_new();
    void *languages[LANGUAGES_MAX], *nothing = fp_Init(NULL);
    struct random random = {0};
    const size_t count = languages_read(ranks, languages);
    cr_assert(gt(sz, count, 100));

    for (int round = 0; round < TEXTS; round++) {
        char text[TEXT_BYTES + 8];
        long distances[LANGUAGES_MAX];
        void *fingerprint = fp_Init(NULL);
        const size_t size = make_text(&random, text);
        cr_assert(ne(int, (int)fp_Create(fingerprint, text, (uint4)size, TEXT_RANKS_RUNS_MAX), 0));
        const long greatest = fp_Compare(nothing, fingerprint, INT_MAX);

        cr_assert(text_ranks_distances(ranks, fingerprint, greatest, distances, count));

        for (size_t i = 0; i < count; i++) {
            cr_assert(
                eq(long, distances[i], (long)fp_Compare(languages[i], fingerprint, INT_MAX)),
                "%s, text %d",
                fp_Name(languages[i]),
                round);
        }
        fp_Done(fingerprint);
    }
    for (size_t i = 0; i < count; i++) {
        fp_Done(languages[i]);
    }
    fp_Done(nothing);
    text_ranks_free(ranks);
}

Test(text_ranks, without_languages_everything_is_farthest) {
    struct text_ranks *ranks = text_ranks_new();
    void *fingerprint = fp_Init(NULL);
    static const char text[] = "the cat and the hat ";
    long distance = 0;
    cr_assert(ne(int, (int)fp_Create(fingerprint, text, sizeof text - 1, TEXT_RANKS_RUNS_MAX), 0));

    cr_assert(text_ranks_distances(ranks, fingerprint, 1234, &distance, 1));

    cr_assert(eq(long, distance, 1234));
    fp_Done(fingerprint);
    text_ranks_free(ranks);
}

Test(text_ranks, what_cannot_be_read_is_named) {
    struct text_ranks *ranks = text_ranks_new();
    struct dk_fault fault = {0};

    cr_assert(eq(int, text_ranks_read(ranks, 0, "/nowhere/en.lm", &fault), DK_NOT_FOUND));
    cr_assert(ne(ptr, strstr(fault.text, "/nowhere/en.lm"), NULL));
    cr_assert(
        eq(int,
           text_ranks_read(ranks, TEXT_RANKS_LANGUAGES_MAX, TEXT_LANGUAGES_FOLDER "/en.lm", NULL),
           DK_EXHAUSTED));

    text_ranks_free(ranks);
}

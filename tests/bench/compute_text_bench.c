/*
 * How fast the text functions are: a JSON object a line to standard output.
 *
 *     compute_text_bench                   measures
 *     compute_text_bench --keywords FILE…  prints the ten keywords of each file instead, for a
 *                                          comparison with another implementation
 *
 * Texts are Debian's licences (English prose in ASCII) in documents of 64 and 4 KiB, and the first
 * article of the Declaration of Human Rights in 29 languages, repeated. A figure is the best of
 * ROUNDS rounds of SECONDS_LEAST each; seconds are of the processor, so that
 * neighbours on the machine do not count, MB are 10⁶ bytes. "keywords" and
 * "summary" begin with the bytes; a caller who wants both reads them once, as "all" does.
 * References run in the same process: utf8proc_NFKC_Casefold for folding, libexttextcat's own
 * classifier over the whole text for language.
 */
#include "compute/text_keywords.h"
#include "compute/text_language.h"
#include "compute/text_readability.h"
#include "compute/text_statistics.h"
#include "compute/text_summary.h"
#include "support/declaration.h"

#include <glob.h>
#include <libexttextcat/textcat.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

enum { ROUNDS = 3, CORPUS_BYTES_MAX = 1024 * 1024, FILE_BYTES_MAX = 4 * 1024 * 1024, SHOWN = 10 };
static const double seconds_least = 0.3;

struct corpus {
    const char *name;
    size_t document_bytes, document_count;
    char *bytes; /* each document followed by a NUL, for libraries that want one */
    struct text **texts;
};

struct tools {
    struct text_languages *languages;
    void *textcat;
};

typedef void measured_fn(const struct tools *tools, const struct corpus *corpus, size_t document);

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "compute_text_bench: %s\n", what);
        exit(1);
    }
}

static struct dk_bytes document_at(const struct corpus *corpus, size_t document) {
    return (struct dk_bytes){
        .data = corpus->bytes + document * (corpus->document_bytes + 1),
        .size = corpus->document_bytes};
}

static void measure_check(const struct tools *tools, const struct corpus *corpus, size_t document) {
    (void)tools;
    require(text_check(document_at(corpus, document), NULL, NULL) == DK_OK, "check");
}

static void measure_fold(const struct tools *tools, const struct corpus *corpus, size_t document) {
    char *folded = NULL;
    size_t size = 0;
    (void)tools;
    require(text_fold(document_at(corpus, document), NULL, &folded, &size, NULL) == DK_OK, "fold");
    free(folded);
}

static void measure_fold_reference(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    (void)tools;
    utf8proc_uint8_t *folded =
        utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)document_at(corpus, document).data);
    require(folded != NULL, "utf8proc");
    free(folded);
}

static void measure_statistics(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text_statistics statistics;
    (void)tools;
    require(
        text_statistics_count(document_at(corpus, document), NULL, &statistics, NULL) == DK_OK,
        "statistics");
}

static void measure_language(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text_language language;
    text_languages_tell(tools->languages, document_at(corpus, document), &language);
    require(language.code[0] != '\0', "language");
}

static void measure_language_reference(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    const struct dk_bytes text = document_at(corpus, document);
    require(textcat_Classify(tools->textcat, text.data, text.size) != NULL, "libexttextcat");
}

static void measure_view(const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text *text = NULL;
    (void)tools;
    require(text_new(document_at(corpus, document), NULL, &text, NULL) == DK_OK, "view");
    text_free(text);
}

static void find_keywords(const struct text_lexicon *lexicon) {
    static struct text_keyword keywords[TEXT_KEYWORDS_MAX];
    size_t count = 0;
    require(
        text_keywords_find(lexicon, SHOWN, NULL, keywords, &count, NULL) == DK_OK && count > 0,
        "keywords");
}

static void pick_summary(const struct text_lexicon *lexicon) {
    uint32_t sentences[TEXT_SUMMARY_SENTENCES_MAX];
    size_t count = 0;
    require(
        text_summary_pick(lexicon, 3, NULL, sentences, &count, NULL) == DK_OK && count > 0,
        "summary");
}

static struct text_lexicon *lexicon_of(const struct text *text, const char *language) {
    struct text_lexicon *lexicon = NULL;
    require(text_lexicon_new(text, language, &lexicon, NULL) == DK_OK, "lexicon");
    return lexicon;
}

static void measure_keywords(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text *text = NULL;
    (void)tools;
    require(text_new(document_at(corpus, document), NULL, &text, NULL) == DK_OK, "view");
    struct text_lexicon *lexicon = lexicon_of(text, "en");
    find_keywords(lexicon);
    text_lexicon_free(lexicon);
    text_free(text);
}

static void measure_summary(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text *text = NULL;
    (void)tools;
    require(text_new(document_at(corpus, document), NULL, &text, NULL) == DK_OK, "view");
    struct text_lexicon *lexicon = lexicon_of(text, "en");
    pick_summary(lexicon);
    text_lexicon_free(lexicon);
    text_free(text);
}

static void measure_readability(
    const struct tools *tools, const struct corpus *corpus, size_t document) {
    struct text_readability readability;
    (void)tools;
    text_readability_measure(corpus->texts[document], "en", &readability);
    require(readability.is_told, "readability");
}

static void measure_all(const struct tools *tools, const struct corpus *corpus, size_t document) {
    const struct dk_bytes source = document_at(corpus, document);
    struct text_language language;
    struct text_readability readability;
    struct text *text = NULL;
    measure_statistics(tools, corpus, document);
    text_languages_tell(tools->languages, source, &language);
    require(text_new(source, NULL, &text, NULL) == DK_OK, "view");
    struct text_lexicon *lexicon = lexicon_of(text, language.code);
    find_keywords(lexicon);
    pick_summary(lexicon);
    text_readability_measure(text, language.code, &readability);
    text_lexicon_free(lexicon);
    text_free(text);
}

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* MB/s: the best of the rounds. */
static double rate(const struct tools *tools, const struct corpus *corpus, measured_fn *measured) {
    double best = 0.0;
    for (size_t round = 0; round < ROUNDS; round++) {
        const double begin = now();
        double bytes = 0.0, seconds = 0.0;
        for (size_t i = 0; seconds < seconds_least; i = (i + 1) % corpus->document_count) {
            measured(tools, corpus, i);
            bytes += (double)corpus->document_bytes;
            seconds = now() - begin;
        }
        best = bytes / seconds / 1e6 > best ? bytes / seconds / 1e6 : best;
    }
    return best;
}

static void report(
    const struct tools *tools,
    const struct corpus *corpus,
    const char *function,
    measured_fn *measured,
    const char *reference_name,
    measured_fn *reference) {
    const double found = rate(tools, corpus, measured);
    printf(
        "{\"bench\":\"compute_text\",\"function\":\"%s\",\"text\":\"%s\",\"document_bytes\":%zu,"
        "\"mb_per_s\":%.1f",
        function,
        corpus->name,
        corpus->document_bytes,
        found);
    if (reference != NULL) {
        const double beside = rate(tools, corpus, reference);
        printf(
            ",\"reference\":\"%s\",\"reference_mb_per_s\":%.1f,\"ratio\":%.2f",
            reference_name,
            beside,
            found / beside);
    }
    printf("}\n");
    (void)fflush(stdout);
}

static size_t file_read(const char *path, char *bytes, size_t room) {
    FILE *file = fopen(path, "r");
    require(file != NULL, path);
    const size_t size = fread(bytes, 1, room, file);
    (void)fclose(file);
    return size;
}

static size_t read_licences(char *bytes, size_t room) {
    glob_t files;
    size_t size = 0;
    require(glob("/usr/share/common-licenses/*-[0-9]*", 0, NULL, &files) == 0, "no licences");
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size += file_read(files.gl_pathv[i], bytes + size, room - size);
    }
    globfree(&files);
    return size;
}

static size_t repeat_declarations(char *bytes, size_t room) {
    size_t size = 0;
    for (size_t i = 0;; i = (i + 1) % (sizeof declarations / sizeof declarations[0])) {
        const size_t more = strlen(declarations[i].text);
        if (room - size < more + 2) {
            return size;
        }
        memcpy(bytes + size, declarations[i].text, more);
        memcpy(bytes + size + more, "\n\n", 2);
        size += more + 2;
    }
}

/* Cuts a text into documents; what remains of a cut character becomes spaces. */
static void corpus_make(
    struct corpus *corpus,
    const char *name,
    size_t document_bytes,
    const char *bytes,
    size_t size) {
    corpus->name = name;
    corpus->document_bytes = document_bytes;
    corpus->document_count = size / document_bytes;
    require(corpus->document_count > 0, "too little text");
    corpus->bytes = malloc(corpus->document_count * (document_bytes + 1));
    corpus->texts = calloc(corpus->document_count, sizeof(struct text *));
    require(corpus->bytes != NULL && corpus->texts != NULL, "no memory");
    for (size_t i = 0; i < corpus->document_count; i++) {
        char *document = corpus->bytes + i * (document_bytes + 1);
        memcpy(document, bytes + i * document_bytes, document_bytes);
        document[document_bytes] = '\0';
        for (size_t k = 0; k < document_bytes && (document[k] & 0xC0) == 0x80; k++) {
            document[k] = ' ';
        }
        size_t end = document_bytes;
        while (
            text_check((struct dk_bytes){.data = document, .size = document_bytes}, NULL, NULL) !=
            DK_OK) {
            require(end > document_bytes - TEXT_CHARACTER_BYTES_MAX, "texts are no UTF-8");
            document[--end] = ' ';
        }
        require(text_new(document_at(corpus, i), NULL, &corpus->texts[i], NULL) == DK_OK, "view");
    }
}

static void corpus_free(struct corpus *corpus) {
    for (size_t i = 0; i < corpus->document_count; i++) {
        text_free(corpus->texts[i]);
    }
    free(corpus->texts);
    free(corpus->bytes);
}

static void measure_corpus(
    const struct tools *tools, const struct corpus *corpus, bool is_english) {
    report(tools, corpus, "check", measure_check, NULL, NULL);
    report(tools, corpus, "fold", measure_fold, "utf8proc_NFKC_Casefold", measure_fold_reference);
    report(tools, corpus, "statistics", measure_statistics, NULL, NULL);
    report(
        tools,
        corpus,
        "language",
        measure_language,
        "textcat_Classify",
        measure_language_reference);
    report(tools, corpus, "view", measure_view, NULL, NULL);
    report(tools, corpus, "keywords", measure_keywords, NULL, NULL);
    report(tools, corpus, "summary", measure_summary, NULL, NULL);
    if (is_english) {
        report(tools, corpus, "readability", measure_readability, NULL, NULL);
    }
    report(tools, corpus, "all", measure_all, NULL, NULL);
}

static void measure(const struct tools *tools) {
    static char bytes[CORPUS_BYTES_MAX];
    struct corpus corpus;
    const size_t size = read_licences(bytes, sizeof bytes);
    corpus_make(&corpus, "licences", 64 * 1024, bytes, size);
    measure_corpus(tools, &corpus, true);
    corpus_free(&corpus);
    corpus_make(&corpus, "licences", 4 * 1024, bytes, size);
    measure_corpus(tools, &corpus, true);
    corpus_free(&corpus);
    corpus_make(
        &corpus, "declarations", 64 * 1024, bytes, repeat_declarations(bytes, sizeof bytes));
    measure_corpus(tools, &corpus, false);
    corpus_free(&corpus);
}

static void show_keywords(const struct tools *tools, const char *path) {
    static struct text_keyword keywords[TEXT_KEYWORDS_MAX];
    struct text_language language;
    struct text *text = NULL;
    size_t count = 0;
    char *bytes = malloc(FILE_BYTES_MAX);
    require(bytes != NULL, "no memory");
    const struct dk_bytes source = {.data = bytes, .size = file_read(path, bytes, FILE_BYTES_MAX)};
    require(text_new(source, NULL, &text, NULL) == DK_OK, "the file is no UTF-8");
    text_languages_tell(tools->languages, source, &language);
    struct text_lexicon *lexicon = lexicon_of(text, language.code);
    require(text_keywords_find(lexicon, SHOWN, NULL, keywords, &count, NULL) == DK_OK, "keywords");
    for (size_t i = 0; i < count; i++) {
        printf("%s\t%s\t%.6f\t%s\n", path, language.code, keywords[i].score, keywords[i].text);
    }
    text_lexicon_free(lexicon);
    text_free(text);
    free(bytes);
}

int main(int argc, char **argv) {
    struct tools tools;
    struct dk_fault fault = {0};
    require(
        text_languages_new(TEXT_LANGUAGES_FOLDER, &tools.languages, &fault) == DK_OK, fault.text);
    tools.textcat =
        special_textcat_Init(TEXT_LANGUAGES_FOLDER "/fpdb.conf", TEXT_LANGUAGES_FOLDER "/");
    require(tools.textcat != NULL, "libexttextcat has no fingerprints");
    if (argc > 2 && strcmp(argv[1], "--keywords") == 0) {
        for (int i = 2; i < argc; i++) {
            show_keywords(&tools, argv[i]);
        }
    } else {
        measure(&tools);
    }
    textcat_Done(tools.textcat);
    text_languages_free(tools.languages);
    return 0;
}

#include "compute/text_language.h"

#include "support/declaration.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text_languages *languages;

static void open_languages(void) {
    struct dk_fault fault = {0};
    cr_assert(
        eq(int, text_languages_new(TEXT_LANGUAGES_FOLDER, &languages, &fault), DK_OK),
        "%s",
        fault.text);
}

static void close_languages(void) {
    text_languages_free(languages);
}

TestSuite(text_language, .init = open_languages, .fini = close_languages);

static struct text_language told(const char *text) {
    struct text_language language;
    text_languages_tell(languages, dk_bytes_of(text), &language);
    return language;
}

Test(text_language, tells_the_language_of_a_paragraph) {
    for (size_t i = 0; i < sizeof declarations / sizeof declarations[0]; i++) {
        const struct text_language language = told(declarations[i].text);

        cr_assert(eq(str, (char *)language.code, (char *)declarations[i].code));
        cr_assert(language.confidence > 0.0 && language.confidence < 1.0);
    }
}

Test(text_language, tells_danish_by_more_than_its_cousins_share) {
    const struct text_language language =
        told("Jeg vil gerne have noget at spise, for jeg har ikke fået mad i dag. Hvad hedder "
             "kvinden ved siden af dig, og hvor længe har I kendt hinanden? Vejret bliver bedre "
             "i morgen, siger de i fjernsynet.");

    cr_assert(eq(str, (char *)language.code, "da"));
}

Test(text_language, tells_the_language_of_a_sentence) {
    const struct declaration sentences[] = {
        {"en", "Please restart the server after you have changed the configuration file."},
        {"de", "Bitte starten Sie den Server neu, nachdem Sie die Konfiguration geändert haben."},
        {"fr", "Veuillez redémarrer le serveur après avoir modifié le fichier de configuration."},
        {"es", "Reinicie el servidor después de cambiar el archivo de configuración."},
        {"nl", "Start de server opnieuw op nadat u het configuratiebestand hebt gewijzigd."},
        {"pl", "Po zmianie pliku konfiguracyjnego proszę ponownie uruchomić serwer."},
        {"sv", "Starta om servern när du har ändrat i konfigurationsfilen."},
        {"ru", "Перезапустите сервер после изменения файла конфигурации."},
    };

    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        cr_assert(eq(str, (char *)told(sentences[i].text).code, (char *)sentences[i].code));
    }
}

Test(text_language, says_nothing_of_too_little) {
    cr_assert(eq(str, (char *)told("").code, ""));
    cr_assert(eq(str, (char *)told("1234567890 1234567890 1234567890").code, ""));
    cr_assert(eq(str, (char *)told("Nineteen letters ok.").code, ""));
    cr_assert(eq(dbl, told("").confidence, 0.0));
}

static void fill(char *text, size_t size, const char *letters) {
    struct random random = {0};
    for (size_t i = 0; i + 1 < size; i++) {
        text[i] = letters[random_below(&random, strlen(letters))];
    }
    text[size - 1] = '\0';
}

Test(text_language, says_nothing_of_what_is_like_no_language) {
    char text[4096];

    fill(text, sizeof text, "bcdfghjkmnpqrstvwxz");

    cr_assert(eq(str, (char *)told(text).code, ""));
}

Test(text_language, is_unsure_of_random_words_and_keys) {
    const char *const alphabets[] = {
        "abcdefghijklmnopqrstuvwxyz     ",
        "0123456789abcdef",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    };
    for (size_t i = 0; i < sizeof alphabets / sizeof alphabets[0]; i++) {
        char text[4096];

        fill(text, sizeof text, alphabets[i]);

        cr_assert(lt(dbl, told(text).confidence, 0.5));
    }
}

Test(text_language, is_surer_of_more_text) {
    const char *sentence = declarations[0].text; /* English */
    char *text = calloc(1, 64 * 1024);
    glob_t files;
    cr_assert(eq(int, glob("/usr/share/common-licenses/GPL-3", 0, NULL, &files), 0));
    FILE *file = fopen(files.gl_pathv[0], "r");
    cr_assert(ne(ptr, file, NULL));
    cr_assert(gt(sz, fread(text, 1, 64 * 1024 - 1, file), 30000));

    const struct text_language language = told(text);

    cr_assert(eq(str, (char *)language.code, "en"));
    cr_assert(gt(dbl, language.confidence, told(sentence).confidence));
    cr_assert(gt(dbl, language.confidence, 0.8));
    (void)fclose(file);
    globfree(&files);
    free(text);
}

Test(text_language, knows_debians_licences_as_english) {
    glob_t files;
    cr_assert(eq(int, glob("/usr/share/common-licenses/*", 0, NULL, &files), 0));
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *text = calloc(1, 256 * 1024);
        FILE *file = fopen(files.gl_pathv[i], "r");
        cr_assert(ne(ptr, file, NULL));
        cr_assert(gt(sz, fread(text, 1, 256 * 1024 - 1, file), 500));

        cr_assert(eq(str, (char *)told(text).code, "en"), "%s", files.gl_pathv[i]);
        (void)fclose(file);
        free(text);
    }
    globfree(&files);
}

Test(text_language, hears_every_part_of_a_long_text) {
    enum { REPEATS = 400 };
    const char *english = declarations[0].text, *german = declarations[1].text;
    char *text = calloc(1, (REPEATS + 40) * 256);
    for (size_t i = 0; i < REPEATS / 10; i++) {
        strcat(text, english);
    }
    for (size_t i = 0; i < REPEATS; i++) {
        strcat(text + 40 * i, german);
    }

    cr_assert(eq(str, (char *)told(text).code, "de"));
    free(text);
}

Test(text_language, reads_over_nuls) {
    char text[256];
    const size_t size = strlen(declarations[0].text);
    struct text_language language;
    memcpy(text, declarations[0].text, size);
    for (size_t i = 0; i < size; i++) {
        text[i] = text[i] == ' ' ? '\0' : text[i];
    }

    text_languages_tell(languages, (struct dk_bytes){.data = text, .size = size}, &language);

    cr_assert(eq(str, (char *)language.code, "en"));
}

Test(text_language, names_a_folder_without_fingerprints) {
    struct text_languages *none = NULL;
    struct dk_fault fault = {0};

    cr_assert(eq(int, text_languages_new("/nowhere", &none, &fault), DK_NOT_FOUND));

    cr_assert(
        eq(str, fault.text, "languages: '/nowhere/fpdb.conf' cannot be read (libexttextcat-data)"));
    cr_assert(eq(ptr, none, NULL));
}

/*
 * A main() for fuzz targets without the fuzzer: every file named, and every file of a folder named,
 * goes through the target once. So each preset holds the corpus, and a finding can be looked at
 * with any debugger.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 4096 };

static bool file_replay(const char *path) {
    uint8_t *input = malloc(INPUT_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    bool is_good = false;
    if (input == NULL || file == NULL) {
        (void)fprintf(stderr, "replay: '%s' cannot be read\n", path);
        goto done;
    }
    const size_t size = fread(input, 1, INPUT_BYTES_MAX, file);
    if (ferror(file) != 0 || size == INPUT_BYTES_MAX) {
        (void)fprintf(stderr, "replay: '%s' is not whole within %d bytes\n", path, INPUT_BYTES_MAX);
        goto done;
    }
    /* A copy of exactly its size: the sanitizer sees every byte that is read behind it. */
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        goto done;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = input[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    is_good = true;

done:
    if (file != NULL) {
        (void)fclose(file);
    }
    free(input);
    return is_good;
}

/* How many files went through; −1 when one could not be read. */
static long folder_replay(const char *path) {
    DIR *folder = opendir(path);
    long count = 0;
    if (folder == NULL) {
        (void)fprintf(stderr, "replay: '%s' cannot be listed\n", path);
        return -1;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL && count >= 0;
         entry = readdir(folder)) {
        char name[PATH_BYTES_MAX];
        if (entry->d_name[0] == '.') {
            continue;
        }
        const int size = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count = size < (int)sizeof name && file_replay(name) ? count + 1 : -1;
    }
    (void)closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    long count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) != 0) {
            (void)fprintf(stderr, "replay: '%s' is not there\n", argv[i]);
            return EXIT_FAILURE;
        }
        const long more = S_ISDIR(status.st_mode) ? folder_replay(argv[i]) : file_replay(argv[i]);
        /* A file that fails gives 0, a folder that fails −1, and an empty one proves nothing. */
        if (more <= 0) {
            (void)fprintf(stderr, "replay: nothing went through from '%s'\n", argv[i]);
            return EXIT_FAILURE;
        }
        count += more;
    }
    if (count == 0) {
        (void)fprintf(stderr, "usage: %s FILE|FOLDER…\n", argv[0]);
        return EXIT_FAILURE;
    }
    (void)printf("replay: %ld inputs\n", count);
    return EXIT_SUCCESS;
}

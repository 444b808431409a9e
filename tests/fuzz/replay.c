/*
 * Runs a fuzz target over files, for builds without libFuzzer: every committed seed, once.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return EXIT_FAILURE;
    }
    const long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size + 1);
    const size_t got = data == NULL ? 0 : fread(data, 1, (size_t)size, file);
    (void)fclose(file);
    if (got != (size_t)size) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        free(data);
        return EXIT_FAILURE;
    }
    (void)LLVMFuzzerTestOneInput(data, got);
    free(data);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        (void)fprintf(stderr, "replay: no seeds were named\n");
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        if (run_file(argv[i]) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    (void)printf("%d seeds\n", argc - 1);
    return EXIT_SUCCESS;
}

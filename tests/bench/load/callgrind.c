/*
 * Callgrind's file: lines of cost, each of the object file that was named last.
 */
#include "bench/load/callgrind.h"

#include "bench/process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 4096, LEAST_TOLD = 10 };

static struct callgrind_count *object_of(struct callgrind_counts *counts, const char *name) {
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->objects[i].name, name) == 0) {
            return &counts->objects[i];
        }
    }
    if (counts->count == CALLGRIND_OBJECTS_MAX) {
        fail("more than %d object files", CALLGRIND_OBJECTS_MAX);
    }
    struct callgrind_count *object = &counts->objects[counts->count++];
    *object = (struct callgrind_count){.instructions = 0};
    (void)snprintf(object->name, sizeof object->name, "%s", name);
    return object;
}

/* "ob=(3) /usr/lib/libc.so.6" gives 3 a name; "ob=(3)" is that object again. */
static struct callgrind_count *object_read(
    struct callgrind_counts *counts, size_t *places, char *text) {
    char *end = NULL;
    const unsigned long id = strtoul(text + strlen("ob=("), &end, 10);
    if (id >= CALLGRIND_OBJECTS_MAX || *end != ')') {
        fail("callgrind names an object that is none: %s", text);
    }
    if (end[1] == ' ') {
        const char *slash = strrchr(end, '/');
        places[id] =
            (size_t)(object_of(counts, slash == NULL ? end + 2 : slash + 1) - counts->objects);
    }
    return &counts->objects[places[id]];
}

/* A line of cost is "position instructions"; one behind "calls=" is what the callee has used. */
void callgrind_read(struct callgrind_counts *counts, const char *path) {
    size_t places[CALLGRIND_OBJECTS_MAX] = {0};
    char line[LINE_BYTES_MAX];
    struct callgrind_count *object = NULL;
    bool is_callee = false;
    FILE *file = fopen(path, "r");
    *counts = (struct callgrind_counts){.count = 0};
    if (file == NULL) {
        fail("callgrind has left no %s", path);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *space = strchr(line, ' ');
        if (strncmp(line, "ob=(", 4) == 0) {
            object = object_read(counts, places, line);
        } else if (strncmp(line, "cob=(", 5) == 0) {
            (void)object_read(counts, places, line + 1);
        } else if (strncmp(line, "calls=", 6) == 0) {
            is_callee = true;
        } else if (strchr("+-*0123456789", line[0]) != NULL && line[0] != '\0' && space != NULL) {
            if (object != NULL && !is_callee) {
                object->instructions += strtod(space + 1, NULL);
            }
            is_callee = false;
        }
    }
    (void)fclose(file);
}

static double instructions_of(const struct callgrind_counts *counts, const char *name) {
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->objects[i].name, name) == 0) {
            return counts->objects[i].instructions;
        }
    }
    return 0;
}

double callgrind_print(
    const struct callgrind_counts *few, const struct callgrind_counts *many, uint64_t calls) {
    double all = 0;
    (void)printf("{");
    for (size_t i = 0; i < many->count; i++) {
        const struct callgrind_count *object = &many->objects[i];
        const double each =
            (object->instructions - instructions_of(few, object->name)) / (double)calls;
        all += each;
        if (each >= LEAST_TOLD) {
            (void)printf("\"%s\":%.0f,", object->name, each);
        }
    }
    (void)printf("\"all\":%.0f}", all);
    return all;
}

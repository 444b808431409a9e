/*
 * Component programs, started and watched from outside.
 */
#include "support/component.h"

#include "support/child.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LOOK_EVERY_MS = 2 };

bool component_has_socket(void *context) {
    const struct component *component = context;
    struct stat status;
    return lstat(component->socket, &status) == 0;
}

bool component_said(const struct component *component, const char *words) {
    char path[96], line[4096];
    bool is_there = false;
    (void)snprintf(path, sizeof path, "%s/output", component->folder);
    FILE *output = fopen(path, "r");
    while (output != NULL && !is_there && fgets(line, sizeof line, output) != NULL) {
        is_there = strstr(line, words) != NULL;
    }
    if (output != NULL) {
        (void)fclose(output);
    }
    return is_there;
}

void component_await(struct component *component, bool (*is_true)(void *component)) {
    int status = 0;
    for (int ms = 0; !is_true(component); ms += LOOK_EVERY_MS) {
        cr_assert(
            component->process == 0 || !child_has_ended(component->process, &status),
            "the program has ended, status %#x: see %s/output",
            (unsigned)status,
            component->folder);
        cr_assert(lt(int, ms, COMPONENT_WAIT_MS), "see %s/output", component->folder);
        child_pause_ms(LOOK_EVERY_MS);
    }
}

void component_prepare(struct component *component, const char *program) {
    /* A "-core" build serves under its sibling's name. */
    const char *const core = strstr(program, "-core");
    const int name_size = (int)(core == NULL ? strlen(program) : (size_t)(core - program));
    *component = (struct component){.folder = "/tmp/dk-component-XXXXXX"};
    child_folder_make(component->folder);
    (void)snprintf(
        component->socket,
        sizeof component->socket,
        "%s/%.*s.sock",
        component->folder,
        name_size,
        program);
    (void)snprintf(component->address, sizeof component->address, "unix:%s", component->socket);
}

void component_run(struct component *component, const char *program, const char *const *options) {
    const char *words[COMPONENT_OPTIONS_MAX + 4];
    char path[512];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/%s", DK_PROGRAMS, program);
    words[count++] = path;
    words[count++] = "--socket-dir";
    words[count++] = component->folder;
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        cr_assert(lt(sz, i, COMPONENT_OPTIONS_MAX));
        words[count++] = options[i];
    }
    words[count] = NULL;
    component->process = child_start(component->folder, words);
}

void component_start(struct component *component, const char *program, const char *const *options) {
    component_prepare(component, program);
    component_run(component, program, options);
    component_await(component, component_has_socket);
}

void component_signal(struct component *component, int signal) {
    cr_assert(gt(int, component->process, 0));
    cr_assert(eq(int, kill(component->process, signal), 0));
}

int component_wait(struct component *component) {
    int status = 0;
    for (int ms = 0; !child_has_ended(component->process, &status); ms += LOOK_EVERY_MS) {
        cr_assert(
            lt(int, ms, COMPONENT_WAIT_MS), "it does not end: see %s/output", component->folder);
        child_pause_ms(LOOK_EVERY_MS);
    }
    component->process = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool component_is_running(struct component *component) {
    siginfo_t info = {.si_pid = 0};
    /* Only looks: component_wait is still to come. */
    return waitid(P_PID, (id_t)component->process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

void component_stop(struct component *component) {
    if (component->process > 0) {
        component_signal(component, SIGTERM);
        cr_assert(eq(int, component_wait(component), 0), "see %s/output", component->folder);
    }
    child_folder_remove(component->folder);
}

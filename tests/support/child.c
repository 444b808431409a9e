/*
 * Programs that a test starts, by fork and exec.
 */
#define _GNU_SOURCE /* prctl's constants, mkdtemp */
#include "support/child.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void child_folder_make(char *pattern) {
    cr_assert(ne(ptr, mkdtemp(pattern), NULL));
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *walk) {
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

void child_folder_remove(const char *folder) {
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

pid_t child_start(const char *folder, const char *const *words) {
    fflush(stdout);
    const pid_t pid = fork();
    cr_assert(ge(int, pid, 0));
    if (pid > 0) {
        return pid;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(folder) != 0) {
        _exit(126);
    }
    const int output = open("output", O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)dup2(output, 1);
    (void)dup2(output, 2);
    (void)execvp(words[0], (char *const *)words);
    _exit(127);
}

bool child_has_ended(pid_t pid, int *ret_status) {
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

void child_pause_ms(long ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

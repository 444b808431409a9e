/*
 * Programs under measurement.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench/process.h"

#include "support/free_port.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* 10 s in all. Often: what a start takes is measured by this wait. */
enum { TRIES_MAX = 200000, TRY_NS = 50000 };

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "bench: ");
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void process_start(struct process *process, const char *log, int core, const char *const *words) {
    (void)snprintf(process->log, sizeof process->log, "%s", log);
    process->pid = fork();
    if (process->pid < 0) {
        fail("%s cannot be started: %s", words[0], strerror(errno));
    }
    if (process->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a benchmark that fails leaves nobody behind */
        const int output = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        (void)dup2(output, STDOUT_FILENO);
        (void)dup2(output, STDERR_FILENO);
        if (core >= 0) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET((unsigned)core, &set);
            (void)sched_setaffinity(0, sizeof set, &set);
        }
        (void)execvp(words[0], (char *const *)(uintptr_t)words); /* exec writes nothing */
        (void)fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
        _exit(127);
    }
}

void process_stop(struct process *process) {
    if (process->pid <= 0) {
        return;
    }
    (void)kill(process->pid, SIGTERM);
    (void)waitpid(process->pid, NULL, 0);
    process->pid = 0;
}

int64_t process_cpu_us(const struct process *process) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        fail(
            "the CPU time of process %d cannot be read; its log: %s",
            (int)process->pid,
            process->log);
    }
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static int64_t task_switches(const struct process *process, const char *task) {
    char path[320], line[256];
    long long part = 0;
    int64_t sum = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)process->pid, task);
    FILE *status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "voluntary_ctxt_switches: %lld", &part) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %lld", &part) == 1) {
            sum += part;
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return sum;
}

int64_t process_switches(const struct process *process) {
    char path[64];
    int64_t sum = 0;
    const struct dirent *task = NULL;
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)process->pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        fail("the threads of process %d cannot be read", (int)process->pid);
    }
    while ((task = readdir(tasks)) != NULL) {
        sum += task->d_name[0] == '.' ? 0 : task_switches(process, task->d_name);
    }
    (void)closedir(tasks);
    return sum;
}

int64_t process_rss_kib(const struct process *process) {
    char path[64], line[256];
    long long kib = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
    FILE *status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        (void)sscanf(line, "VmRSS: %lld", &kib);
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return kib;
}

int64_t process_log_count(const struct process *process, const char *message, const char *key) {
    char line[4096], wanted[64];
    long long count = -1;
    FILE *log = fopen(process->log, "r");
    (void)snprintf(wanted, sizeof wanted, " %s=", key);
    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        const char *at = strstr(line, message) != NULL ? strstr(line, wanted) : NULL;
        if (at != NULL) {
            count = strtoll(at + strlen(wanted), NULL, 10);
        }
    }
    if (log != NULL) {
        (void)fclose(log);
    }
    return count;
}

static void wait_for(int family, const struct sockaddr *address, socklen_t size, const char *name) {
    for (int i = 0; i < TRIES_MAX; i++) {
        const int descriptor = socket(family, SOCK_STREAM, 0);
        const int result = connect(descriptor, address, size);
        (void)close(descriptor);
        if (result == 0) {
            return;
        }
        const struct timespec pause = {.tv_nsec = TRY_NS};
        (void)nanosleep(&pause, NULL);
    }
    fail("nobody answers at %s", name);
}

void wait_for_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    wait_for(AF_UNIX, (struct sockaddr *)&address, sizeof address, path);
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

void wait_for_port(int port) {
    const struct sockaddr_in address = loopback(port);
    char name[32];
    (void)snprintf(name, sizeof name, "127.0.0.1:%d", port);
    wait_for(AF_INET, (const struct sockaddr *)&address, sizeof address, name);
}

int server_port(void) {
    const int port = free_port();
    if (port == 0) {
        fail("no free port: %s", strerror(errno));
    }
    return port;
}

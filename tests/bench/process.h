#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A program under measurement: started with its output in a file, pinned to a core, watched from
 * outside, ended by its pid. Thread: the benchmark's. What cannot be done ends the benchmark with
 * words.
 */
struct process {
    pid_t pid;
    char log[256]; /* the file of its output */
};

/* `words` are program, arguments …, NULL; core −1 leaves the scheduler its choice. */
void process_start(struct process *process, const char *log, int core, const char *const *words);
/* SIGTERM, then waits for the end. */
void process_stop(struct process *process);

/* CPU time it has used, user and system, in µs. */
int64_t process_cpu_us(const struct process *process);
/* How often the system has taken a core from one of its threads, or given it back; of those that live. */
int64_t process_switches(const struct process *process);
/* Resident memory in KiB, now. */
int64_t process_rss_kib(const struct process *process);
/* The number behind "key=" in the last line of its log that has `message`; −1: there is none. */
int64_t process_log_count(const struct process *process, const char *message, const char *key);

/* Waits until something accepts on a Unix socket or a loopback port; ends the benchmark otherwise. */
void wait_for_socket(const char *path);
void wait_for_port(int port);
/* A loopback port for a server to ask for: see support/free_port.h. */
int server_port(void);
/* Ends the benchmark with words. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* TESTS_BENCH_PROCESS_H */

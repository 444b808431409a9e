/*
 * The process as numbers, read from /proc at a scrape.
 */
#include "core/process_metrics.h"

#include "core/log_lines.h"

#include <dirent.h>
#include <dk_commit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BUILD_INFO,
    CPU_SECONDS,
    RESIDENT_BYTES,
    VIRTUAL_BYTES,
    OPEN_FDS,
    MAX_FDS,
    START_TIME,
    LOG_LINES
};

struct dk_metric dk__process_metrics[] = {
    [BUILD_INFO] =
        {"dk_build_info",
         DK_METRIC_GAUGE,
         "Always 1: what runs is in the labels.",
         {"version", "commit", "binary"}},
    [CPU_SECONDS] =
        {"process_cpu_seconds_total",
         DK_METRIC_COUNTER,
         "Time of the processor, user and system.",
         .divisor = 1000},
    [RESIDENT_BYTES] = {"process_resident_memory_bytes", DK_METRIC_GAUGE, "Memory that is in use."},
    [VIRTUAL_BYTES] = {"process_virtual_memory_bytes", DK_METRIC_GAUGE, "Memory that is mapped."},
    [OPEN_FDS] = {"process_open_fds", DK_METRIC_GAUGE, "Descriptors that are open."},
    [MAX_FDS] = {"process_max_fds", DK_METRIC_GAUGE, "Descriptors that may be open."},
    [START_TIME] =
        {"process_start_time_seconds",
         DK_METRIC_GAUGE,
         "When the process began, since 1970.",
         .divisor = 1000},
    [LOG_LINES] =
        {"dk_log_lines_total", DK_METRIC_COUNTER, "Lines logged, by their level.", {"level"}},
    {0},
};

static const char *program_version;

void dk__build_set_version(const char *version) {
    program_version = version;
}

const char *dk__build_version(void) {
    return program_version != NULL ? program_version : DK_VERSION;
}

const char *dk__build_sdk_version(void) {
    return DK_VERSION;
}

const char *dk__build_commit(void) {
    return DK_COMMIT;
}

/* ── /proc ──────────────────────────────────────────────────────────────────────────────────── */

/* Fields of /proc/self/stat as proc(5) numbers them. */
enum { STAT_UTIME = 14, STAT_STIME = 15, STAT_START = 22, STAT_VSIZE = 23, STAT_RSS = 24 };

/* The field of that number, at least 3; 0 when it cannot be read. */
static int64_t stat_field(int number) {
    char line[1024] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL) {
        return 0;
    }
    const char *at = fgets(line, sizeof line, file);
    (void)fclose(file);
    at = at == NULL ? NULL : strrchr(line, ')'); /* a name may hold blanks; field 2 ends here */
    for (int i = 2; at != NULL && i < number; i++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoll(at + 1, NULL, 10);
}

static int64_t ticks_ms(int64_t ticks) {
    return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static int64_t boot_ms(void) {
    char line[256];
    int64_t seconds = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file != NULL && seconds == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "btime ", 6) == 0) {
            seconds = strtoll(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return seconds * 1000;
}

int64_t dk__process_resident_bytes(void) {
    return stat_field(STAT_RSS) * sysconf(_SC_PAGESIZE);
}

int64_t dk__process_start_ms(void) {
    return boot_ms() + ticks_ms(stat_field(STAT_START));
}

int64_t dk__process_open_fds(void) {
    int64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return 0;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void)closedir(folder);
    return count - 1; /* the folder's own */
}

/* ── readers ────────────────────────────────────────────────────────────────────────────────── */

static int64_t read_one(const struct dk_metric_reader *reader) {
    (void)reader;
    return 1;
}

static int64_t read_cpu(const struct dk_metric_reader *reader) {
    (void)reader;
    return ticks_ms(stat_field(STAT_UTIME) + stat_field(STAT_STIME));
}

static int64_t read_resident(const struct dk_metric_reader *reader) {
    (void)reader;
    return dk__process_resident_bytes();
}

static int64_t read_virtual(const struct dk_metric_reader *reader) {
    (void)reader;
    return stat_field(STAT_VSIZE);
}

static int64_t read_open_fds(const struct dk_metric_reader *reader) {
    (void)reader;
    return dk__process_open_fds();
}

static int64_t read_max_fds(const struct dk_metric_reader *reader) {
    struct rlimit limit = {0};
    (void)reader;
    return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT64_MAX
               ? 0
               : (int64_t)limit.rlim_cur;
}

static int64_t read_start(const struct dk_metric_reader *reader) {
    (void)reader;
    return dk__process_start_ms();
}

static struct dk_metric_reader readers[] = {
    [BUILD_INFO] = {.read = read_one},
    [CPU_SECONDS] = {.read = read_cpu},
    [RESIDENT_BYTES] = {.read = read_resident},
    [VIRTUAL_BYTES] = {.read = read_virtual},
    [OPEN_FDS] = {.read = read_open_fds},
    [MAX_FDS] = {.read = read_max_fds},
    [START_TIME] = {.read = read_start},
};

/* One for each level of the log. */
static struct dk_metric_reader level_readers[DK__LOG_LEVELS];

static int64_t read_lines(const struct dk_metric_reader *reader) {
    return dk__log_lines_count((enum dk_log_level)(reader - level_readers));
}

void dk__process_metrics_begin(const char *program) {
    static const char *const levels[DK__LOG_LEVELS] = {"debug", "info", "warn", "error"};
    const char *const build[] = {dk__build_version(), dk__build_commit(), program};
    if (dk__process_metrics[0].is_added) {
        return;
    }
    dk_metrics_add(dk__process_metrics);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        dk_metric_read_begin(&dk__process_metrics[i], i == BUILD_INFO ? build : NULL, &readers[i]);
    }
    for (size_t i = 0; i < DK__LOG_LEVELS; i++) {
        level_readers[i].read = read_lines;
        dk_metric_read_begin(&dk__process_metrics[LOG_LINES], &levels[i], &level_readers[i]);
    }
}

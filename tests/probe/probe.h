#ifndef TESTS_PROBE_PROBE_H
#define TESTS_PROBE_PROBE_H

#include <dk/app.h>
#include <pthread.h>

/*
 * What the handlers of dk-probe share: what they noted, in its order.
 *
 * Thread: any worker's. Bound: NOTES_MAX notes of NOTE_BYTES_MAX; what is beyond is cut off.
 */
enum { NOTES_MAX = 4096, NOTE_BYTES_MAX = 512 };

struct probe {
    pthread_mutex_t mutex;
    char notes[NOTES_MAX][NOTE_BYTES_MAX];
    size_t count;
};

/* Notes "subject text"; gives back how often that was noted by now. */
size_t probe_note(struct probe *probe, const char *subject, struct dk_bytes text);

/* The tables of the other files. */
extern const struct dk_app_topic probe_topics[];
extern const struct dk_app_binding probe_bindings[];
extern const struct dk_app_job probe_jobs[];

/* What asks the sidecar: rows of methods for the service. */
dk_method_fn probe_keep, probe_kept, probe_publish, probe_relay;
dk_method_fn probe_plan, probe_planned, probe_unplan;

#endif /* TESTS_PROBE_PROBE_H */

#ifndef TESTS_SUPPORT_SHARED_SIDECAR_H
#define TESTS_SUPPORT_SHARED_SIDECAR_H

#include "support/fake_sidecar.h"

/*
 * The fake sidecar for many threads: each question is answered alone, in the order of their arrival,
 * and the one who asked then lets others go first. The linker puts it between an application and the
 * fake: link with SHARED_SIDECAR_WRAP of tests/stress/CMakeLists.txt.
 *
 * Thread: any. Published messages go to on_message and nowhere else; no outbox.
 */
struct shared_sidecar {
    /* Called after each question that may have written, alone with the state. NULL: nobody. */
    void (*on_write)(void);
    /* Called for each message that is published, alone likewise; false: it is refused. */
    bool (*on_message)(const char *topic, const struct dk_daprd_message *message);
    size_t questions, writes;
};
extern struct shared_sidecar shared_sidecar;

/* Alone with the fake's state, for functions of support/fake_sidecar.h. Not within the callbacks. */
void shared_sidecar_enter(void);
void shared_sidecar_leave(void);

#endif /* TESTS_SUPPORT_SHARED_SIDECAR_H */

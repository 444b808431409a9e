#ifndef TESTS_SUPPORT_COMPUTE_RIG_H
#define TESTS_SUPPORT_COMPUTE_RIG_H

#include "compute/messages.h"
#include "compute/service.h"
#include "support/fake_sidecar.h"

/*
 * The compute service on the fake sidecar, with its default settings. Thread: the test's.
 */
struct compute_rig {
    struct compute_service *service;
    struct dk_call *call; /* the one under way; compute_rig_call begins another */
};

void compute_rig_open(struct compute_rig *rig);
void compute_rig_close(struct compute_rig *rig);
/* Ends the call and begins the next. */
struct dk_call *compute_rig_call(struct compute_rig *rig);

/* A text of `count` words "w17 " from number `first` on; the test's process ends with it. */
char *compute_rig_words(unsigned first, unsigned count);

#endif /* TESTS_SUPPORT_COMPUTE_RIG_H */

#ifndef DK_SERVE_CHECK_H
#define DK_SERVE_CHECK_H

#include "serve/settings.h"

#include <stdbool.h>
#include <stdio.h>

struct dk_service;

/*
 * --check: does to the running program's sockets what daprd's discovery does (folder, file name,
 * permissions, connection, reflection v1alpha) and says at each step what it found, and at the
 * first that fails what to do. True when daprd would find every component, and a server of
 * settings->check_servers takes connections, if there are any.
 *
 * Thread: main. Bound: CHECK_WAIT_MS for one socket, REACH_WAIT_MS for one server; looking up its
 *         name takes as long as the system's resolver does.
 */
bool dk__check(
    const struct dk__settings *settings, const struct dk_service *services, FILE *output);

#endif /* DK_SERVE_CHECK_H */

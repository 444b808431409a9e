#ifndef DK_SERVE_DOOR_STATUS_H
#define DK_SERVE_DOOR_STATUS_H

#include "serve/life.h"

#include <stdio.h>

/* The bounds of a program's servers and what is used of them, for /statusz. Thread: the loop's. */
void dk__door_status_write(const struct dk__life *life, FILE *output);

#endif /* DK_SERVE_DOOR_STATUS_H */

#ifndef DK_SERVE_DESCRIBE_H
#define DK_SERVE_DESCRIBE_H

#include <stdio.h>

struct dk_service;

enum dk__describe_form { DK__DESCRIBE_YAML, DK__DESCRIBE_MARKDOWN };

/* Prints what every backend of a program says of itself: components-contrib's metadata.yaml, one
 * YAML document each, or the reference page. Thread: main. */
void dk__describe(const struct dk_service *services, enum dk__describe_form form, FILE *output);

#endif /* DK_SERVE_DESCRIBE_H */

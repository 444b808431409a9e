#ifndef DK_WIRE_PBC_OPENAPI_H
#define DK_WIRE_PBC_OPENAPI_H

#include "wire/pbc/json_schema.h"

struct dk_app_service;

/*
 * The OpenAPI 3.1 page of an application: every method that has an HTTP door, from the rows that
 * serve it and the descriptors of its messages. Source: spec.openapis.org/oas/v3.1.
 */
struct dk__openapi {
    const char *title;   /* "dk-document" */
    const char *version; /* of the program */
    const char *app_id;  /* what daprd is mostly told; people may choose another */
    const struct dk_app_service *services; /* rows that dk__app_new has accepted */
    struct dk__json_comments comments;
};

/* The page as indented JSON, NUL-terminated; NULL: no memory. Owner: the caller's, by free.
 * Thread: any. */
char *dk__openapi_write(const struct dk__openapi *page);

#endif /* DK_WIRE_PBC_OPENAPI_H */

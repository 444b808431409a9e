#ifndef STATESTORE_REDIS_SCRIPTS_H
#define STATESTORE_REDIS_SCRIPTS_H

#include <dk/bytes.h>

/*
 * Writes, each as one script, so that value, version, first-write mark and TTL change together or
 * not at all. The text of each says what it takes and gives.
 */
enum redis_script {
    REDIS_SCRIPT_SET,
    REDIS_SCRIPT_DELETE,
    REDIS_SCRIPT_TRANSACT,
};
enum { REDIS_SCRIPTS = REDIS_SCRIPT_TRANSACT + 1, REDIS_SHA_BYTES = 40 };

struct dk_bytes redis_script_text(enum redis_script script);

#endif /* STATESTORE_REDIS_SCRIPTS_H */

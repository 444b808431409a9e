#ifndef TESTS_SUPPORT_DOCUMENT_RIG_H
#define TESTS_SUPPORT_DOCUMENT_RIG_H

#include "support/fake_sidecar.h"

#include "document/content.h"
#include "document/head.h"
#include "document/methods.h"
#include "document/scope.h"

/*
 * The document service over the fake sidecar: calls of its methods, and a look at what is kept.
 *
 * Thread: the test's. Owner: answers live until document_rig_end.
 */
extern struct document_service document_rig_service;

void document_rig_start(void);
void document_rig_end(void);

/* A call to hand to functions of the service, and its scope of the tenant "default". */
struct dk_call *document_rig_call(void);
struct document_scope document_rig_scope(void);
/* The newest call's words. */
const char *document_rig_text(void);
/* The next call has this header. */
void document_rig_header(const char *name, const char *value);

/* Runs a method in a call of its own; `answer` is initialised by its descriptor. */
enum dk_error document_rig_run(
    dk_method_fn *method, const ProtobufCMessage *request, ProtobufCMessage *answer);

/* The commonest calls. ret_document may be NULL. */
enum dk_error document_rig_create(const char *id, const char *text, pb_document *ret_document);
enum dk_error document_rig_replace(
    const char *id, const char *if_match, const char *text, pb_document *ret_document);
/* A content that comes by parts, for a new document or one that is there. */
enum dk_error document_rig_upload(const char *id, struct dk_bytes content);
enum dk_error document_rig_delete(const char *id);
enum dk_error document_rig_restore(const char *id);
enum dk_error document_rig_tag(const char *id, const char *tag);
enum dk_error document_rig_get(const char *id, uint64_t version, pb_document *ret_document);

/* The head as it is kept; NULL: none. */
const pb_head *document_rig_head(const char *id);

/*
 * Fails the test unless all that docs/documents.md promises holds: every head has each of its
 * versions, each version its content, whole and of its hash, and each version of every document was
 * told by exactly one event, and nothing else was.
 */
void document_rig_check(void);

/* Bytes that are no text and compress badly, the same for the same seed. */
struct dk_bytes document_rig_bytes(size_t size, unsigned seed);

/*
 * Runs `act` again and again, each time from the start with `prepare` before it (NULL: nothing) and
 * with the sidecar failing one step later, before or after the effect, once or for good. After each
 * end document_rig_check must hold, and `act` must succeed when it is tried again. `settled` (NULL:
 * none) looks at what has come of it. Fails the test when nothing ever failed.
 */
void document_rig_crash_everywhere(
    void (*prepare)(void), enum dk_error (*act)(void), void (*settled)(void));

#endif /* TESTS_SUPPORT_DOCUMENT_RIG_H */

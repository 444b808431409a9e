#ifndef DOCUMENT_AUDIT_H
#define DOCUMENT_AUDIT_H

#include "document/hash_set.h"
#include "document/head.h"
#include "document/key.h"

/*
 * A look at whether what is kept holds together: problems are noted, nothing is changed. What the
 * sidecar cannot say is an error and ends the audit; what it says and is wrong is a problem.
 *
 * Owner: everything that outlives one document lies in the audit; each document is read in memory of
 * its own.
 */
typedef DaprKit__Document__V1__Problem pb_problem;

#define PB_PROBLEM(word) DAPR_KIT__DOCUMENT__V1__PROBLEM__KIND__##word

enum {
    DOCUMENT_AUDIT_PROBLEMS_MAX = 100,
    DOCUMENT_AUDIT_TEXT_BYTES_MAX = 200,
    DOCUMENT_AUDIT_CONTENTS_MAX = 16384, /* of one call; each is read once */
    DOCUMENT_AUDIT_REFERENCES_MAX =
        131072,                  /* slots for contents that are referred to, in one call */
    DOCUMENT_AUDIT_RANGES = 256, /* of hashes, by their first byte */
};

struct document_audit_row {
    pb_problem problem;
    char id[DOCUMENT_ID_BYTES_MAX + 1];
    char key[DOCUMENT_KEY_BYTES_MAX];
    char message[DOCUMENT_AUDIT_TEXT_BYTES_MAX];
};

struct document_audit {
    struct document_scope scope;
    bool is_shallow;
    struct document_audit_row *rows;
    size_t count;
    uint64_t left_out;
    struct document_hash_set seen; /* contents that were looked at */
    uint64_t documents, versions, contents, bytes;
};

/* Takes the audit's memory: `contents_max` slots for hashes. Errors: DK_EXHAUSTED. */
enum dk_error document_audit_open(
    struct document_audit *audit, struct dk_call *call, bool is_shallow, size_t contents_max);

/* Notes a problem; counts it alone when DOCUMENT_AUDIT_PROBLEMS_MAX are noted. `key` may be NULL. */
struct document_finding {
    int kind;
    const char *id; /* "": of no document */
    uint64_t version;
    const struct document_key *key;
};
void document_audit_note(
    struct document_audit *audit, struct document_finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One document: head, versions, contents, its place in the index. */
enum dk_error document_audit_document(struct document_audit *audit, const char *id);

/* One content as a version refers to it; the same one is looked at once. */
enum dk_error document_audit_content(
    struct document_audit *audit, const char *id, const pb_document *document);

/*
 * Contents that no version of any document refers to, those whose hashes begin with the byte `first`
 * up to *ret_next - 1: as many of the DOCUMENT_AUDIT_RANGES as the audit's slots have room for.
 * Errors: DK_TOO_LARGE when a single range has no room.
 */
enum dk_error document_audit_orphans(
    struct document_audit *audit, unsigned first, unsigned *ret_next);

/* Fills an answer of Verify. Errors: DK_EXHAUSTED. */
enum dk_error document_audit_answer(
    const struct document_audit *audit, DaprKit__Document__V1__VerifyAnswer *answer);

#endif /* DOCUMENT_AUDIT_H */

#ifndef DOCUMENT_INGEST_H
#define DOCUMENT_INGEST_H

#include <dk/app.h>

/*
 * The input binding "ingest": each record becomes a document.
 *
 *   tenant        header dk-tenant, else "default"
 *   id            the record's key (__key) when it is one; else 32 digits that follow from the key,
 *                 or without a key from topic, partition and offset, or from the value
 *   content       the value: JSON and UTF-8 as text, else bytes; header content-type, else found out
 *   tags          header dk-tags, with commas
 *   attributes    all other headers
 *   no value      deletes the document of the key
 *
 * A record that comes twice finds its document as it should be, and nothing is written.
 *
 * Errors: what cannot become a document (DK_INVALID, DK_TOO_LARGE) is let go with a line in the log
 *         and DK_OK, counted by ingest_dropped: the same record would fail for ever and hold up its
 *         partition. Everything else, a full quota among it, goes back to the binding, which has it
 *         come again, or skips or dead-letters it, as its component is set.
 * Thread: a worker's.
 */
enum { INGEST_TRIES_MAX = 5 /* each lost to another writer of the same document */ };

dk_binding_fn document_ingest;

/* Records let go since the process began. */
unsigned long document_ingest_dropped(void);

#endif /* DOCUMENT_INGEST_H */

/* The tasks of the document service. */
#include "document/tasks.h"

#include "document/journal.h"
#include "document/purge.h"

const struct dk_app_task document_tasks[] = {
    [DOCUMENT_TASK_PUBLISH] =
        {"journal-publish", .every_ms = DOCUMENT_JOURNAL_RETRY_MS, .run = document_journal_publish},
    [DOCUMENT_TASK_KEEP] =
        {"journal-keep", .every_ms = DOCUMENT_JOURNAL_KEEP_MS, .run = document_journal_keep},
    [DOCUMENT_TASK_PURGE] = {"purge", .every_ms = PURGE_EVERY_MS, .run = document_purge_task},
    {0},
};

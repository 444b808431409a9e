#ifndef DOCUMENT_TASKS_H
#define DOCUMENT_TASKS_H

#include <dk/app.h>

/* What the service does of itself: the tasks of its dk_app, by their places. */
enum { DOCUMENT_TASK_PUBLISH, DOCUMENT_TASK_KEEP, DOCUMENT_TASK_PURGE };
extern const struct dk_app_task document_tasks[];

#endif /* DOCUMENT_TASKS_H */

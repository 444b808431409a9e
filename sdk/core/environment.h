#ifndef DK_CORE_ENVIRONMENT_H
#define DK_CORE_ENVIRONMENT_H

/* How an environment says a variable; NULL: it does not. Settings read by it, so that tests need not
 * change their own process'. */
typedef const char *dk__look_up_fn(void *context, const char *name);

/* The process' own environment; `context` is not read. Thread: before others run. */
const char *dk__look_up_environment(void *context, const char *name);

#endif /* DK_CORE_ENVIRONMENT_H */

#ifndef DK_CORE_POISON_H
#define DK_CORE_POISON_H

/*
 * Memory that is free but kept must not be read: the address sanitizer then finds who still holds a
 * view of it. Without the sanitizer these are nothing.
 */

/* gcc says it with a macro, clang with a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define DK__IS_SANITIZED 1
#elif defined(__has_feature)
#define DK__IS_SANITIZED __has_feature(address_sanitizer)
#else
#define DK__IS_SANITIZED 0
#endif

#if DK__IS_SANITIZED
#include <sanitizer/asan_interface.h>
#define DK__POISON(memory, size)   __asan_poison_memory_region((memory), (size))
#define DK__UNPOISON(memory, size) __asan_unpoison_memory_region((memory), (size))
#else
#define DK__POISON(memory, size)   ((void)(memory))
#define DK__UNPOISON(memory, size) ((void)(memory))
#endif

#endif /* DK_CORE_POISON_H */

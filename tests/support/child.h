#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Programs that a test starts. They die with the test, and what they print is in the file "output"
 * of their folder.
 *
 * Thread: the test's.
 */

/* Makes a folder of a test's own from "/tmp/…-XXXXXX", and removes it with all that is in it. */
void child_folder_make(char *pattern);
void child_folder_remove(const char *folder);

/* Starts a program in its folder; `words` are program, arguments …, NULL. It ends with 127 when
 * there is no such program. */
pid_t child_start(const char *folder, const char *const *words);

/* Whether it has ended by now; then ret_status is what waitpid tells, and its pid is nobody's. */
bool child_has_ended(pid_t pid, int *ret_status);

/* Lets so many ms pass: between two looks at what makes no event. */
void child_pause_ms(long ms);

#endif /* TESTS_SUPPORT_CHILD_H */

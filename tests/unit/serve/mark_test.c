/* The mark that tells a first life from a later one. */
#include "serve/mark.h"

#include "support/child.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dk-mark-XXXXXX";
static char socket_path[64], mark_path[64];
static struct dk_fault fault;

static void make(void) {
    child_folder_make(folder);
    (void)snprintf(socket_path, sizeof socket_path, "%s/dk-redis.sock", folder);
    (void)snprintf(mark_path, sizeof mark_path, "%s/.dk-redis.sock.life", folder);
}

static void forget(void) {
    child_folder_remove(folder);
}

TestSuite(mark, .init = make, .fini = forget);

static bool was_there(void) {
    bool ret_was_there = false;
    cr_assert(
        eq(int, dk__mark_leave(socket_path, &ret_was_there, &fault), DK_OK), "%s", fault.text);
    return ret_was_there;
}

static void write_mark(const char *text) {
    FILE *mark = fopen(mark_path, "w");
    (void)fputs(text, mark);
    (void)fclose(mark);
}

Test(mark, is_found_by_the_next_life) {
    cr_assert(not(was_there()));

    cr_assert(was_there());
    cr_assert(was_there());
}

Test(mark, is_the_process_own_to_read) {
    struct stat status;
    (void)was_there();

    cr_assert(eq(int, stat(mark_path, &status), 0));

    cr_assert(eq(int, (int)(status.st_mode & 0777), 0600));
}

/* A folder that outlives the machine's boot: daprd's instances did not. */
Test(mark, of_before_the_machine_s_start_counts_for_none) {
    write_mark("11111111-2222-3333-4444-555555555555");

    cr_assert(not(was_there()));
    cr_assert(was_there());
}

Test(mark, that_is_cut_or_foreign_counts_for_none) {
    static const char *const texts[] = {
        "", "\n", "1", "no boot id at all, and longer than any one is"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_mark(texts[i]);
        cr_assert(not(was_there()));
    }
}

Test(mark, of_one_socket_says_nothing_of_another) {
    (void)was_there();
    (void)snprintf(socket_path, sizeof socket_path, "%s/dk-kafka.sock", folder);

    cr_assert(not(was_there()));
}

/* Somebody who may write there must not have us write elsewhere. */
Test(mark, does_not_follow_a_link) {
    bool ret_was_there = false;
    char target[64];
    (void)snprintf(target, sizeof target, "%s/elsewhere", folder);
    cr_assert(eq(int, symlink(target, mark_path), 0));

    cr_assert(eq(int, dk__mark_leave(socket_path, &ret_was_there, &fault), DK_UNAVAILABLE));

    cr_assert(ne(ptr, strstr(fault.text, mark_path), NULL), "%s", fault.text);
    cr_assert(ne(int, access(target, F_OK), 0));
}

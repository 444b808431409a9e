/* A socket's file: born elsewhere, published whole, removed only when it is ours. */
#include "serve/socket.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static char folder[] = "/tmp/dk-socket-test-XXXXXX";
static struct dk__settings settings;
static struct dk_fault fault;
static sigset_t stop;

static void start(void) {
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    settings = (struct dk__settings){
        .socket_dir = folder,
        .socket_extension = ".sock",
        .socket_mode = 0600,
        .socket_gid = (gid_t)-1,
    };
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert(eq(int, system(command), 0));
}

TestSuite(socket_file, .init = start, .fini = end);

/* The folder's lock, held by somebody else until the descriptor is closed. */
static int lock_elsewhere(void) {
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY);
    cr_assert(eq(int, flock(descriptor, LOCK_EX), 0));
    return descriptor;
}

/* A listening socket at a path, as a transport makes it. */
static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(eq(int, bind(descriptor, (struct sockaddr *)&address, sizeof address), 0));
    cr_assert(eq(int, listen(descriptor, 1), 0));
    return descriptor;
}

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

Test(socket_file, appears_under_its_name_only_when_published) {
    struct dk__socket file = {0};
    struct stat status;

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_OK));
    const int descriptor = listen_at(file.bind_path);
    cr_assert(not(exists(file.path)));
    cr_assert(eq(int, dk__socket_publish(&file, &settings, &fault), DK_OK));

    cr_assert(eq(int, lstat(file.path, &status), 0));
    cr_assert(eq(u32, status.st_mode & 0777, 0600));
    dk__socket_remove(&file);
    cr_assert(not(exists(file.path)));
    close(descriptor);
}

Test(socket_file, leaves_nothing_behind_when_it_was_never_published) {
    struct dk__socket file = {0};
    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_OK));

    dk__socket_remove(&file);

    cr_assert(eq(int, rmdir(folder), 0)); /* it is empty */
    cr_assert(eq(int, mkdir(folder, 0700), 0));
}

Test(socket_file, of_a_dead_process_is_removed) {
    struct dk__socket file = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/dk-x.sock", folder);
    close(listen_at(path)); /* the file stays, nobody listens */

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_OK));

    cr_assert(not(exists(path)));
    dk__socket_remove(&file);
}

Test(socket_file, of_a_living_process_is_refused_and_left_alone) {
    struct dk__socket file = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/dk-x.sock", folder);
    const int descriptor = listen_at(path);

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_UNAVAILABLE));

    cr_assert(ne(ptr, strstr(fault.text, "another process answers there"), NULL));
    dk__socket_remove(&file);
    cr_assert(exists(path));
    close(descriptor);
}

Test(socket_file, that_may_not_be_tried_is_refused_in_those_words) {
    struct dk__socket file = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/dk-x.sock", folder);
    const int descriptor = listen_at(path);
    cr_assert(eq(int, chmod(path, 0), 0));
    cr_assert(eq(int, chmod(folder, 0777), 0));
    const uid_t user = geteuid();
    cr_assert(user != 0 || seteuid(NOBODY) == 0); /* root may do all things */

    const enum dk_error error = dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault);

    cr_assert(eq(int, seteuid(user), 0));
    cr_assert(eq(int, error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(fault.text, "cannot be told: Permission denied"), NULL));
    cr_assert(exists(path));
    close(descriptor);
}

Test(socket_file, refuses_a_file_that_is_no_socket) {
    struct dk__socket file = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/dk-x.sock", folder);
    FILE *other = fopen(path, "w");
    fclose(other);

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_UNAVAILABLE));

    cr_assert(ne(ptr, strstr(fault.text, "no socket is in the way"), NULL));
    cr_assert(exists(path));
}

Test(socket_file, that_somebody_else_put_there_since_is_not_removed) {
    struct dk__socket file = {0};
    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_OK));
    const int descriptor = listen_at(file.bind_path);
    cr_assert(eq(int, dk__socket_publish(&file, &settings, &fault), DK_OK));
    cr_assert(eq(int, unlink(file.path), 0));
    const int other = listen_at(file.path);

    dk__socket_remove(&file);

    cr_assert(exists(file.path));
    close(other);
    close(descriptor);
}

Test(socket_file, makes_the_folders_on_the_way) {
    struct dk__socket file = {0};
    char deep[128];
    (void)snprintf(deep, sizeof deep, "%s/a/b", folder);
    settings.socket_dir = deep;

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_OK));

    dk__socket_remove(&file);
}

Test(socket_file, refuses_a_path_longer_than_a_socket_s) {
    struct dk__socket file = {0};
    char deep[128];
    (void)snprintf(deep, sizeof deep, "%s/%080d", folder, 0);
    settings.socket_dir = deep;

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, "at most 107 bytes"), NULL));
}

Test(socket_file, waits_for_the_folder_s_lock_no_longer_than_told) {
    struct dk__socket file = {.lock_wait_ms = 50};
    const int other = lock_elsewhere();

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_UNAVAILABLE));

    cr_assert(ne(ptr, strstr(fault.text, "another process has held its lock for 50 ms"), NULL));
    close(other);
}

Test(socket_file, waits_for_the_folder_s_lock_until_a_signal_to_stop) {
    struct dk__socket file = {.lock_wait_ms = INT64_MAX};
    const int other = lock_elsewhere();
    cr_assert(eq(int, sigprocmask(SIG_BLOCK, &stop, NULL), 0));
    cr_assert(eq(int, raise(SIGTERM), 0));

    cr_assert(eq(int, dk__socket_prepare(&file, &settings, "dk-x", &stop, &fault), DK_CANCELLED));

    close(other);
}

/* A service manager hears from a program when it is ready and when it stops. */
#include "support/component.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct component component;
static int manager = -1;

static void end(void) {
    (void)close(manager);
    component_stop(&component);
}

TestSuite(notify, .fini = end, .timeout = 60);

/* Listens as systemd does and tells the program where; '@' stands for an abstract name's NUL. */
static void listen_as_manager(const char *name) {
    const struct timeval patience = {.tv_sec = COMPONENT_WAIT_MS / 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert(eq(int, bind(manager, (struct sockaddr *)&address, size), 0));
    cr_assert(eq(int, setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0));
    cr_assert(eq(int, setenv("NOTIFY_SOCKET", name, 1), 0));
}

/* The next datagram; "" when none comes in time. */
static char *hear(void) {
    static char text[128];
    const ssize_t size = recv(manager, text, sizeof text - 1, 0);
    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void live_and_stop(void) {
    component_run(&component, "dk-memory", NULL);
    cr_assert(eq(str, hear(), "READY=1"));
    cr_assert(component_has_socket(&component)); /* ready is when it answers, no earlier */

    component_signal(&component, SIGTERM);

    cr_assert(eq(str, hear(), "STOPPING=1"));
    cr_assert(eq(int, component_wait(&component), 0));
}

Test(notify, tells_ready_and_stopping_at_a_path) {
    char path[128];
    component_prepare(&component, "dk-memory");
    (void)snprintf(path, sizeof path, "%s/notify", component.folder);
    listen_as_manager(path);

    live_and_stop();
}

Test(notify, tells_ready_and_stopping_at_an_abstract_name) {
    char name[64];
    component_prepare(&component, "dk-memory");
    (void)snprintf(name, sizeof name, "@dk-notify-test-%d", (int)getpid());
    listen_as_manager(name);

    live_and_stop();
}

Test(notify, serves_although_the_manager_has_gone) {
    char path[128];
    component_prepare(&component, "dk-memory");
    (void)snprintf(path, sizeof path, "%s/notify", component.folder);
    listen_as_manager(path);
    (void)close(manager);
    manager = -1;

    component_run(&component, "dk-memory", NULL);
    component_await(&component, component_has_socket);

    component_signal(&component, SIGTERM);
    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(component_said(&component, "the service manager was not reached"));
}

/*
 * What holds a pod's namespaces: waits, buries processes that lost their parent, and leaves when told.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_end(int number) {
    (void)number;
    _exit(0);
}

static void on_child(int number) {
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(void) {
    struct sigaction end = {.sa_handler = on_end};
    struct sigaction child = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};

    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGCHLD, &child, NULL);
    for (;;) {
        pause();
    }
}

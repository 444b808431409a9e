#include "clients/redis/redis_names.h"

#include "core/loop.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netdb.h>
#include <netinet/in.h>

static struct dk_loop *loop;
static struct dk_fault fault;
static int answers, last_code;
static uint16_t last_port;
static int last_family;

static void begin(void) {
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
}

static void end(void) {
    dk__loop_free(loop);
}

TestSuite(redis_names, .init = begin, .fini = end, .timeout = 50);

static void on_found(void *context, const struct addrinfo *found, int code) {
    (void)context;
    answers++;
    last_code = code;
    if (found != NULL) {
        const struct sockaddr_in *address = (const struct sockaddr_in *)(void *)found->ai_addr;
        last_family = found->ai_family;
        last_port = ntohs(address->sin_port);
    }
}

static struct redis_names *ask(const char *host) {
    struct redis_names *names = NULL;
    cr_assert(
        eq(int, redis_names_ask(loop, host, 7000, on_found, NULL, &names, &fault), DK_OK),
        "%s",
        fault.text);
    cr_assert(eq(int, answers, 0)); /* never before it returns */
    return names;
}

static void wait_for_answer(void) {
    while (answers == 0) {
        cr_assert(eq(int, dk__loop_turn(loop, -1), DK_OK));
    }
}

Test(redis_names, knows_numbers_without_asking) {
    struct redis_names *names = ask("127.0.0.1");
    wait_for_answer();
    cr_assert(eq(int, last_family, AF_INET));
    cr_assert(eq(int, last_port, 7000));
    redis_names_drop(names);

    answers = 0;
    names = ask("::1");
    wait_for_answer();
    cr_assert(eq(int, last_family, AF_INET6));
    redis_names_drop(names);
}

Test(redis_names, finds_this_machine) {
    struct redis_names *names = ask("localhost");

    wait_for_answer();

    cr_assert(eq(int, last_code, 0));
    cr_assert(eq(int, last_port, 7000));
    redis_names_drop(names);
}

Test(redis_names, says_why_there_is_none) {
    struct redis_names *names = ask("no-such-host.invalid");

    wait_for_answer();

    cr_assert(ne(int, last_code, 0));
    redis_names_drop(names);
}

Test(redis_names, forgets_a_question_whose_loop_ends_first) {
    for (int i = 0; i < 8; i++) {
        redis_names_drop(ask("localhost"));
    }

    cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));

    cr_assert(eq(int, answers, 0));
    redis_names_drop(NULL);
}

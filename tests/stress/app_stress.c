/*
 * Typed calls of an application on a loop with eight workers, some of them reset by their caller
 * while the handler runs; at the end the workers stop while calls are away. Every call ends once.
 */
#include "core/loop.h"
#include "everything.pb-c.h"
#include "support/fake_transport.h"
#include "wire/grpc/app.h"

#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, QUEUE = 64, CALLS = 32, ROUNDS = 5000, RESET_EACH = 7 };

static struct fake_transport transport;
static struct fake_call calls[CALLS];

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "app_stress: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static enum dk_error echo(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const DaprKit__Testing__V1__Everything *asked = (const void *)request;
    DaprKit__Testing__V1__Everything *said = (void *)answer;
    said->title = dk_call_format(call, "%s", asked->title);
    if (said->title == NULL || dk_call_is_over(call)) {
        return dk_call_fail(call, DK_CANCELLED, "nobody waits");
    }
    (void)dk_call_set_header(call, dk_bytes_of("x-title"), dk_bytes_of(said->title));
    return DK_OK;
}

#define THING &dapr_kit__testing__v1__everything__descriptor
static const struct dk_app_method methods[] = {{"Echo", echo, THING, THING}, {0}};
static const struct dk_app_service services[] = {{"t.Things", methods}, {0}};
static const struct dk_app tables = {.services = services};

static void ask(struct fake_call *call) {
    static const struct dk_bytes message = DK_BYTES("\x52\x05hello");
    const struct dk__rpc_headers headers = fake_headers("/t.Things/Echo");
    fake_call_unary(call, &transport, &headers, message);
}

static unsigned long long answered, reset;

static void end(struct fake_call *call) {
    require(call->finishes == 1, "a call ended more than once");
    if (call->is_closed) {
        require(call->status.code == DK__CODE_CANCELLED, "a reset call ended otherwise");
        reset++;
    } else {
        require(call->status.code == DK__CODE_OK, "a call failed");
        require(
            dk_bytes_equal(fake_call_answer(call, 0), (struct dk_bytes)DK_BYTES("\x52\x05hello")),
            "an answer is another call's");
        answered++;
    }
    fake_call_free(call);
}

int main(void) {
    struct dk_fault fault = {0};
    struct dk__workers *workers = NULL;
    struct dk__app *app = NULL;
    fake_transport_open(&transport);
    require(dk__workers_new(transport.loop, THREADS, QUEUE, &workers, &fault) == DK_OK, fault.text);
    const struct dk__app_config config = {.app = &tables, .workers = workers};
    require(dk__app_new(&transport.server, &config, &app, &fault) == DK_OK, fault.text);

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < CALLS; i++) {
            ask(&calls[i]);
        }
        for (unsigned i = 0; i < CALLS; i++) {
            if ((round + i) % RESET_EACH == 0 && calls[i].finishes == 0) {
                fake_call_reset(&calls[i]);
            }
        }
        if (round + 1 == ROUNDS) {
            break;
        }
        for (unsigned i = 0; i < CALLS; i++) {
            while (calls[i].let_gos == 0) {
                require(dk__loop_turn(transport.loop, -1) == DK_OK, "the loop failed");
            }
            end(&calls[i]);
        }
    }
    dk__workers_free(workers); /* with a round of calls away */
    for (unsigned i = 0; i < CALLS; i++) {
        require(calls[i].let_gos == 1, "a call did not come back");
        fake_call_free(&calls[i]);
    }
    fake_transport_close(&transport);
    dk__app_free(app);
    require(reset > 0, "nobody was reset");
    (void)printf("%llu calls answered, %llu reset by their callers\n", answered, reset);
    return EXIT_SUCCESS;
}

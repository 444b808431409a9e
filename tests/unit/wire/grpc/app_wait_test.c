/* What a handler waits for outside ends when nobody wants its answer any more. */
#include "app_rig.h"

#include "core/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <google/protobuf/empty.pb-c.h>
#include <sched.h>
#include <stdatomic.h>

static struct app_rig rig;
static atomic_int entered, left, ends, refused, begins_late, gone;

static void on_end(void *context) {
    atomic_fetch_add((atomic_int *)context, 1);
}

static enum dk_error wait_outside(
    struct dk_call *call, const ProtobufCMessage *request, ProtobufCMessage *answer) {
    (void)request;
    (void)answer;
    while (begins_late && !gone) { /* is_over alone comes before the loop has ended what waits */
        entered = 1;
        (void)sched_yield();
    }
    if (!dk__app_wait_begin(call, on_end, &ends)) {
        refused = 1;
    } else {
        entered = 1;
        while (ends == 0) {
            (void)sched_yield();
        }
        dk__app_wait_end(call);
    }
    left = 1;
    return DK_OK;
}

static enum dk_error wait_and_answer(
    struct dk_call *call, const ProtobufCMessage *request, ProtobufCMessage *answer) {
    (void)request;
    (void)answer;
    cr_assert(dk__app_wait_begin(call, on_end, &ends));
    dk__app_wait_end(call);
    return DK_OK;
}

static const struct dk_app_method methods[] = {
    {.name = "Wait",
     .run = wait_outside,
     .request = &google__protobuf__empty__descriptor,
     .answer = &google__protobuf__empty__descriptor},
    {.name = "Answer",
     .run = wait_and_answer,
     .request = &google__protobuf__empty__descriptor,
     .answer = &google__protobuf__empty__descriptor},
    {0}};
static const struct dk_app_service services[] = {{.name = "test.T", .methods = methods}, {0}};
static const struct dk_app tables = {.services = services};

static void begin(void) {
    entered = left = ends = refused = begins_late = gone = 0;
    app_rig_open(&rig, &tables, NULL);
}

static void end(void) {
    app_rig_close(&rig);
}

TestSuite(app_wait, .init = begin, .fini = end);

static void ask_and_go(void) {
    const struct dk_bytes empty = DK_BYTES("");
    const struct dk__rpc_headers headers = fake_headers("/test.T/Wait");
    fake_call_unary(&rig.call, &rig.transport, &headers, empty);
    while (!entered) {
        cr_assert(eq(int, dk__loop_turn(rig.transport.loop, 0), DK_OK));
        (void)sched_yield();
    }
    fake_call_reset(&rig.call);
    gone = 1;
    while (rig.call.let_gos == 0) {
        cr_assert(eq(int, dk__loop_turn(rig.transport.loop, -1), DK_OK));
    }
}

Test(app_wait, ends_once_when_the_caller_goes) {
    ask_and_go();

    cr_assert(left);
    cr_assert(eq(int, ends, 1));
}

Test(app_wait, does_not_begin_when_the_caller_has_gone) {
    begins_late = 1;

    ask_and_go();

    cr_assert(left);
    cr_assert(refused);
    cr_assert(eq(int, ends, 0));
}

Test(app_wait, is_left_alone_once_it_has_ended) {
    const struct dk_bytes empty = DK_BYTES("");

    (void)app_rig_ask_bytes(&rig, "/test.T/Answer", empty, (struct dk_pairs){0});

    cr_assert(eq(int, rig.call.status.code, DK__CODE_OK), "%s", rig.call.message);
    cr_assert(eq(int, ends, 0));
}

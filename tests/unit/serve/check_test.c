/* What a program says of itself and of the program that runs, from outside. */
#include "support/component.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct component component;

static void end(void) {
    component_stop(&component);
}

TestSuite(check, .fini = end, .timeout = 60);

/* A second process in the same folder, which asks and ends. */
static struct component asked(const char *action, const char *operand, int wanted_code) {
    const char *const options[] = {action, operand, NULL};
    struct component asking = component;
    component_run(&asking, "dk-memory", options);
    cr_assert(eq(int, component_wait(&asking), wanted_code));
    return asking;
}

Test(check, names_every_type_that_daprd_would_find) {
    component_start(&component, "dk-memory", NULL);

    const struct component asking = asked("--check", NULL, 0);

    cr_assert(component_said(&asking, "good  dapr.proto.components.v1.StateStore is served"));
    cr_assert(component_said(&asking, "good  dapr.proto.components.v1.PubSub is served"));
    cr_assert(component_said(
        &asking, "daprd finds it as type state.dk-memory, pubsub.dk-memory, version v1"));
}

Test(check, of_nothing_that_runs_fails_and_says_so) {
    component_prepare(&component, "dk-memory");

    const struct component asking = asked("--check", NULL, 1);

    cr_assert(component_said(&asking, "BAD   there is no such file"));
}

Test(check, describe_writes_a_document_for_each_block) {
    component_prepare(&component, "dk-memory");

    const struct component asking = asked("--describe", "yaml", 0);

    cr_assert(component_said(&asking, "type: state\n"));
    cr_assert(component_said(&asking, "---\n"));
    cr_assert(component_said(&asking, "type: pubsub\n"));
}

/*
 * Every store through every case, in this process. DK_STORE and DK_CASE name one of each: CTest
 * has an entry for every pair, from the rows below and the list in state_cases.c.
 */
#include "conformance/state_cases.h"

#include "statestore/memory/memory_store.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const *no_properties(bool other) {
    static const char *const none[] = {NULL};
    (void)other;
    return none;
}

static void nothing(void) {
}

static const struct store_row store_rows[] = {
    {
        .name = "memory",
        .backend = &memory_store,
        .properties = no_properties,
        .begin = nothing,
        .end = nothing,
    },
};

static const struct store_row *row_named(const char *name) {
    for (size_t i = 0; i < sizeof store_rows / sizeof store_rows[0]; i++) {
        if (name != NULL && strcmp(store_rows[i].name, name) == 0) {
            return &store_rows[i];
        }
    }
    return NULL;
}

static const struct state_case *case_named(const char *name) {
    for (const struct state_case *one = state_cases; one->name != NULL; one++) {
        if (name != NULL && strcmp(one->name, name) == 0) {
            return one;
        }
    }
    return NULL;
}

Test(conformance, state, .timeout = 50) {
    const struct store_row *row = row_named(getenv("DK_STORE"));
    const struct state_case *one = case_named(getenv("DK_CASE"));
    cr_assert(row != NULL, "DK_STORE names none of the stores");
    cr_assert(one != NULL, "DK_CASE names none of the cases");
    struct store_rig rig;
    row->begin();
    store_rig_open(&rig, row->backend);
    const struct rig_answer opened = store_rig_init(&rig, "a", row->properties(false));
    cr_assert(eq(int, opened.error, DK_OK), "%s", opened.text == NULL ? "" : opened.text);

    one->run(&rig, row);

    store_rig_close(&rig);
    row->end();
}

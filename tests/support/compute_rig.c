/* The compute service without its program. */
#include "support/compute_rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORD_BYTES_MAX = 12 };

static void *rig_take(void *context, size_t size) {
    return dk_call_take(context, size);
}

void compute_rig_open(struct compute_rig *rig) {
    struct compute_config config = {0};
    void *shared = NULL;
    fake_sidecar_reset();
    struct dk_call *call = fake_call_new(NULL);
    enum dk_error error =
        dk_options_parse(compute_options, (struct dk_pairs){0}, &config, rig_take, call, NULL);
    assert(error == DK_OK);
    error = service_open(call, &config, &shared);
    assert(error == DK_OK);
    (void)error;
    rig->service = shared;
    /* The texts of the settings are of that call, so it is kept; the process ends with it. */
    rig->call = fake_call_new(shared);
}

void compute_rig_close(struct compute_rig *rig) {
    fake_call_free(rig->call);
    service_close(rig->service);
}

struct dk_call *compute_rig_call(struct compute_rig *rig) {
    fake_call_free(rig->call);
    rig->call = fake_call_new(rig->service);
    return rig->call;
}

char *compute_rig_words(unsigned first, unsigned count) {
    char *text = malloc((size_t)count * WORD_BYTES_MAX + 1);
    size_t at = 0;
    assert(text != NULL);
    for (unsigned i = 0; i < count; i++) {
        at += (size_t)sprintf(text + at, "w%u ", first + i);
    }
    text[at] = '\0';
    return text;
}

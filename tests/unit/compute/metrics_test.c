/* What the compute service counts, by what it did. */
#include "compute/metrics.h"

#include "compute/functions.h"
#include "compute/near.h"
#include "compute/run.h"
#include "support/compute_rig.h"
#include "support/metric_number.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct compute_rig rig;

static void start(void) {
    compute_rig_open(&rig);
    dk_metrics_add(compute_metrics);
}

static void end(void) {
    compute_rig_close(&rig);
}

TestSuite(compute_metrics, .init = start, .fini = end);

#define NUMBER(name, ...) \
    metric_number(compute_metrics, name, (const char *const[]){__VA_ARGS__, NULL})

static enum dk_error run_simhash(struct dk_bytes bytes) {
    struct dk_call *call = compute_rig_call(&rig);
    const struct watch watch = service_watch(call);
    struct function_use use;
    struct content content;
    pb_annotations *annotations = NULL;
    bool cached = false;
    cr_assert(eq(int, function_find(call, "simhash", &use), DK_OK));
    enum dk_error error = content_open(call, bytes, &watch, &content, NULL);
    if (error == DK_OK) {
        error = run_functions(call, &content, &use, 1, &annotations, &cached);
    }
    content_close(&content);
    return error;
}

Test(compute_metrics, count_where_results_come_from) {
    const struct dk_bytes text = DK_BYTES("The quick brown fox jumps over the lazy dog again.");

    cr_assert(eq(int, run_simhash(text), DK_OK));
    cr_assert(eq(i64, NUMBER("dk_compute_results_total", "simhash", "computed"), 1));
    cr_assert(eq(i64, NUMBER("dk_compute_results_total", "simhash", "stored"), -1));

    cr_assert(eq(int, run_simhash(text), DK_OK));
    cr_assert(eq(i64, NUMBER("dk_compute_results_total", "simhash", "computed"), 1));
    cr_assert(eq(i64, NUMBER("dk_compute_results_total", "simhash", "stored"), 1));
    cr_assert(ge(i64, NUMBER("dk_compute_function_seconds", "simhash"), 0));
}

Test(compute_metrics, count_functions_that_give_nothing) {
    compute_metrics_ran("language", 5, DK_INVALID);

    cr_assert(eq(i64, NUMBER("dk_compute_failures_total", "language", "invalid"), 1));
    cr_assert(eq(i64, NUMBER("dk_compute_function_seconds", "language"), -1));
}

Test(compute_metrics, count_what_enters_and_leaves_the_index) {
    static const struct minhash_signature signature = {{1, 2, 3}};
    struct near_document document = {
        .tenant = "t", .id = "d", .version = 2, .content_sha256 = "ab", .signature = &signature};
    bool is_late = false;

    cr_assert(eq(int, near_put(compute_rig_call(&rig), &document, &is_late), DK_OK));
    cr_assert(eq(i64, NUMBER("dk_compute_index_changes_total", "put"), 1));
    document.version = 1;
    cr_assert(eq(int, near_put(compute_rig_call(&rig), &document, &is_late), DK_OK));
    cr_assert(eq(i64, NUMBER("dk_compute_index_changes_total", "late"), 1));
    document = (struct near_document){
        .tenant = "t", .id = "d", .version = 3, .content_sha256 = "", .is_deleted = true};
    cr_assert(eq(int, near_put(compute_rig_call(&rig), &document, &is_late), DK_OK));
    cr_assert(eq(i64, NUMBER("dk_compute_index_changes_total", "removed"), 1));
}

/* The methods of the compute service: messages to functions and back. Thread: the call's worker. */
#include "compute/methods.h"

#include "compute/near.h"
#include "compute/run.h"
#include "compute/service.h"

#include <math.h>
#include <string.h>

enum { SIMILAR_LIMIT = 10 };
#define SIMILARITY_LOWEST 0.5 /* below, the index finds next to nothing: lsh.h */

/* ── ListFunctions ──────────────────────────────────────────────────────────────────────────── */

static enum dk_error list_parameters(
    struct dk_call *call, const struct function *row, pb_function *function) {
    function->parameters = dk_call_take(call, FUNCTION_PARAMETERS_MAX * sizeof(pb_parameter *));
    if (function->parameters == NULL) {
        return compute_no_memory(call);
    }
    for (size_t i = 0; i < FUNCTION_PARAMETERS_MAX && row->parameters[i].name != NULL; i++) {
        pb_parameter *parameter = dk_call_take(call, sizeof *parameter);
        if (parameter == NULL) {
            return compute_no_memory(call);
        }
        dapr_kit__compute__v1__parameter__init(parameter);
        parameter->name = pb_text(row->parameters[i].name);
        parameter->min = row->parameters[i].min;
        parameter->max = row->parameters[i].max;
        parameter->default_value = row->parameters[i].default_value;
        parameter->description = pb_text(row->parameters[i].help);
        function->parameters[i] = parameter;
        function->n_parameters++;
    }
    return DK_OK;
}

static enum dk_error list_functions(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *base) {
    DaprKit__Compute__V1__ListFunctionsAnswer *answer = (void *)base;
    (void)request;
    answer->functions = dk_call_take(call, FUNCTIONS_MAX * sizeof(pb_function *));
    if (answer->functions == NULL) {
        return compute_no_memory(call);
    }
    for (const struct function *row = functions; row->name != NULL; row++) {
        pb_function *function = dk_call_take(call, sizeof *function);
        if (function == NULL) {
            return compute_no_memory(call);
        }
        dapr_kit__compute__v1__function__init(function);
        function->name = pb_text(row->name);
        function->version = row->version;
        function->description = pb_text(row->help);
        function->takes_bytes = row->takes_bytes;
        function->cost_us_per_mib = row->cost_us_per_mib;
        if (list_parameters(call, row, function) != DK_OK) {
            return compute_no_memory(call);
        }
        answer->functions[answer->n_functions] = function;
        answer->n_functions++;
    }
    return DK_OK;
}

/* ── Run ────────────────────────────────────────────────────────────────────────────────────── */

typedef DaprKit__Compute__V1__RunRequest pb_run_request;

struct uses {
    struct function_use items[FUNCTIONS_MAX];
    size_t count;
    bool takes_text; /* one of them */
};

/* The functions of a request, each once. */
static enum dk_error uses_find(
    struct dk_call *call, const pb_run_request *request, struct uses *uses) {
    if (request->n_functions == 0) {
        return dk_call_fail(
            call, DK_INVALID, "functions: none is named; GET /functions lists them");
    }
    for (size_t i = 0; i < request->n_functions; i++) {
        struct function_use use;
        const enum dk_error error = function_find(call, request->functions[i], &use);
        if (error != DK_OK) {
            return error;
        }
        for (size_t j = 0; j < uses->count; j++) {
            if (uses->items[j].function == use.function) {
                return dk_call_fail(
                    call, DK_INVALID, "functions: '%s' is named twice", use.function->name);
            }
        }
        uses->items[uses->count] = use;
        uses->count++;
        uses->takes_text = uses->takes_text || !use.function->takes_bytes;
    }
    return DK_OK;
}

/* "keywords.count" goes to the use of keywords. */
static enum dk_error uses_set(
    struct dk_call *call, struct uses *uses, const char *name, int64_t value) {
    const char *dot = strchr(name, '.');
    for (size_t i = 0; dot != NULL && i < uses->count; i++) {
        const char *function = uses->items[i].function->name;
        if (strlen(function) == (size_t)(dot - name) &&
            strncmp(function, name, (size_t)(dot - name)) == 0) {
            return function_set(call, &uses->items[i], dot + 1, value);
        }
    }
    return dk_call_fail(
        call,
        DK_INVALID,
        "parameter: '%.64s' is not <function>.<parameter> of a function that is to run",
        name);
}

static enum dk_error run_content(
    struct dk_call *call, const pb_run_request *request, struct dk_bytes *ret_bytes) {
    if (request->content_case == DAPR_KIT__COMPUTE__V1__RUN_REQUEST__CONTENT_TEXT) {
        *ret_bytes = dk_bytes_of(request->text);
    } else if (request->content_case == DAPR_KIT__COMPUTE__V1__RUN_REQUEST__CONTENT_DATA) {
        *ret_bytes = (struct dk_bytes){
            .data = request->data.len == 0 ? "" : (const char *)request->data.data,
            .size = request->data.len};
    } else {
        return dk_call_fail(call, DK_INVALID, "content: neither 'text' nor 'data' is given");
    }
    return DK_OK;
}

/* The functions on a content. */
static enum dk_error run_on(
    struct dk_call *call,
    struct dk_bytes bytes,
    const struct uses *uses,
    pb_annotations **ret_annotations,
    bool *ret_cached) {
    const struct watch watch = service_watch(call);
    struct dk_fault fault = {0};
    struct content content;
    enum dk_error error = content_open(call, bytes, &watch, &content, &fault);
    if (error == DK_OK && uses->takes_text) {
        error = content_check_text(&content, &fault);
    }
    if (error == DK_OK) {
        error =
            run_functions(call, &content, uses->items, uses->count, ret_annotations, ret_cached);
    } else {
        (void)dk_call_fail(call, error, "%s", fault.text);
    }
    content_close(&content);
    return error;
}

static enum dk_error run_answer(
    struct dk_call *call,
    const struct uses *uses,
    const bool *cached,
    DaprKit__Compute__V1__RunAnswer *answer) {
    answer->functions = dk_call_take(call, FUNCTIONS_MAX * sizeof(pb_run_function *));
    for (size_t i = 0; answer->functions != NULL && i < uses->count; i++) {
        pb_run_function *function = dk_call_take(call, sizeof *function);
        if (function == NULL) {
            return compute_no_memory(call);
        }
        dapr_kit__compute__v1__run_function__init(function);
        function->name = pb_text(uses->items[i].function->name);
        function->version = uses->items[i].function->version;
        function->cached = cached[i];
        answer->functions[i] = function;
        answer->n_functions++;
    }
    return answer->functions == NULL ? compute_no_memory(call) : DK_OK;
}

static enum dk_error run_method(
    struct dk_call *call, const struct ProtobufCMessage *base, struct ProtobufCMessage *answer) {
    const pb_run_request *request = (const void *)base;
    DaprKit__Compute__V1__RunAnswer *result = (void *)answer;
    struct uses uses = {.count = 0};
    bool cached[FUNCTIONS_MAX];
    struct dk_bytes bytes = {0};
    enum dk_error error = uses_find(call, request, &uses);
    for (size_t i = 0; error == DK_OK && i < request->n_parameters; i++) {
        error = uses_set(call, &uses, request->parameters[i]->key, request->parameters[i]->value);
    }
    if (error == DK_OK) {
        error = run_content(call, request, &bytes);
    }
    if (error == DK_OK) {
        error = run_on(call, bytes, &uses, &result->annotations, cached);
    }
    return error == DK_OK ? run_answer(call, &uses, cached, result) : error;
}

/* ── Similar ────────────────────────────────────────────────────────────────────────────────── */

/* The bounds of a question, and the service's defaults. */
static enum dk_error similar_question(
    struct dk_call *call,
    const DaprKit__Compute__V1__SimilarRequest *request,
    struct near_question *question) {
    const double lowest = request->similarity_min;
    if (isnan(lowest) || (lowest != 0 && (lowest < SIMILARITY_LOWEST || lowest > 1))) {
        return dk_call_fail(
            call, DK_INVALID, "similarity_min: %g is not from %g to 1", lowest, SIMILARITY_LOWEST);
    }
    if (request->limit > NEAR_LIMIT_MAX) {
        return dk_call_fail(
            call, DK_INVALID, "limit: %u is over %d", request->limit, NEAR_LIMIT_MAX);
    }
    question->similarity_min =
        lowest == 0 ? (double)service_of(call)->config.similar_percent / 100 : lowest;
    question->limit = request->limit == 0 ? SIMILAR_LIMIT : request->limit;
    return service_tenant(call, &question->tenant);
}

static enum dk_error similar_method(
    struct dk_call *call, const struct ProtobufCMessage *base, struct ProtobufCMessage *answer) {
    const DaprKit__Compute__V1__SimilarRequest *request = (const void *)base;
    DaprKit__Compute__V1__SimilarAnswer *result = (void *)answer;
    struct near_question question = {0};
    struct minhash_signature signature;
    struct uses uses = {.count = 1, .takes_text = true};
    pb_annotations *annotations = NULL;
    bool cached = false;
    enum dk_error error = similar_question(call, request, &question);
    if (error == DK_OK) {
        error = function_find(call, "minhash", &uses.items[0]);
    }
    if (error == DK_OK) {
        error = run_on(call, dk_bytes_of(request->text), &uses, &annotations, &cached);
    }
    if (error != DK_OK || annotations->n_minhash != MINHASH_BINS) {
        return error; /* a text without words is like nothing */
    }
    memcpy(signature.values, annotations->minhash, sizeof signature.values);
    question.signature = &signature;
    return near_find(call, &question, &result->documents, &result->n_documents);
}

/* ── table ──────────────────────────────────────────────────────────────────────────────────── */

#define MESSAGE(name) &dapr_kit__compute__v1__##name##__descriptor

/* clang-format off */
const struct dk_app_method compute_methods[] = {
    /* name, run, request, answer, verb, path, body, answer_body */
    {"ListFunctions", list_functions, MESSAGE(list_functions_request),
     MESSAGE(list_functions_answer), "GET", "/functions", NULL, NULL},
    {"Run", run_method, MESSAGE(run_request), MESSAGE(run_answer),
     "POST", "/functions/{functions}:run", "*", NULL},
    {"Similar", similar_method, MESSAGE(similar_request), MESSAGE(similar_answer),
     "POST", "/similar", "*", NULL},
    {0},
};
/* clang-format on */

/* dk-greeter: an application in C, built against the installed SDK. One method with two doors, a setting, and a value
 * in Dapr's state store that two callers at once may want to change. */
#include <dapr_kit/greeter_protos.h>
#include <dk/app.h>
#include <dk/daprd.h>
#include <dk/loop.h>
#include <greeter.pb-c.h>
#include <string.h>

enum { TRIES_MAX = 8, NAME_BYTES_MAX = 100 };

struct config {
    const char *store;
};

/* What was said last to this name, in the call's memory; one that says nothing when nobody was here. */
static enum dk_error recall(
    struct dk_call *call,
    const char *store,
    struct dk_bytes key,
    struct dk_state_item *ret_item,
    Example__Greeter__V1__Greeting **ret_last) {
    const enum dk_error error = dk_daprd_get(call, store, key, ret_item);
    return error != DK_OK ? error
                          : dk_call_unpack(
                                call,
                                &example__greeter__v1__greeting__descriptor,
                                ret_item->value,
                                (struct ProtobufCMessage **)ret_last);
}

static enum dk_error greet(
    struct dk_call *call, const struct ProtobufCMessage *request, struct ProtobufCMessage *answer) {
    const Example__Greeter__V1__GreetRequest *asked = (const void *)request;
    Example__Greeter__V1__Greeting *said = (void *)answer;
    const char *const store = dk_call_app(call);
    const size_t name_bytes = strlen(asked->name);

    if (name_bytes == 0 || name_bytes > NAME_BYTES_MAX) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "name: has %zu bytes, allowed are 1 to %d",
            name_bytes,
            NAME_BYTES_MAX);
    }
    /* First write wins, and who comes second looks again: no greeting is lost. */
    for (int i = 0; i < TRIES_MAX; i++) {
        struct dk_state_item item = {0};
        Example__Greeter__V1__Greeting *last = NULL;
        Google__Protobuf__Timestamp *now = dk_call_take(call, sizeof *now);
        enum dk_error error = recall(call, store, dk_bytes_of(asked->name), &item, &last);
        if (error != DK_OK || now == NULL) {
            return error != DK_OK ? error : dk_call_fail(call, DK_EXHAUSTED, "no memory to greet");
        }
        google__protobuf__timestamp__init(now);
        now->seconds = dk_clock_ms() / 1000;
        said->times = last->times + 1;
        said->first_at = last->first_at != NULL ? last->first_at : now;
        said->text =
            dk_call_format(call, last->times == 0 ? "Hello, %s!" : "Hello again, %s!", asked->name);
        item.concurrency = DK_FIRST_WRITE;
        item.value = dk_call_pack(call, answer);
        if (said->text == NULL || item.value.data == NULL) {
            return dk_call_fail(call, DK_EXHAUSTED, "no memory to greet");
        }
        error = dk_daprd_save(call, store, &item, 1);
        if (error != DK_ETAG_MISMATCH) {
            return error;
        }
    }
    return dk_call_fail(
        call, DK_EXHAUSTED, "name: '%s' is greeted by too many at once", asked->name);
}

static enum dk_error start(struct dk_call *call, const void *config, void **ret_shared) {
    const struct config *const settings = config;
    (void)call;
    *ret_shared = (void *)settings->store;
    return DK_OK;
}

/* clang-format off */
static const struct dk_option options[] = {
    {"state-store", DK_TEXT, DK_FIELD(struct config, store, const char *), "statestore", 1, 100, 0,
     "The state store's name among the sidecar's components."},
    DK_OPTION_END,
};

static const struct dk_app_method methods[] = {
    {"Greet", greet, &example__greeter__v1__greet_request__descriptor,
     &example__greeter__v1__greeting__descriptor, "POST", "/greetings/{name}"},
    {0},
};
/* clang-format on */

static const struct dk_app_service services[] = {{"example.greeter.v1.Greeter", methods}, {0}};

int main(int argc, char **argv) {
    static const struct dk_app app = {
        .name = "dk-greeter",
        .version = "1.0.0",
        .services = services,
        .descriptors = &greeter_protos,
        .options = options,
        .config_size = sizeof(struct config),
        .open = start,
    };
    return dk_app_run(&app, argc, argv);
}

/* Single flight: one mutex over a short list. Thread: any. */
#include "compute/flights.h"

#include "compute/wait.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct flight {
    struct flight *next;
    char key[FLIGHT_KEY_BYTES_MAX];
    uint32_t joined;  /* leader and followers that have not left; the last one frees */
    bool is_finished; /* off the list: who comes now begins another */
    char *result;     /* NULL: the leader failed */
    size_t result_size;
};

struct flights {
    pthread_mutex_t mutex;
    pthread_cond_t has_finished;
    struct flight *first;
    uint32_t count, waiting;
};

enum dk_error flights_new(struct flights **ret_flights, struct dk_fault *fault) {
    struct flights *flights = calloc(1, sizeof *flights);
    if (flights == NULL || wait_condition_init(&flights->has_finished) != 0) {
        free(flights);
        return dk_fault_set(fault, DK_EXHAUSTED, "compute: no memory for flights");
    }
    (void)pthread_mutex_init(&flights->mutex, NULL); /* cannot fail with default attributes */
    *ret_flights = flights;
    return DK_OK;
}

void flights_free(struct flights *flights) {
    if (flights == NULL) {
        return;
    }
    assert(flights->first == NULL && flights->waiting == 0);
    (void)pthread_cond_destroy(&flights->has_finished);
    (void)pthread_mutex_destroy(&flights->mutex);
    free(flights);
}

/* The mutex is held. NULL: none of that key. */
static struct flight *flights_find(const struct flights *flights, const char *key) {
    struct flight *flight = flights->first;
    while (flight != NULL && strcmp(flight->key, key) != 0) {
        flight = flight->next;
    }
    return flight;
}

enum dk_error flights_join(
    struct flights *flights,
    const char *key,
    struct flight **ret_flight,
    bool *ret_leads,
    struct dk_fault *fault) {
    const size_t size = strlen(key) + 1;
    assert(size <= FLIGHT_KEY_BYTES_MAX);
    enum dk_error error = DK_OK;
    (void)pthread_mutex_lock(&flights->mutex);
    struct flight *flight = flights_find(flights, key);
    const bool leads = flight == NULL;
    if (leads) {
        flight = flights->count < FLIGHTS_MAX ? calloc(1, sizeof *flight) : NULL;
        if (flight == NULL) {
            error = dk_fault_set(
                fault, DK_EXHAUSTED, "compute: %d results are being computed", FLIGHTS_MAX);
        } else {
            memcpy(flight->key, key, size);
            flight->next = flights->first;
            flights->first = flight;
            flights->count++;
        }
    }
    if (flight != NULL) {
        flight->joined++;
        *ret_flight = flight;
        *ret_leads = leads;
    }
    (void)pthread_mutex_unlock(&flights->mutex);
    return error;
}

/* The mutex is held. */
static void flight_release(struct flight *flight) {
    assert(flight->joined > 0);
    flight->joined--;
    if (flight->joined == 0) {
        free(flight->result);
        free(flight);
    }
}

void flight_finish(struct flights *flights, struct flight *flight, struct dk_bytes result) {
    (void)pthread_mutex_lock(&flights->mutex);
    struct flight **at = &flights->first;
    while (*at != flight) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = flight->next;
    flights->count--;
    flight->is_finished = true;
    if (flight->joined > 1 && result.data != NULL) {
        flight->result = malloc(result.size + 1); /* an empty result is one too */
        if (flight->result != NULL && result.size > 0) {
            memcpy(flight->result, result.data, result.size);
        }
        flight->result_size = result.size;
    }
    flight_release(flight);
    (void)pthread_cond_broadcast(&flights->has_finished);
    (void)pthread_mutex_unlock(&flights->mutex);
}

/* The mutex is held; the flight has finished. */
static enum dk_error flight_copy(
    const struct flight *flight,
    flight_take_fn *take,
    void *context,
    struct dk_bytes *ret_result,
    struct dk_fault *fault) {
    if (flight->result == NULL) {
        return dk_fault_set(fault, DK_NOT_READY, "compute: the one that computed it failed");
    }
    char *copy = take(context, flight->result_size + 1);
    if (copy == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "compute: no memory left for this call");
    }
    memcpy(copy, flight->result, flight->result_size);
    *ret_result = (struct dk_bytes){.data = copy, .size = flight->result_size};
    return DK_OK;
}

enum dk_error flight_wait(
    struct flights *flights,
    struct flight *flight,
    const struct watch *watch,
    flight_take_fn *take,
    void *context,
    struct dk_bytes *ret_result,
    struct dk_fault *fault) {
    enum dk_error error = DK_OK;
    (void)pthread_mutex_lock(&flights->mutex);
    flights->waiting++;
    while (!flight->is_finished && error == DK_OK) {
        if (watch_is_over(watch)) {
            error = dk_fault_set(fault, DK_CANCELLED, "compute: given up while another computed");
        } else {
            wait_a_while(&flights->has_finished, &flights->mutex);
        }
    }
    flights->waiting--;
    if (error == DK_OK) {
        error = flight_copy(flight, take, context, ret_result, fault);
    }
    flight_release(flight);
    (void)pthread_mutex_unlock(&flights->mutex);
    return error;
}

void flight_leave(struct flights *flights, struct flight *flight) {
    (void)pthread_mutex_lock(&flights->mutex);
    flight_release(flight);
    (void)pthread_mutex_unlock(&flights->mutex);
}

uint32_t flights_waiting(struct flights *flights) {
    (void)pthread_mutex_lock(&flights->mutex);
    const uint32_t waiting = flights->waiting;
    (void)pthread_mutex_unlock(&flights->mutex);
    return waiting;
}

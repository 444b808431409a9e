#ifndef DK_ERROR_H
#define DK_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What can go wrong, in the words of a backend. wire/grpc/status.c has the one table from here to
 * gRPC's status codes and to the details that daprd recognises.
 */
enum dk_error {
    DK_OK = 0,
    DK_INVALID,       /* the caller's request or metadata makes no sense */
    DK_ETAG_INVALID,  /* the etag is no etag of this store */
    DK_ETAG_MISMATCH, /* somebody else wrote first */
    DK_NOT_FOUND,     /* the named thing (an index, a topic) does not exist */
    DK_NOT_READY,     /* the instance was never initialised, or is closing */
    DK_UNSUPPORTED,   /* this backend or server cannot do that, and never will */
    DK_DENIED,        /* the backend's server refused our credentials or rights */
    DK_EXHAUSTED,     /* a bound named in the configuration is reached; try again later */
    DK_TOO_LARGE,     /* an answer is over a bound, and later will be no better */
    DK_UNAVAILABLE,   /* the backend's server cannot be reached */
    DK_TIMEOUT,       /* the deadline of the call passed first */
    DK_CANCELLED,     /* the caller no longer waits */
    DK_INTERNAL,      /* the backend's server answered with an error of its own */
};

enum { DK_FAULT_TEXT_BYTES_MAX = 2048 };

/*
 * An error with its words, for what fails outside of a call: options, start-up, a dial.
 *
 * Owner: the caller's, usually on the stack; zeroed means no fault.
 * Bound: DK_FAULT_TEXT_BYTES_MAX with the terminating NUL; longer text is cut at a character.
 */
struct dk_fault {
    enum dk_error error;
    char text[DK_FAULT_TEXT_BYTES_MAX];
};

/*
 * Notes an error and gives it back, so that a caller can `return dk_fault_set(…)`. A second fault
 * joins the first ("; " between them) and the first error stays: one answer names every fault.
 * Text names the subject first, quotes foreign strings in single quotes, leaves secrets out.
 * Bytes that are not UTF-8 become U+FFFD, because the text travels to daprd.
 *
 * Thread: any; `fault` is not shared. `fault` may be NULL: then only the error is given back.
 */
enum dk_error dk_fault_set(struct dk_fault *fault, enum dk_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of an error for logs ("etag_mismatch"); never NULL. */
const char *dk_error_name(enum dk_error error);

#ifdef __cplusplus
}
#endif

#endif /* DK_ERROR_H */

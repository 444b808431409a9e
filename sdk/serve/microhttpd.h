#ifndef DK_SERVE_MICROHTTPD_H
#define DK_SERVE_MICROHTTPD_H

#include <dk/error.h>
#include <microhttpd.h>

/* libmicrohttpd's functions that we call, found in the library when it is loaded. */
struct dk__microhttpd {
    struct MHD_Daemon *(*start_daemon)(
        unsigned flags,
        uint16_t port,
        MHD_AcceptPolicyCallback accept,
        void *accept_context,
        MHD_AccessHandlerCallback handler,
        void *handler_context,
        ...);
    void (*stop_daemon)(struct MHD_Daemon *daemon);
    const union MHD_DaemonInfo *(*get_daemon_info)(
        struct MHD_Daemon *daemon, enum MHD_DaemonInfoType type, ...);
    enum MHD_Result (*run)(struct MHD_Daemon *daemon);
    enum MHD_Result (*get_timeout)(struct MHD_Daemon *daemon, MHD_UNSIGNED_LONG_LONG *timeout_ms);
    const char *(*lookup_connection_value)(
        struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key);
    void (*suspend_connection)(struct MHD_Connection *connection);
    void (*resume_connection)(struct MHD_Connection *connection);
    struct MHD_Response *(*create_response_from_buffer)(
        size_t size, void *buffer, enum MHD_ResponseMemoryMode mode);
    enum MHD_Result (*add_response_header)(
        struct MHD_Response *response, const char *header, const char *content);
    enum MHD_Result (*queue_response)(
        struct MHD_Connection *connection, unsigned status, struct MHD_Response *response);
    void (*destroy_response)(struct MHD_Response *response);
};

/* Loads the library once for the process. Errors: DK_UNAVAILABLE with the loader's words. Thread:
 * main. */
enum dk_error dk__microhttpd_load(
    const struct dk__microhttpd **ret_functions, struct dk_fault *fault);

#endif /* DK_SERVE_MICROHTTPD_H */

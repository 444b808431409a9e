#ifndef DK_SERVE_H
#define DK_SERVE_H

#ifdef __cplusplus
extern "C" {
#endif

struct dk_state_backend;
struct dk_pubsub_backend;
struct dk_input_binding_backend;
struct dk_output_binding_backend;

/* What one socket serves. Blocks that a program lacks stay NULL. */
struct dk_backends {
    const struct dk_state_backend *state;
    const struct dk_pubsub_backend *pubsub;
    const struct dk_input_binding_backend *input_binding;
    const struct dk_output_binding_backend *output_binding;
};

/*
 * One socket of a program: its name in the sockets folder, and who answers on it.
 * A table of these, ended by a zeroed row, is a program.
 */
struct dk_service {
    const char *name; /* file name without ".sock": what follows "state." in a Component's type */
    struct dk_backends backends;
    const char *version; /* of the program, in its first row ("1.4.0"); NULL: the SDK's */
};

/*
 * The whole life of a component program: reads the command line and environment, serves until
 * SIGTERM or SIGINT, drains, closes every instance.
 *
 * Result: the process' exit code. 0 after a clean stop; 1 when it could not serve (the reason is on
 *         standard error); 2 for a wrong command line.
 * Thread: main; ends only with the process' work.
 */
int dk_serve(int argc, char **argv, const struct dk_service *services);

#ifdef __cplusplus
}
#endif

#endif /* DK_SERVE_H */

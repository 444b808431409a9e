/*
 * dk-interop-client: asks a server gRPC's interoperability cases with our client.
 *
 *     dk-interop-client --target host:port|unix:/path [--ca FILE] [--certificate FILE --key FILE]
 *                       [--server-name NAME] CASE…
 *     dk-interop-client --list
 *
 * With --ca or a certificate the connection is TLS. Prints "ok CASE" for each that passes; ends
 * with 0 when all did, 1 when one did not, 2 when it was not understood.
 */
#include "cases.h"
#include "wire/core/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const struct interop_case *case_named(const char *name) {
    for (const struct interop_case *at = interop_cases; at->name != NULL; at++) {
        if (strcmp(at->name, name) == 0) {
            return at;
        }
    }
    return NULL;
}

static int list(void) {
    for (const struct interop_case *at = interop_cases; at->name != NULL; at++) {
        (void)puts(at->name);
    }
    return EXIT_SUCCESS;
}

/* Reads the options; the place of the first case, or 0 when an option is none. */
static int options_read(
    int argc, char **argv, struct dk__channel_config *config, struct dk__channel_tls *tls) {
    const struct {
        const char *name, **value;
    } options[] = {
        {"--target", &config->target},
        {"--ca", &tls->ca_path},
        {"--certificate", &tls->certificate_path},
        {"--key", &tls->key_path},
        {"--server-name", &tls->server_name},
    };
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        size_t row = 0;
        while (row < sizeof options / sizeof options[0] &&
               strcmp(options[row].name, argv[at]) != 0) {
            row++;
        }
        if (row == sizeof options / sizeof options[0]) {
            return 0;
        }
        *options[row].value = argv[at + 1];
    }
    if (tls->ca_path != NULL || tls->certificate_path != NULL) {
        config->tls = tls;
    }
    return at;
}

int main(int argc, char **argv) {
    struct dk__channel_config config = dk__channel_config_default;
    struct dk__channel_tls tls = {0};
    struct dk__channels *channels = NULL;
    struct interop_probe probe = {0};
    struct dk_fault fault = {0};
    bool has_failed = false;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        return list();
    }
    const int first = options_read(argc, argv, &config, &tls);
    for (int at = first; at > 0 && at < argc; at++) {
        if (case_named(argv[at]) == NULL) {
            (void)fprintf(stderr, "'%s' is no case; --list shows them\n", argv[at]);
            return EXIT_USAGE;
        }
    }
    if (first == 0 || first == argc || config.target == NULL) {
        (void)fprintf(
            stderr,
            "usage: %s --target host:port|unix:/path [--ca FILE] [--certificate FILE --key FILE]\n"
            "       [--server-name NAME] CASE…, or --list\n",
            argv[0]);
        return EXIT_USAGE;
    }
    if (dk__channels_new(&channels, &fault) != DK_OK ||
        dk__channel_new(channels, &config, &probe.channel, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[0], fault.text);
        dk__channels_free(channels);
        return EXIT_FAILURE;
    }
    for (int at = first; at < argc; at++) {
        probe.has_failed = false;
        case_named(argv[at])->run(&probe);
        (void)printf("%s %s\n", probe.has_failed ? "not ok" : "ok", argv[at]);
        has_failed |= probe.has_failed;
    }
    dk__channel_free(probe.channel);
    dk__channels_free(channels);
    return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

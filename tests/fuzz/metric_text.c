/*
 * Label values of anybody's bytes, and Accept headers. What is written of a series is read back: the
 * label's value as it is kept, one line, nothing beside it.
 */
#include "core/metric_text.h"

#include "core/metric.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 512 };

static struct dk_metric metrics[] = {
    {"dk_fuzz", DK_METRIC_GAUGE, "A number.", {"value"}, .series_max = 4}, {0}};

static void must(bool is_so, const char *what) {
    if (!is_so) {
        (void)fprintf(stderr, "metric_text: %s\n", what);
        abort();
    }
}

/* The value between the quotes of the line at `text`, its escapes undone; then what follows it. */
static const char *read_value(const char *text, char *value) {
    static const char head[] = "dk_fuzz{value=\"";
    must(strncmp(text, head, sizeof head - 1) == 0, "the line begins otherwise");
    for (text += sizeof head - 1; *text != '"'; text++) {
        must(*text != '\0' && *text != '\n', "the value does not end in its line");
        if (*text == '\\') {
            text++;
            must(*text == 'n' || *text == '\\' || *text == '"', "an escape that nobody knows");
            *value++ = *text;
            if (*text == 'n') {
                value[-1] = '\n';
            }
        } else {
            *value++ = *text;
        }
    }
    *value = '\0';
    return text + 1;
}

static void check_form(const struct dk_series *series, enum dk__metrics_form form) {
    char value[BYTES_MAX], *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    must(output != NULL, "no memory");
    (void)dk__metrics_walk_begin();
    dk__metric_write(metrics, form, output);
    dk__metrics_walk_end();
    (void)fclose(output);
    must(strlen(text) == size, "a NUL byte was written");
    const char *line = strstr(text, "\ndk_fuzz{");
    must(line != NULL, "there is no line of the series");
    const char *rest = read_value(line + 1, value);
    must(strcmp(value, series->values[0]) == 0, "the value is another one");
    must(strcmp(rest, "} 7\n") == 0, "something else follows");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[BYTES_MAX];
    size = size < sizeof text ? size : sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';

    (void)dk__metrics_form_of(text);
    dk_metrics_add(metrics);
    struct dk_series *series = dk_metric_series(metrics, (const char *[]){text});
    dk_series_set(series, 7);
    must(strlen(series->values[0]) <= DK_METRIC_VALUE_BYTES_MAX, "the value is too long");
    check_form(series, DK__METRICS_TEXT);
    check_form(series, DK__METRICS_OPENMETRICS);
    dk__metrics_clear();
    return 0;
}

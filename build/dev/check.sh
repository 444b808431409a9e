# shellcheck shell=bash
# ./dev check: what a machine can see in the sources. Sourced.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"

dk_c_files() { git -C "$DK_ROOT" ls-files -- 'sdk/*.[ch]' 'components/*.[ch]' 'app/*.[ch]' 'tests/*.[ch]' 'examples/*.c' 'examples/*.cc'; }

dk_check_format() { dk_c_files | xargs -r clang-format-14 --dry-run --Werror; }

dk_check_shell() {
    git -C "$DK_ROOT" ls-files -- dev '*.sh' .ci/run | xargs -r shellcheck -x
}

# clang-tidy over our sources; a file is checked again only when it, a header or the rules changed.
dk_check_tidy() {
    local cache=$DK_OUT/tidy shared file key code=0
    mkdir -p "$cache"
    shared=$(git -C "$DK_ROOT" ls-files -- .clang-tidy 'sdk/*.h' 'components/*.h' 'app/*.h' | xargs cat | sha256sum | cut -c1-16)
    git -C "$DK_ROOT" ls-files -- 'sdk/*.c' 'components/*.c' 'app/*.c' | while read -r file; do
        key=$cache/$shared-$(sha256sum "$file" | cut -c1-16)
        [ -e "$key" ] || echo "$key $file"
    done >"$cache/todo"
    # shellcheck disable=SC2016 # expanded by the inner shell
    xargs -r -P "$(nproc)" -L 1 bash -c \
        'clang-tidy-14 --quiet -p "$DK_OUT/dev" "$1" >"$0.log" 2>/dev/null && touch "$0" || { cat "$0.log"; exit 1; }' <"$cache/todo" ||
        code=1
    return $code
}

# dk_metrics_page: what every program says that it counts.
dk_metrics_page() {
    local program
    cat <<'TEXT'
# Metrics

Every program shows these on `/metrics` when it has `--metrics-port` (or `DK_METRICS_PORT`), as Prometheus' text or as
OpenMetrics with exemplars, and beside it `/healthz`, `/readyz` and `/statusz`: [architecture.md](architecture.md). `series`
is how many label sets a family holds apart; what comes beyond shares one series, all of whose labels are `other`, and
counts in `dk_metrics_series_refused_total`. Each program prints its part: `--describe metrics`.
TEXT
    for program in dk-kafka dk-memory dk-redis dk-compute dk-document; do
        echo
        "$DK_OUT/dev/bin/$program" --describe metrics
    done
}

# dk_reference_write FOLDER: what the programs say of themselves: the settings of components, the metrics of all, and
# the OpenAPI pages of applications.
dk_reference_write() {
    local program
    mkdir -p "$1/openapi"
    for program in dk-kafka dk-memory dk-redis; do
        "$DK_OUT/dev/bin/$program" --describe markdown
    done >"$1/reference.md"
    dk_metrics_page >"$1/metrics.md"
    for program in dk-compute dk-document; do
        "$DK_OUT/dev/bin/$program" --describe openapi >"$1/openapi/$program.json"
    done
}

dk_check_reference() {
    local made=$DK_OUT/reference
    rm -rf "$made"
    dk_reference_write "$made"
    if ! diff -u "$DK_ROOT/docs/reference.md" "$made/reference.md" || ! diff -u "$DK_ROOT/docs/metrics.md" "$made/metrics.md" ||
        ! diff -ru "$DK_ROOT/docs/openapi" "$made/openapi"; then
        dk_say "docs/reference.md, docs/metrics.md or docs/openapi differs; regenerate them: ./dev reference"
        return 1
    fi
}

# The chart: its schemas and its README are what values.yaml says, and Helm finds nothing to say.
dk_check_chart() {
    dk_setup helm
    python3 "$DK_ROOT/build/generate/chart.py" "$DK_ROOT/charts/dapr-kit" --check &&
        helm lint --strict "$DK_ROOT/charts/dapr-kit"
}

dk_check() {
    local code=0 name start
    dk_build dev
    for name in format shell arrows tidy reference chart; do
        start=$SECONDS
        if "dk_check_$name"; then dk_step "$name: good, $((SECONDS - start)) s"; else
            dk_step "$name: FAILED"
            code=1
        fi
    done
    return $code
}

dk_check_arrows() { python3 "$DK_ROOT/build/tidy/arrows.py" "$DK_ROOT"; }

dk_reference() {
    dk_build dev
    dk_reference_write "$DK_ROOT/docs"
    dk_setup helm
    python3 "$DK_ROOT/build/generate/chart.py" "$DK_ROOT/charts/dapr-kit"
}

dk_format() {
    dk_setup test
    dk_c_files | xargs -r clang-format-14 -i
}

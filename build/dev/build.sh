# shellcheck shell=bash
# Builds the C side with a preset, and the Go tools. Sourced.

# shellcheck source=build/dev/setup.sh
. "$DK_ROOT/build/dev/setup.sh"

export DK_KAFKA_VERSION=4.4.0
# Debian's librdkafka cannot log in with SCRAM to Kafka 4 (confluentinc/librdkafka#4895).
export DK_KAFKA_3_VERSION=3.9.2

dk_build() {
    local preset=$1
    case $preset in
    dev | asan | tsan | fuzz | coverage | release) ;;
    *) dk_die "build: '$preset' is not one of dev asan tsan fuzz coverage release" ;;
    esac
    dk_setup build
    case $preset in
    release) ;;
    *) dk_setup test ;;
    esac
    dk_step "building $preset"
    mkdir -p "$DK_OUT"
    exec 8>"$DK_OUT/.$preset.lock" # two suites may want the same at once
    flock 8
    dk_quietly "$DK_OUT/log/cmake-$preset.log" cmake --preset "$preset"
    dk_quietly "$DK_OUT/log/build-$preset.log" cmake --build --preset "$preset"
    exec 8>&-
}

# dk_tool NAME [ARG …]: a Go program of build/tools, built once for its content.
dk_tool() {
    local program=$1${3:+-$3} log=$DK_OUT/log/tool-$1${3:+-$3}.log
    dk_setup go
    if [ -x "$DK_TOOLS/$program" ]; then
        dk_step "tool $program"
    else
        dk_step "building $program from Go modules, which takes minutes the first time ($log)"
    fi
    dk_quietly "$log" "$DK_ROOT/build/tools/build.sh" "$@"
}

# dk_tools NAME: several Go programs of one module of build/tools, as build/out/tools/NAME/….
dk_tools() {
    local log=$DK_OUT/log/tool-$1.log
    dk_setup go
    if [ -d "$DK_TOOLS/$1" ]; then
        dk_step "tools $1"
    else
        dk_step "building $1 from Go modules, which takes minutes the first time ($log)"
    fi
    dk_quietly "$log" "$DK_ROOT/build/tools/several.sh" "$1"
}

# dk_kafka VERSION: Apache Kafka as build/out/tools/kafka-VERSION, fetched once for its content.
dk_kafka() {
    local log=$DK_OUT/log/tool-kafka-$1.log
    dk_setup kafka
    dk_step "Kafka $1"
    dk_quietly "$log" "$DK_ROOT/build/tools/kafka/build.sh" "$1"
}

# The kinds of others that the chart can make, as build/out/tools/crds.
dk_crds() {
    dk_setup go
    dk_quietly "$DK_OUT/log/tool-crds.log" "$DK_ROOT/build/tools/crds/fetch.sh"
}

# Traefik as build/out/tools/traefik.
dk_traefik() {
    dk_setup go
    dk_step "building Traefik from Go modules, which takes minutes the first time ($DK_OUT/log/tool-traefik.log)"
    dk_quietly "$DK_OUT/log/tool-traefik.log" "$DK_ROOT/build/tools/traefik/build.sh"
}

# OpenSearch as build/out/tools/opensearch-VERSION, fetched once for its content.
DK_OPENSEARCH_VERSION=2.19.6
dk_opensearch() {
    dk_setup opensearch
    dk_step "OpenSearch $DK_OPENSEARCH_VERSION"
    dk_quietly "$DK_OUT/log/tool-opensearch.log" "$DK_ROOT/build/tools/opensearch/build.sh" "$DK_OPENSEARCH_VERSION"
}

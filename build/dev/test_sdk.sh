# shellcheck shell=bash
# The SDK as others get it: installed, moved, and used by the programs of examples/. Sourced by test.sh.

# dk_sdk_example NAME: an example, built as its README says.
dk_sdk_example() {
    local out=$DK_OUT/sdk/$1
    dk_quietly "$DK_OUT/log/sdk-$1.log" cmake -S "$DK_ROOT/examples/$1" -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DCMAKE_PREFIX_PATH="$DK_OUT/sdk/prefix"
    dk_quietly "$DK_OUT/log/sdk-$1.log" cmake --build "$out"
    cp "$out/dk-$1" "$DK_OUT/sdk/bin/"
}

# dk_sdk_official: the official suite's answer on dk-sqlite.
dk_sdk_official() {
    local sockets log=$DK_OUT/log/sdk-sqlite.log
    sockets=$(mktemp -d)
    "$DK_OUT/sdk/bin/dk-sqlite" --socket-dir "$sockets" >"$log" 2>&1 &
    local server=$!
    if dk_until 10 test -S "$sockets/dk-sqlite.sock"; then
        CONF_SOCKET=$sockets/dk-sqlite.sock CONF_PROPS="{\"connectionString\":\"$sockets/state.db\"}" \
            CONF_OPS=transaction,etag,first-write,ttl,actorStateStore CONF_CONFIG='{"badEtag":"9999999"}' \
            dk_go_test "sdk official" -run '^TestState$' ./official
    else
        tail -n 5 "$log" >&2
        dk_count "sdk official" 0 1 0
    fi
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$sockets"
}

dk_suite_sdk() {
    local home=$DK_OUT/sdk
    rm -rf "$home"
    mkdir -p "$home/bin"
    dk_quietly "$DK_OUT/log/sdk-install.log" cmake --install "$DK_OUT/release" --component sdk --prefix "$home/first"
    mv "$home/first" "$home/prefix" # nothing in it may name the folder it was made for
    dk_sdk_example sqlite
    dk_sdk_example greeter
    dk_sdk_official
    DK_SDK=$home/prefix DK_BIN=$home/bin DAPRD=$DK_TOOLS/daprd dk_go_test sdk ./sdk
}

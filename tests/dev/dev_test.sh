#!/usr/bin/env bash
# ./dev up as a new user meets it: up, every command it prints, idempotence, wrong input, down.
# Each check prints "ok NAME" or ends the run with "not ok NAME".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

base=${DK_TEST_PORT_BASE:-38500}
run=$(mktemp -d /tmp/dk-dev.XXXXXX)
export DK_RUN=$run
printed=$run/printed
holder=
cleanup() {
    [ -z "$holder" ] || kill "$holder" 2>/dev/null
    ./dev down >/dev/null 2>&1
    rm -rf "$run"
}
trap cleanup EXIT

ok() { echo "ok $1"; }
not_ok() {
    echo "not ok $1"
    [ -z "${2:-}" ] || printf '%s\n' "$2"
    ./dev logs 2>/dev/null | tail -n 40
    exit 1
}
# expect NAME PATTERN TEXT
expect() {
    if grep -qE "$2" <<<"$3"; then ok "$1"; else not_ok "$1" "wanted /$2/ in: $3"; fi
}
# same NAME WANTED GOT
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi
}

answer=$(./dev up --port-base ninety 2>&1) && not_ok "a bad port base is refused"
expect "a bad port base is named" "'ninety' is no port" "$answer"

python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); print("held", flush=True); time.sleep(600)' \
    $((base + 4)) >"$run/held" &
holder=$!
until [ -s "$run/held" ]; do sleep 0.05; done
answer=$(./dev up --port-base "$base" 2>&1) && not_ok "a taken port is refused"
expect "a taken port is named" "port $((base + 4)) for redis is taken" "$answer"
kill "$holder"
wait "$holder" 2>/dev/null
holder=

./dev up --port-base "$base" >"$printed" 2>&1 || not_ok "up" "$(cat "$printed")"
ok "up"
before=$(cat "$run"/*.pid)
./dev up --port-base "$base" >/dev/null 2>&1 || not_ok "up again"
same "up again changes nothing" "$before" "$(cat "$run"/*.pid)"
expect "status" "daprd: healthy" "$(./dev status)"
expect "logs" "^dk-redis \| .*socket is ready" "$(./dev logs dk-redis)"

# Every command that up printed, as it stands.
grep -E '^  [^#]' "$printed" | sed 's/^  //' >"$run/commands"
mapfile -t commands <"$run/commands"
[ ${#commands[@]} -ge 6 ] || not_ok "up prints what to try" "$(cat "$printed")"
answers=()
for command in "${commands[@]}"; do answers+=("$(bash -c "$command" 2>&1)"); done
expect "save" "204 No Content" "${answers[0]}"
expect "read with an etag" '"n":1' "${answers[1]}"
expect "the etag is there" '[Ee]tag: 1' "${answers[1]}"
expect "a stale etag is refused" "409 Conflict" "${answers[2]}"
expect "grpcurl lists" "dapr.proto.components.v1.StateStore" "${answers[3]}"
expect "grpcurl describes" "rpc BulkGet" "${answers[4]}"
expect "grpcurl reads" '"value": "1"' "${answers[5]}"

./dev down >/dev/null 2>&1 || not_ok "down"
status=$(./dev status)
expect "down" "daprd: down" "$status"
same "down leaves no socket" "" "$(ls -A "$run/sockets")"

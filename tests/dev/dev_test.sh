#!/usr/bin/env bash
# ./dev up as a new user meets it: up, every command it prints, idempotence, wrong input, down.
# Each check prints "ok NAME" or ends the run with "not ok NAME".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

base=${DK_TEST_PORT_BASE:-14500} # below the ports that outgoing connections take
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
expect "status of the broker" "kafka: healthy" "$(./dev status)"
expect "logs" "^dk-redis \| .*socket is ready" "$(./dev logs dk-redis)"
expect "logs of the broker" "^kafka \| .*Kafka Server started" "$(./dev logs kafka)"
answer=$(./dev up --port-base "$base" --broker mock 2>&1) && not_ok "another broker beside one that runs is refused"
expect "another broker beside one that runs is named" "already up with other broker" "$answer"
answer=$(./dev up --broker rabbit 2>&1) && not_ok "a broker that there is not is refused"
expect "a broker that there is not is named" "'rabbit' is neither kafka nor mock" "$answer"

# printed_commands: what up printed to try, one a line.
printed_commands() { sed -n '/^It runs/,$p' "$printed" | grep -E '^  [^#]' | sed 's/^  //'; }

# Every command that up printed, as it stands.
mapfile -t commands < <(printed_commands)
[ ${#commands[@]} -ge 9 ] || not_ok "up prints what to try" "$(cat "$printed")"
answers=()
for command in "${commands[@]}"; do answers+=("$(bash -c "$command" 2>&1)"); done
expect "save" "204 No Content" "${answers[0]}"
expect "read with an etag" '"n":1' "${answers[1]}"
expect "the etag is there" '[Ee]tag: 1' "${answers[1]}"
expect "a stale etag is refused" "409 Conflict" "${answers[2]}"
expect "publish" "204 No Content" "${answers[3]}"
expect "subscribe" '"data":\{"order":1\}' "${answers[4]}"
expect "send through the binding" "200 OK" "${answers[5]}"
expect "grpcurl lists" "dapr.proto.components.v1.StateStore" "${answers[6]}"
expect "grpcurl describes" "rpc BulkGet" "${answers[7]}"
expect "grpcurl reads" '"value": "1"' "${answers[8]}"

./dev down >/dev/null 2>&1 || not_ok "down"
status=$(./dev status)
expect "down" "daprd: down" "$status"
same "down leaves no socket" "" "$(ls -A "$run/sockets")"
expect "the broker is down" "kafka: down" "$status"

# Without Java: the same commands, and the limits in words.
./dev up --port-base "$base" --broker mock >"$printed" 2>&1 || not_ok "up with the mock" "$(cat "$printed")"
expect "the mock's limits are printed" "drops the oldest data" "$(cat "$printed")"
mapfile -t commands < <(printed_commands)
expect "publish to the mock" "204 No Content" "$(bash -c "${commands[3]}" 2>&1)"
expect "subscribe at the mock" '"data":\{"order":1\}' "$(bash -c "${commands[4]}" 2>&1)"
./dev down >/dev/null 2>&1 || not_ok "down with the mock"
expect "the mock is down" "kafka: down" "$(./dev status)"

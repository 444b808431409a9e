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

# until_true NAME COMMAND: waits for it.
until_true() {
    local end=$((SECONDS + 30))
    until "$2"; do
        [ $SECONDS -lt $end ] || not_ok "$1" "not within 30 s"
        sleep 0.05
    done
    ok "$1"
}

stacks='p \n\t 1 inner+0x4 (/lib/libc.so.6)\n\t 2 outer (/bin/dk-x)\n\np \n\t 2 outer (/bin/dk-x)\n\n'
answer=$(printf '%b' "$stacks" | python3 build/dev/flame.py title "$run/flame.svg")
expect "a flame graph counts a function by itself" '^\| inner \| libc \| 50.0 % \| 50.0 % \|$' "$answer"
expect "and with what it calls" '^\| outer \| dk-x \| 50.0 % \| 100.0 % \|$' "$answer"
expect "and draws it" '<title>outer \(dk-x\): 100.0 %</title>' "$(cat "$run/flame.svg")"

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

./dev up --port-base "$base" --observe >"$printed" 2>&1 || not_ok "up" "$(cat "$printed")"
ok "up"
before=$(cat "$run"/*.pid)
./dev up --port-base "$base" --observe >/dev/null 2>&1 || not_ok "up again"
same "up again changes nothing" "$before" "$(cat "$run"/*.pid)"
expect "status" "daprd: healthy" "$(./dev status)"
expect "status of a service" "dk-compute: healthy" "$(./dev status)"
expect "status of the broker" "kafka: healthy" "$(./dev status)"
expect "logs" "^dk-redis \| .*socket is ready" "$(./dev logs dk-redis)"
expect "logs of the broker" "^kafka \| .*Kafka Server started" "$(./dev logs kafka)"
answer=$(./dev up --port-base "$base" --broker mock 2>&1) && not_ok "another broker beside one that runs is refused"
expect "another broker beside one that runs is named" "already up with other broker" "$answer"
answer=$(./dev up --port-base "$base" 2>&1) && not_ok "up without --observe beside what is observed is refused"
expect "up without --observe beside what is observed is named" "already up with other --observe" "$answer"
expect "status of Prometheus" "prometheus: healthy" "$(./dev status)"
expect "status of Jaeger" "jaeger: healthy" "$(./dev status)"
answer=$(./dev up --broker rabbit 2>&1) && not_ok "a broker that there is not is refused"
expect "a broker that there is not is named" "'rabbit' is neither kafka nor mock" "$answer"

# printed_commands: what up printed to try, one a line.
printed_commands() { sed -n '/^It runs/,$p' "$printed" | grep -E '^  [^#]' | sed 's/^  //'; }

# paste N: the Nth of them as it stands, with an end in sight.
paste() { timeout 60 bash -c "${commands[$1]}" 2>&1; }

# Every command that up printed, as it stands.
mapfile -t commands < <(printed_commands)
same "up prints what to try" 26 ${#commands[@]}
expect "create a document" '"version":"1"' "$(paste 0)"
expect "language and keywords appear" '"language":"en","keywords":\[' "$(paste 1)"
expect "create one that is almost alike" '"id":"second"' "$(paste 2)"
expect "near duplicates appear" '"documentId":"first"' "$(paste 3)"
expect "change with the etag" '"version":"2","title":"The first"' "$(paste 4)"
expect "change with a stale etag is refused" "409 Conflict" "$(paste 5)"
listed() { paste 6 | grep -q '"id":"first","version":"2"'; }
until_true "list by tag and language" listed
expect "compare two versions" '"changedFields":\["title"\]' "$(paste 7)"
expect "grpcurl lists the document service" "^dapr_kit.document.v1.Documents" "$(paste 8)"
expect "grpcurl describes it" "rpc Create " "$(paste 9)"
expect "grpcurl reads a document" '"id": "second"' "$(paste 10)"
expect "grpcurl reads it through daprd" '"id": "second"' "$(paste 11)"
expect "grpcurl lists the compute service" "^dapr_kit.compute.v1.Compute" "$(paste 12)"
expect "grpcurl computes" '"code": "de"' "$(paste 13)"
expect "grpcurl asks it through daprd" '"name": "sha256"' "$(paste 14)"
expect "save" "204 No Content" "$(paste 15)"
answer=$(paste 16)
expect "read with an etag" '"n":1' "$answer"
expect "the etag is there" '[Ee]tag: 1' "$answer"
expect "a stale etag is refused" "409 Conflict" "$(paste 17)"
expect "publish" "204 No Content" "$(paste 18)"
expect "subscribe" '"data":\{"order":1\}' "$(paste 19)"
expect "send through the binding" "200 OK" "$(paste 20)"
expect "grpcurl lists a component" "dapr.proto.components.v1.StateStore" "$(paste 21)"
expect "grpcurl describes it as well" "rpc BulkGet" "$(paste 22)"
expect "grpcurl reads a value" '"value": "1"' "$(paste 23)"
observed() { [ "$(paste 24 | awk '$3 == 1' | wc -l)" = 8 ]; }
until_true "Prometheus finds everybody up" observed
expect "the trace is complete" "complete: every parent is there" "$(paste 25)"
expect "create again is the same document" '"version":"1"' "$(paste 2)"

first=$(timeout 180 ./dev demo --documents 40 2>&1) || not_ok "demo" "$first"
expect "demo loads" "loaded .* 40/40" "$first"
expect "demo waits for all" "annotated .* 40/40" "$first"
expect "demo finds near duplicates" "Near duplicates: [1-9]" "$first"
expect "demo finds languages" "^  en +[1-9]" "$first"
tables() { sed -n '/^Near duplicates/,$p'; }
again=$(timeout 180 ./dev demo --documents 40 2>&1) || not_ok "demo again" "$again"
same "demo again finds the same" "$(tables <<<"$first")" "$(tables <<<"$again")"
answer=$(./dev demo --documents none 2>&1) && not_ok "a wrong number of documents is refused"
expect "a wrong number of documents is named" "'none'" "$answer"

./dev down >/dev/null 2>&1 || not_ok "down"
status=$(./dev status)
expect "down" "daprd: down" "$status"
answer=$(./dev trace 2>&1) && not_ok "trace without up is refused"
expect "trace without up says so" "./dev up --observe first" "$answer"
answer=$(./dev demo 2>&1) && not_ok "demo without up is refused"
expect "demo without up says so" "./dev up first" "$answer"
same "down leaves no socket" "" "$(find "$run/sockets" "$run/sockets-compute" -type s)"
expect "the broker is down" "kafka: down" "$status"

# Without Java: the same commands, and the limits in words.
./dev up --port-base "$base" --broker mock >"$printed" 2>&1 || not_ok "up with the mock" "$(cat "$printed")"
expect "the mock's limits are printed" "drops the oldest data" "$(cat "$printed")"
mapfile -t commands < <(printed_commands)
commands=("${commands[@]//first/third}") # Redis has kept the first
expect "create with the mock" '"version":"1"' "$(paste 0)"
expect "annotations with the mock" '"language":"en"' "$(paste 1)"
expect "publish to the mock" "204 No Content" "$(paste 18)"
expect "subscribe at the mock" '"data":\{"order":1\}' "$(paste 19)"
./dev down >/dev/null 2>&1 || not_ok "down with the mock"
expect "the mock is down" "kafka: down" "$(./dev status)"

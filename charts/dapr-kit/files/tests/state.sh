#!/bin/bash
# helm test: the state store through a daprd and components beside this very container. Needs curl.
#
#   DAPR_API_TOKEN  what daprd asks for, if it asks
#   DAPR_HTTP_PORT  where it is, 3500 when not given
set -euo pipefail

api=http://127.0.0.1:${DAPR_HTTP_PORT:-3500}/v1.0
key=helm-test-$(date +%s)-$RANDOM

die() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# call METHOD PATH [WORD …]: the answer's body in $body, its status in $status, its etag in $etag.
call() {
    local method=$1 path=$2 answer
    shift 2
    answer=$(curl --silent --max-time 20 -X "$method" -w '\n%{header_json}\n%{http_code}' -H 'Content-Type: application/json' \
        -H "dapr-api-token: ${DAPR_API_TOKEN:-}" "$api$path" "$@") || answer=$'\n000'
    status=${answer##*$'\n'} body=${answer%%$'\n'*}
    etag=$(sed -n 's/.*"etag":\["\(.*\)"\].*/\1/p' <<<"$answer" | sed 's/\\"//g')
}

# want STATUS WHAT: what the last call was answered.
want() {
    [ "$status" = "$1" ] || die "$2: wanted $1, got $status: $body"
    printf 'good: %s\n' "$2"
}

# daprd runs before this container starts, and is ready once its components are.
for _ in $(seq 60); do
    call GET /healthz/outbound
    [ "$status" != 204 ] || break
    sleep 1
done
want 204 "daprd has initialised its components"
call POST /state/statestore -d "[{\"key\":\"$key\",\"value\":{\"n\":1}}]"
want 204 "a value is kept"
call GET "/state/statestore/$key"
want 200 "it is read"
[ "$body" = '{"n":1}' ] || die "another value was read: $body"
call POST /state/statestore -d "[{\"key\":\"$key\",\"value\":{\"n\":2},\"etag\":\"999\",\"options\":{\"concurrency\":\"first-write\"}}]"
want 409 "a stale etag is refused"
call GET "/state/statestore/$key"
[ -n "$etag" ] || die "a value came without its etag"
call POST /state/statestore -d "[{\"key\":\"$key\",\"value\":{\"n\":2},\"etag\":\"$etag\",\"options\":{\"concurrency\":\"first-write\"}}]"
want 204 "its own etag is taken"
call DELETE "/state/statestore/$key"
want 204 "it is deleted"
call GET "/state/statestore/$key"
want 204 "it is gone"

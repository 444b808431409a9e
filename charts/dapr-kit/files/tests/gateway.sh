#!/bin/bash
# helm test: documents through the gateway, as a user has them. Needs curl and jq.
#
#   GATEWAY  https://… or http://… of the gateway, as callers name it
#   SERVICE  name of its Service, which is connected to whatever the name means elsewhere
#   CA       file with the authority of its certificate; empty: it is not checked
#   JAEGER   http://… of Jaeger's API, empty when nothing is traced
#   USERS    "user:password" for a gateway that asks for it, empty otherwise
set -euo pipefail

id=helm-test-$(date +%s)-$RANDOM
trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
patience_s=60

say() { printf '%s\n' "$*"; }
die() {
    say "FAILED: $*"
    exit 1
}

# call METHOD PATH [WORD …]: the answer's body in $body, its status in $status.
call() {
    local method=$1 path=$2 answer options=(--silent --show-error --max-time 20 --connect-to "::$SERVICE:")
    shift 2
    if [ -n "$CA" ]; then options+=(--cacert "$CA"); else options+=(--insecure); fi
    [ -z "$USERS" ] || options+=(--user "$USERS")
    answer=$(curl "${options[@]}" -X "$method" -w '\n%{http_code}' -H 'Content-Type: application/json' \
        -H "traceparent: 00-$trace-00f067aa0ba902b7-01" "$GATEWAY$path" "$@") || answer=$'\n000'
    status=${answer##*$'\n'} body=${answer%$'\n'*}
}

# said COMMAND …: gives it the last answer. Through a pipe: a here-string that is as long as a trace wants a file, and no folder
# here can be written to.
said() { printf '%s' "$body" | "$@"; }

# until_true WHAT COMMAND …: tries it again and again until it is true.
until_true() {
    local what=$1 end=$((SECONDS + patience_s))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || die "$what: not within $patience_s s; the last answer was $status: $body"
        sleep 1
    done
    say "good: $what"
}

created() {
    call POST /api/documents -d "{\"id\":\"$id\",\"tags\":[\"helm-test\"],\"text\":\"The quick brown fox jumps over the lazy dog.\"}"
    [ "$status" = 200 ] || [ "$status" = 201 ]
}
annotated() {
    call GET "/api/documents/$id"
    [ "$(said jq -r '.annotations.language.code // empty' 2>/dev/null)" = en ]
}
listed() {
    call GET "/api/documents?tag=helm-test&language=en"
    # shellcheck disable=SC2016 # a variable of jq's
    said jq -e --arg id "$id" 'any(.documents[]?; .id == $id)' >/dev/null 2>&1
}
traced() {
    body=$(curl --silent --max-time 20 "$JAEGER/api/traces/$trace") status=$?
    said jq -e '[.data[0].processes[]?.serviceName] | index("document") != null' >/dev/null 2>&1
}

# The first call waits for the gateway to find the applications; a repeated one finds its document.
until_true "a document is created" created
# The event went to Kafka, the compute service handled it, and its result came back as an event.
until_true "an event and its answer went round: the document has its language" annotated
until_true "the index has it" listed

call GET "/api/documents/$id"
etag=$(said jq -r .etag)
call PATCH "/api/documents/$id" -H 'If-Match: 0.0' -d '{"title":"never"}'
[ "$status" = 409 ] || die "a stale etag was answered $status: $body"
say "good: a stale etag is refused"
call PATCH "/api/documents/$id" -H "If-Match: $etag" -d '{"title":"once"}'
[ "$status" = 200 ] || die "the etag $etag was answered $status: $body"
say "good: the document's own etag is taken"

call GET /v1.0/state/statestore/anything
[ "$status" = 404 ] || die "the gateway let a call through to Dapr's own API: $status"
say "good: Dapr's own API stays inside"

call DELETE "/api/documents/$id"
[ "$status" = 200 ] || [ "$status" = 204 ] || die "the deletion was answered $status: $body"
call GET "/api/documents/$id"
[ "$status" = 404 ] || die "a deleted document was answered $status: $body"
say "good: it is deleted"

[ -z "$JAEGER" ] || until_true "the trace is in Jaeger" traced

# shellcheck shell=bash
# What ./dev up prints to try. Every command stands on one line and works as it is pasted;
# tests/dev/dev_test.sh pastes them all. Sourced by run.sh.

dk_try() {
    printf '\nIt runs. Try:\n'
    dk_try_documents
    dk_try_grpc
    dk_try_components
    ! dk_observes || dk_try_observe
    printf '\n./dev demo, ./dev status, ./dev logs [name], ./dev down\n'
}

dk_try_documents() {
    local api=http://127.0.0.1:$DK_HTTP_PORT/v1.0/invoke/document/method json='Content-Type: application/json'
    local text='Redis keeps the documents, Kafka carries the events, and both services speak through Dapr alone'
    cat <<TEXT

  # create a document through daprd; language and keywords appear on it by themselves
  curl -s $api/documents -H '$json' -d '{"id":"first","tags":["try"],"text":"$text."}'; echo
  until curl -s $api/documents/first | grep -q annotations; do sleep 0.1; done; curl -s $api/documents/first | jq -c '{id, language: .annotations.language.code, keywords: [.annotations.keywords[]?.text]}'

  # create one that is almost alike: it says of which
  curl -s $api/documents -H '$json' -d '{"id":"second","tags":["try"],"text":"$text!"}'; echo
  until curl -s $api/documents/second | grep -q nearDuplicates; do sleep 0.1; done; curl -s $api/documents/second | jq -c '{id, nearDuplicates: .annotations.nearDuplicates}'

  # change one with its etag, then with a stale one: refused, 409
  curl -s -X PATCH $api/documents/first -H '$json' -H "If-Match: \$(curl -s $api/documents/first | jq -r .etag)" -d '{"title":"The first"}' | jq -c '{version, title}'
  curl -i -X PATCH $api/documents/first -H '$json' -H 'If-Match: 0.0' -d '{"title":"Never"}'

  # list by tag and language, which follows a change within moments; compare two versions
  curl -s '$api/documents?tag=try&language=en' | jq -c '.documents[] | {id, version, tags}'
  curl -s $api/documents/first/diff | jq -c .
TEXT
}

dk_try_grpc() {
    local grpcurl="$DK_TOOLS/grpcurl -plaintext" proto="-import-path $DK_ROOT/proto -proto dapr_kit" document=127.0.0.1:$DK_DOCUMENT_PORT compute=127.0.0.1:$DK_COMPUTE_PORT
    local service=dapr_kit.document.v1.Documents
    cat <<TEXT

  # the same services as typed gRPC: directly, and through daprd by dapr-app-id (whose reflection is its own, so the messages come from proto/)
  $grpcurl $document list
  $grpcurl $document describe $service
  $grpcurl -d '{"id":"second","without_content":true}' $document $service/Get
  $grpcurl $proto/document/v1/documents.proto -H 'dapr-app-id: document' -d '{"id":"second","without_content":true}' 127.0.0.1:$DK_GRPC_PORT $service/Get
  $grpcurl $compute list
  $grpcurl -d '{"functions":["language","xxh3"],"text":"Der Igel schläft im Winter unter dem Laub."}' $compute dapr_kit.compute.v1.Compute/Run
  $grpcurl $proto/compute/v1/compute.proto -H 'dapr-app-id: compute' 127.0.0.1:$DK_COMPUTE_GRPC_PORT dapr_kit.compute.v1.Compute/ListFunctions
TEXT
}

dk_try_components() {
    local api=http://127.0.0.1:$DK_HTTP_PORT/v1.0 redis=$DK_RUN/sockets/dk-redis.sock kafka=$DK_RUN/sockets/dk-kafka.sock
    local state=$api/state/statestore json='Content-Type: application/json' grpcurl="$DK_TOOLS/grpcurl -plaintext -unix"
    cat <<TEXT

  # without the services: keep a value, read it with its etag, and see a stale etag refused with 409
  curl -i $state -H '$json' -d '[{"key":"a","value":{"n":1}}]'
  curl -i $state/a
  curl -i $state -H '$json' -d '[{"key":"a","value":{"n":2},"etag":"999","options":{"concurrency":"first-write"}}]'

  # publish an event, then read the topic as a subscriber: it prints what comes within 10 s
  curl -i $api/publish/pubsub/orders -H '$json' -d '{"order":1}'
  (echo '{"topic":{"name":"orders"}}'; sleep 10) | $grpcurl -H 'x-component-instance: pubsub' -d @ $kafka dapr.proto.components.v1.PubSub/PullMessages | sed -n 's/.*"data": "\\(.*\\)",\\{0,1\\}/\\1/p' | base64 -d; echo

  # send through the output binding
  curl -i $api/bindings/export -H '$json' -d '{"operation":"create","data":{"job":1}}'

  # look at a component itself
  $grpcurl $redis list
  $grpcurl $redis describe dapr.proto.components.v1.StateStore
  $grpcurl -H 'x-component-instance: statestore' -d '{"key":"document||a"}' $redis dapr.proto.components.v1.StateStore/Get
TEXT
}

dk_try_observe() {
    local prometheus=http://127.0.0.1:$DK_PROMETHEUS_PORT jaeger=http://127.0.0.1:$DK_JAEGER_PORT
    cat <<TEXT

  # what Prometheus (in a browser: $prometheus/targets) knows of every process, by the names of ./dev status
  curl -s '$prometheus/api/v1/query?query=up' | jq -r '.data.result[] | [.metric.name, .metric.job, .value[1]] | @tsv' | sort

  # one document on its way through all of them, as a tree, from Jaeger ($jaeger/api/services)
  ./dev trace
TEXT
}

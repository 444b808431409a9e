{{- /*
Where the servers are, the bundled one or yours, and which Secret has the words that let us in. Everything that
talks to Redis or Kafka asks here.
*/ -}}

{{- define "dk.redisHost" -}}
{{- if .Values.redis.enabled -}}
{{- printf "%s:6379" (include "dk.host" (list . "redis")) -}}
{{- else -}}
{{- .Values.external.redis.host -}}
{{- end -}}
{{- end -}}

{{- define "dk.kafkaBrokers" -}}
{{- if .Values.kafka.enabled -}}
{{- printf "%s:9092" (include "dk.host" (list . "kafka")) -}}
{{- else -}}
{{- .Values.external.kafka.bootstrapServers -}}
{{- end -}}
{{- end -}}

{{- /* Which servers a program of components goes to, as host:port, several separated by commas: (list $ "redis"). What the user gave
its component by name counts. */ -}}
{{- define "dk.serversOf" -}}
{{- $root := index . 0 -}}
{{- if eq (index . 1) "redis" -}}
{{- dig "redisHost" (include "dk.redisHost" $root) $root.Values.components.statestore.metadata | replace " " "" -}}
{{- else -}}
{{- dig "brokers" (include "dk.kafkaBrokers" $root) $root.Values.components.pubsub.metadata | replace " " "" -}}
{{- end -}}
{{- end -}}

{{- /*
Properties of a Dapr component that reach Redis. {name, value}, or {name, secret: {env, name, key}}: the variable is
where an inline daprd finds it.
*/ -}}
{{- define "dk.redisMetadata" -}}
- {name: redisHost, value: {{ include "dk.redisHost" . | quote }}}
{{- if .Values.redis.enabled }}
- {name: redisPassword, secret: {env: DK_REDIS_PASSWORD, name: {{ include "dk.secretName" (list . "redis" .Values.redis.auth) }}, key: {{ .Values.redis.auth.key }}}}
{{- else }}
{{- with .Values.external.redis }}
{{- if .existingSecret }}
- {name: redisPassword, secret: {env: DK_REDIS_PASSWORD, name: {{ .existingSecret }}, key: {{ .key }}}}
{{- else }}
- {name: redisPassword, value: ""}
{{- end }}
{{- if .username }}
- {name: redisUsername, value: {{ .username | quote }}}
{{- end }}
- {name: enableTLS, value: {{ .tls | quote }}}
- {name: redisDB, value: {{ .database | quote }}}
{{- if .sentinelMaster }}
- {name: failover, value: "true"}
- {name: sentinelMasterName, value: {{ .sentinelMaster | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "dk.kafkaMetadata" -}}
- {name: brokers, value: {{ include "dk.kafkaBrokers" . | quote }}}
{{- if .Values.kafka.enabled }}
- {name: authType, value: none}
- {name: disableTls, value: "true"}
{{- else }}
{{- with .Values.external.kafka }}
- {name: authType, value: {{ .authType }}}
- {name: disableTls, value: {{ .disableTls | quote }}}
{{- if eq .authType "password" }}
- {name: saslMechanism, value: {{ dict "PLAIN" "PLAIN" "SCRAM-SHA-256" "SHA-256" "SCRAM-SHA-512" "SHA-512" | dig .saslMechanism "PLAIN" | quote }}}
- {name: saslUsername, value: {{ .username | quote }}}
- {name: saslPassword, secret: {env: DK_KAFKA_PASSWORD, name: {{ .existingSecret }}, key: {{ .key }}}}
{{- end }}
{{- if .tlsSecret }}
- {name: caCert, secret: {env: DK_KAFKA_CA, name: {{ .tlsSecret }}, key: ca.crt}}
{{- end }}
{{- if eq .authType "mtls" }}
- {name: clientCert, secret: {env: DK_KAFKA_CERTIFICATE, name: {{ .tlsSecret }}, key: tls.crt}}
- {name: clientKey, secret: {env: DK_KAFKA_KEY, name: {{ .tlsSecret }}, key: tls.key}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Where spans go, as host:port of an OTLP receiver over gRPC; nothing when nowhere. */ -}}
{{- define "dk.otlp" -}}
{{- if .Values.external.otlp.endpoint -}}
{{- .Values.external.otlp.endpoint -}}
{{- else if dig "enabled" false (index .Values "otel-collector" | default dict) -}}
{{- printf "%s:4317" (include "dk.host" (list . "otel-collector")) -}}
{{- else if dig "enabled" false (.Values.jaeger | default dict) -}}
{{- printf "%s:4317" (include "dk.host" (list . "jaeger")) -}}
{{- end -}}
{{- end -}}

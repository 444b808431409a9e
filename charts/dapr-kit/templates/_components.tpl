{{- /*
Dapr's objects: each is described once and written for two readers. Dapr's operator reads secrets by secretKeyRef;
an inline daprd has no operator and reads them from its environment by envRef.
*/ -}}

{{- /* Which Dapr components there are: a list of {name, type, program, scopes, metadata, further}. What further
names, by the user, takes the place of what metadata says. */ -}}
{{- define "dk.componentList" -}}
{{- $components := .Values.components -}}
{{- $redis := include "dk.redisMetadata" . | fromYamlArray -}}
{{- $kafka := include "dk.kafkaMetadata" . | fromYamlArray -}}
- name: statestore
  type: state.dk-redis
  program: dk-redis
  scopes: [document, compute, test]
  metadata:
    {{- toYaml $redis | nindent 4 }}
    - {name: actorStateStore, value: "true"}
  further: {{ $components.statestore.metadata | toJson }}
- name: pubsub
  type: pubsub.dk-kafka
  program: dk-kafka
  scopes: [document, compute, test]
  metadata:
    {{- toYaml $kafka | nindent 4 }}
    - {name: initialOffset, value: oldest}
  further: {{ $components.pubsub.metadata | toJson }}
{{- if $components.ingest.enabled }}
- name: ingest
  type: bindings.dk-kafka
  program: dk-kafka
  scopes: [document]
  metadata:
    {{- toYaml $kafka | nindent 4 }}
    - {name: direction, value: input}
    - {name: topics, value: {{ $components.ingest.topic | quote }}}
    - {name: consumerGroup, value: document-ingest}
    - {name: initialOffset, value: oldest}
  further: {{ $components.ingest.metadata | toJson }}
{{- end }}
{{- if $components.export.enabled }}
- name: export
  type: bindings.dk-kafka
  program: dk-kafka
  scopes: [document]
  metadata:
    {{- toYaml $kafka | nindent 4 }}
    - {name: direction, value: output}
    - {name: publishTopic, value: {{ $components.export.topic | quote }}}
  further: {{ $components.export.metadata | toJson }}
{{- end }}
{{- end -}}

{{- /* A value as text. Helm reads numbers as float64, and would write a million as 1e+06. */ -}}
{{- define "dk.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- /* Variables of the secrets that components need, for an inline daprd; each once. ($) */ -}}
{{- define "dk.componentSecretEnv" -}}
{{- $seen := dict -}}
{{- range $component := include "dk.componentList" . | fromYamlArray }}
{{- range $component.metadata }}
{{- $isOurs := not (hasKey $component.further .name) }}
{{- with .secret }}
{{- if and $isOurs (not (hasKey $seen .env)) }}
{{- $_ := set $seen .env true }}
- name: {{ .env }}
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* One Component: (list $ component inline). */ -}}
{{- define "dk.componentObject" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $inline := index . 2 -}}
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  {{- include "dk.metadata" (list $root "dapr" $component.name) | nindent 2 }}
  {{- if and (not $inline) (eq $root.Values.components.placement "injected") }}
  annotations:
    dapr.io/component-container: {{ include "dk.componentContainer" (list $root $component.program) | fromYaml | toJson | quote }}
  {{- end }}
spec:
  type: {{ $component.type }}
  version: v1
  initTimeout: {{ $root.Values.components.initTimeout }}
  ignoreErrors: false
  metadata:
    {{- range $name, $value := $component.further }}
    - name: {{ $name }}
      value: {{ include "dk.text" $value | quote }}
    {{- end }}
    {{- range $component.metadata }}
    {{- if not (hasKey $component.further .name) }}
    - name: {{ .name }}
      {{- if not .secret }}
      value: {{ .value | quote }}
      {{- else if $inline }}
      envRef: {{ .secret.env }}
      {{- else }}
      secretKeyRef: {name: {{ .secret.name }}, key: {{ .secret.key }}}
      {{- end }}
    {{- end }}
    {{- end }}
{{- if not $inline }}
auth: {secretStore: kubernetes}
{{- end }}
scopes:
  {{- toYaml $component.scopes | nindent 2 }}
{{- end -}}

{{- /* The Configuration of an application's daprd: (list $ inline). Access control asks for identities, which inline daprds have not. */ -}}
{{- define "dk.configurationObject" -}}
{{- $root := index . 0 -}}
{{- $inline := index . 1 -}}
{{- $config := $root.Values.dapr.config -}}
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  {{- include "dk.metadata" (list $root "dapr") | nindent 2 }}
spec:
  {{- with include "dk.otlp" $root }}
  tracing:
    samplingRate: {{ $config.tracing.samplingRate | quote }}
    otel: {endpointAddress: {{ . | quote }}, protocol: grpc, isSecure: {{ not $root.Values.external.otlp.insecure }}}
  {{- end }}
  metrics:
    enabled: true
    recordErrorCodes: true
    http:
      increasedCardinality: false
      {{- with $config.metrics.pathMatching }}
      pathMatching:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    latencyDistributionBuckets: {{ $config.metrics.latencyBuckets | toJson }}
  logging: {apiLogging: {enabled: {{ $config.apiLogging }}, obfuscateURLs: true, omitHealthChecks: true}}
  {{- if $inline }}
  nameResolution:
    {{- toYaml ($config.nameResolution | default (dict "component" "kubernetes" "configuration" (dict "clusterDomain" $root.Values.global.clusterDomain))) | nindent 4 }}
  {{- else if $config.accessControl.enabled }}
  accessControl:
    defaultAction: deny
    trustDomain: {{ $config.accessControl.trustDomain }}
    policies:
      {{- range list "gateway" "document" "compute" }}
      - {appId: {{ . }}, namespace: {{ $root.Release.Namespace }}, trustDomain: {{ $config.accessControl.trustDomain }}, defaultAction: allow}
      {{- end }}
      {{- with $config.accessControl.policies }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  {{- end }}
{{- end -}}

{{- /* An object of the user's own: (list $ object). Its name is kept; it gets this release's labels. */ -}}
{{- define "dk.furtherObject" -}}
{{- $root := index . 0 -}}
{{- $object := deepCopy (index . 1) -}}
{{- $made := include "dk.metadata" (list $root "dapr" $object.metadata.name) | fromYaml -}}
{{- $_ := set $object "metadata" (merge $object.metadata $made) -}}
{{- toYaml $object -}}
{{- end -}}

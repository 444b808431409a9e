{{- /*
The containers beside an application: dk-redis and dk-kafka, and daprd where Dapr's injector does not add it.
*/ -}}

{{- /* One program of components, as a container: (list $ "dk-redis"). */ -}}
{{- define "dk.componentContainer" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $program := dict -}}
{{- range include "dk.programs" $root | fromYamlArray }}{{ if eq .name $name }}{{ $program = . }}{{ end }}{{ end -}}
{{- $values := index $root.Values.components $program.key -}}
name: {{ $name }}
{{ include "dk.imageLines" (list $root $values.image) }}
command: [{{ $name }}]
args:
  - --socket-dir={{ include "dk.sockets" $root }}
  - --log-format=json
  - --log-level={{ $root.Values.components.logLevel }}
  - --metrics-port={{ $program.metricsPort }}
  - --metrics-listen-address=0.0.0.0
  # daprd sends Init once: after a restart of this program it must start anew, and the kubelet sees to that.
  - --restart-sidecar=true
  {{- range $values.args }}
  - {{ . | quote }}
  {{- end }}
env:
  - {name: DAPR_GRPC_PORT, value: "50001"}
  {{- include "dk.apiTokenEnv" $root | nindent 2 }}
  {{- include "dk.otelEnv" (list $root $name) | nindent 2 }}
ports:
  - {name: {{ $program.key }}-metrics, containerPort: {{ $program.metricsPort }}}
# daprd looks for sockets once, when it starts, and ends when a component then finds no server: the socket must answer as
# discovery asks, and the server must take connections, before daprd may start. Until then `kubectl describe pod` says which is missing.
startupProbe:
  exec: {command: [{{ $name }}, --check, --socket-dir={{ include "dk.sockets" $root }}, {{ printf "--check-server=%s" (include "dk.serversOf" (list $root $program.key)) | quote }}]}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: {{ $root.Values.components.serverWaitSeconds }}
livenessProbe:
  httpGet: {path: /healthz, port: {{ $program.metricsPort }}}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- include "dk.containerSecurityContext" $root | nindent 2 }}
{{- if include "dk.ownsSockets" $root }}
volumeMounts:
  - {name: sockets, mountPath: {{ include "dk.sockets" $root }}}
{{- end }}
{{- end -}}

{{- /* Whether the folder of the sockets is ours: the injector brings one wherever it knows of the containers. ($) */ -}}
{{- define "dk.ownsSockets" -}}
{{- if or (eq .Values.dapr.mode "inline") (eq .Values.components.placement "nativeSidecar") -}}true{{- end -}}
{{- end -}}

{{- /* Where spans go and whose they are: (list $ "service name"). */ -}}
{{- define "dk.otelEnv" -}}
{{- $root := index . 0 -}}
{{- with include "dk.otlp" $root -}}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "{{ if $root.Values.external.otlp.insecure }}http{{ else }}https{{ end }}://{{ . }}"}
- {name: OTEL_EXPORTER_OTLP_PROTOCOL, value: grpc}
- {name: OTEL_SERVICE_NAME, value: {{ index $ 1 }}}
- name: K8S_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- {name: OTEL_RESOURCE_ATTRIBUTES, value: "k8s.namespace.name={{ $root.Release.Namespace }},k8s.pod.name=$(K8S_POD_NAME)"}
{{- include "dk.otlpHeadersEnv" $root }}
{{- end -}}
{{- end -}}

{{- /* What the receiver of spans asks of its senders: ($) */ -}}
{{- define "dk.otlpHeadersEnv" -}}
{{- with .Values.external.otlp.existingSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $.Values.external.otlp.key }}}}
{{- end }}
{{- end -}}

{{- /* Variables with Dapr's tokens, which daprd and the application both need: ($) */ -}}
{{- define "dk.tokenEnv" -}}
{{- include "dk.apiTokenEnv" . }}
{{- if .Values.dapr.appToken.enabled }}
- name: APP_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "dk.appTokenSecret" . }}, key: {{ .Values.dapr.appToken.key }}}}
{{- end }}
{{- end -}}

{{- /* What daprd's API asks for: ($) */ -}}
{{- define "dk.apiTokenEnv" -}}
{{- if .Values.dapr.apiToken.enabled }}
- name: DAPR_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "dk.apiTokenSecret" . }}, key: {{ .Values.dapr.apiToken.key }}}}
{{- end }}
{{- end -}}

{{- define "dk.apiTokenSecret" -}}
{{- .Values.dapr.apiToken.existingSecret | default (include "dk.fullname" (list . "api-token")) -}}
{{- end -}}
{{- define "dk.appTokenSecret" -}}
{{- .Values.dapr.appToken.existingSecret | default (include "dk.fullname" (list . "app-token")) -}}
{{- end -}}

{{- /* What Dapr's injector would add: (list $ "app-id" withApp withComponents). Same ports, labels and probes as its own. */ -}}
{{- define "dk.daprdContainer" -}}
{{- $root := index . 0 -}}
{{- $appId := index . 1 -}}
{{- $withApp := index . 2 -}}
{{- $withComponents := index . 3 -}}
{{- $dapr := $root.Values.dapr -}}
name: daprd
{{ include "dk.imageLines" (list $root $dapr.image) }}
command: [/daprd]
args:
  - --mode=standalone
  - --app-id={{ $appId }}
  {{- if $withApp }}
  - --app-port={{ include "dk.appPort" $root }}
  - --app-protocol=grpc
  - --enable-app-health-check
  {{- end }}
  - --config=/etc/dapr/config/config.yaml
  {{- if $withComponents }}
  - --resources-path=/etc/dapr/resources
  {{- end }}
  - --dapr-listen-addresses=127.0.0.1
  - --dapr-http-port=3500
  - --dapr-grpc-port=50001
  - --dapr-internal-grpc-port=50002
  - --dapr-public-port=3501
  - --metrics-port=9090
  - --dapr-graceful-shutdown-seconds={{ $dapr.gracefulShutdownSeconds }}
  - --log-as-json
  - --log-level={{ $dapr.logLevel }}
env:
  - {name: NAMESPACE, value: {{ $root.Release.Namespace }}}
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: DAPR_HOST_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
  {{- include "dk.tokenEnv" $root | nindent 2 }}
  {{- include "dk.otlpHeadersEnv" $root | nindent 2 }}
  {{- if $withComponents }}
  {{- include "dk.componentSecretEnv" $root | nindent 2 }}
  {{- end }}
ports:
  - {name: dapr-http, containerPort: 3500}
  - {name: dapr-grpc, containerPort: 50001}
  - {name: dapr-internal, containerPort: 50002}
  - {name: dapr-metrics, containerPort: 9090}
readinessProbe:
  httpGet: {path: /v1.0/healthz, port: 3501}
  periodSeconds: 3
  timeoutSeconds: 3
livenessProbe:
  tcpSocket: {port: 3501}
  initialDelaySeconds: 180
  periodSeconds: 10
resources:
  {{- toYaml $dapr.resources | nindent 2 }}
securityContext:
  {{- include "dk.containerSecurityContext" $root | nindent 2 }}
volumeMounts:
  - {name: dapr-config, mountPath: /etc/dapr/config, readOnly: true}
  {{- if $withComponents }}
  - {name: dapr-resources, mountPath: /etc/dapr/resources, readOnly: true}
  - {name: sockets, mountPath: {{ include "dk.sockets" $root }}}
  {{- end }}
{{- end -}}

{{- /* initContainers of a pod with daprd: (list $ "app-id" withApp withComponents). In the order in which they start. */ -}}
{{- define "dk.nativeSidecars" -}}
{{- $root := index . 0 -}}
{{- if and (index . 3) (ne $root.Values.dapr.mode "none") (eq $root.Values.components.placement "nativeSidecar") }}
{{- range include "dk.programs" $root | fromYamlArray }}
- restartPolicy: Always
  {{- include "dk.componentContainer" (list $root .name) | nindent 2 }}
{{- end }}
{{- end }}
{{- if and (eq $root.Values.dapr.mode "inline") $root.Values.dapr.nativeSidecar }}
- restartPolicy: Always
  {{- include "dk.daprdContainer" . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Ordinary containers of the same, where native sidecars are not wanted. */ -}}
{{- define "dk.plainSidecars" -}}
{{- $root := index . 0 -}}
{{- if and (index . 3) (ne $root.Values.dapr.mode "none") (eq $root.Values.components.placement "inPod") }}
{{- range include "dk.programs" $root | fromYamlArray }}
-
  {{- include "dk.componentContainer" (list $root .name) | nindent 2 }}
{{- end }}
{{- end }}
{{- if and (eq $root.Values.dapr.mode "inline") (not $root.Values.dapr.nativeSidecar) }}
-
  {{- include "dk.daprdContainer" . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Volumes of the same. */ -}}
{{- define "dk.sidecarVolumes" -}}
{{- $root := index . 0 -}}
{{- if and (index . 3) (ne $root.Values.dapr.mode "none") (include "dk.ownsSockets" $root) }}
- {name: sockets, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
{{- end }}
{{- if eq $root.Values.dapr.mode "inline" }}
- {name: dapr-config, configMap: {name: {{ include "dk.configurationName" . }}}}
{{- if index . 3 }}
- {name: dapr-resources, configMap: {name: {{ include "dk.fullname" (list $root "dapr-resources") }}}}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Labels that the injector puts on its pods, for inline ones: (list $ "app-id"). */ -}}
{{- define "dk.sidecarLabels" -}}
{{- if eq (index . 0).Values.dapr.mode "inline" }}
dapr.io/sidecar-injected: "true"
dapr.io/app-id: {{ index . 1 }}
dapr.io/metrics-enabled: "true"
{{- end }}
{{- end -}}

{{- /* Annotations that tell the injector what to add: (list $ "app-id" withApp withComponents). */ -}}
{{- define "dk.sidecarAnnotations" -}}
{{- $root := index . 0 -}}
{{- $dapr := $root.Values.dapr -}}
{{- if eq $dapr.mode "injected" }}
dapr.io/enabled: "true"
dapr.io/app-id: {{ index . 1 }}
{{- if index . 2 }}
dapr.io/app-port: {{ include "dk.appPort" $root | quote }}
dapr.io/app-protocol: grpc
dapr.io/enable-app-health-check: "true"
{{- end }}
dapr.io/config: {{ include "dk.configurationName" . }}
dapr.io/enable-metrics: "true"
dapr.io/metrics-port: "9090"
dapr.io/log-as-json: "true"
dapr.io/log-level: {{ $dapr.logLevel }}
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
dapr.io/graceful-shutdown-seconds: {{ $dapr.gracefulShutdownSeconds | quote }}
dapr.io/disable-builtin-k8s-secret-store: "true"
dapr.io/enable-native-sidecar: {{ $dapr.nativeSidecar | quote }}
{{- if $dapr.apiToken.enabled }}
dapr.io/api-token-secret: {{ include "dk.apiTokenSecret" $root }}
{{- end }}
{{- if and $dapr.appToken.enabled (index . 2) }}
dapr.io/app-token-secret: {{ include "dk.appTokenSecret" $root }}
{{- end }}
{{- with $root.Values.external.otlp }}{{ if .existingSecret }}
dapr.io/env-from-secret: "OTEL_EXPORTER_OTLP_HEADERS={{ .existingSecret }}:{{ .key }}"
{{- end }}{{ end }}
{{- with $dapr.resources }}
{{- range $kind, $annotation := dict "requests" "request" "limits" "limit" }}
{{- range $what, $amount := index $dapr.resources $kind }}
dapr.io/sidecar-{{ $what }}-{{ $annotation }}: {{ $amount | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if index . 3 }}
{{- if eq $root.Values.components.placement "nativeSidecar" }}
dapr.io/volume-mounts-rw: "sockets:{{ include "dk.sockets" $root }}"
{{- else if eq $root.Values.components.placement "inPod" }}
dapr.io/pluggable-components: {{ range $index, $program := include "dk.programs" $root | fromYamlArray }}{{ if $index }},{{ end }}{{ $program.name }}{{ end }}
{{- else }}
dapr.io/inject-pluggable-components: "true"
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /*
What Dapr's operator makes for every application, for inline ones: daprd finds its peers by this name.
(list $ "part" "app-id")
*/ -}}
{{- define "dk.daprService" -}}
{{- $root := index . 0 -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ index . 2 }}-dapr
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "dk.labels" . | nindent 4 }}
    dapr.io/enabled: "true"
spec:
  clusterIP: None
  selector:
    {{- include "dk.selector" . | nindent 4 }}
  ports:
    - {name: dapr-http, port: 80, targetPort: 3500}
    - {name: dapr-grpc, port: 50001, targetPort: 50001}
    - {name: dapr-internal, port: 50002, targetPort: 50002}
    - {name: dapr-metrics, port: 9090, targetPort: 9090}
{{- end -}}

{{- /* Several pods of a part on several nodes and zones, as far as there are any: (list $ "part"). */ -}}
{{- define "dk.spread" -}}
{{- $selector := include "dk.selector" . -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
  {{- end }}
{{- end -}}

{{- /* Which Configuration a daprd reads: (list $ "app-id" …). Inline, a ConfigMap of the same name has it. */ -}}
{{- define "dk.configurationName" -}}
{{- include "dk.fullname" (list (index . 0) (ternary "gateway-dapr" "dapr" (eq (index . 1) "gateway"))) -}}
{{- end -}}

{{- /* helm test runs it. One that failed stays until the next test, so that its log can be read. */ -}}
{{- define "dk.testHook" -}}
helm.sh/hook: test
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

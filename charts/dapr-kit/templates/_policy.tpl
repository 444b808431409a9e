{{- /* NetworkPolicy rules of whatever has a daprd beside it. */ -}}

{{- /* daprds of this release call each other. */ -}}
{{- define "dk.daprPeers" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
      dapr-kit.io/has-daprd: "true"
{{- end -}}

{{- define "dk.daprIngress" -}}
{{- if eq .Values.dapr.mode "none" -}}
# A daprd that is elsewhere calls the application itself.
- ports: [{protocol: TCP, port: {{ include "dk.appPort" . }}}]
{{- else -}}
- from:
    {{- include "dk.daprPeers" . | nindent 4 }}
  ports: [{protocol: TCP, port: 50002}]
{{- end -}}
{{- end -}}

{{- /* Other daprds, Dapr's control plane, and where spans go. */ -}}
{{- define "dk.daprEgress" -}}
{{- if eq .Values.dapr.mode "none" -}}
{{- include "dk.hostsEgress" .Values.app.sidecarEndpoint }}
{{- else -}}
- to:
    {{- include "dk.daprPeers" . | nindent 4 }}
  ports: [{protocol: TCP, port: 50002}]
{{- end }}
{{- if eq .Values.dapr.mode "injected" }}
# sentry, operator, placement, scheduler
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .Values.dapr.controlPlaneNamespace }}}
  ports: [{protocol: TCP, port: 50001}, {protocol: TCP, port: 6500}, {protocol: TCP, port: 50005}, {protocol: TCP, port: 50006}]
{{- end }}
{{- if .Values.external.otlp.endpoint }}
{{ include "dk.hostsEgress" .Values.external.otlp.endpoint }}
{{- else if include "dk.otlp" . }}
- to:
    - podSelector:
        matchLabels:
          app.kubernetes.io/instance: {{ .Release.Name }}
          app.kubernetes.io/component: {{ ternary "otel-collector" "jaeger" (dig "enabled" false (index .Values "otel-collector" | default dict)) }}
  ports: [{protocol: TCP, port: 4317}]
{{- end }}
{{- end -}}

{{- /* Hosts outside of this release have names, and policies know none: their ports are opened. ("host:port,host:port") */ -}}
{{- define "dk.hostsEgress" -}}
{{- $ports := list -}}
{{- range splitList "," . -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .)) -}}
{{- end -}}
- ports:
    {{- range uniq (compact $ports) }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end -}}

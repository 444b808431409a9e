{{- /* Pieces of NetworkPolicies. Without a network plugin that enforces them they do nothing. */ -}}

{{- /* Peer: the pods of one part of this release. (list $ "part") */ -}}
{{- define "dk.peer" -}}
podSelector:
  matchLabels:
    {{- include "dk.selector" . | nindent 4 }}
{{- end -}}

{{- /* Egress rule: names are looked up. ($) */ -}}
{{- define "dk.dnsEgress" -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .Values.global.networkPolicy.dnsNamespace }}}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end -}}

{{- /* Ingress rule: whoever collects metrics, in whatever namespace, reaches these ports. (list port …) */ -}}
{{- define "dk.metricsIngress" -}}
- from: [{namespaceSelector: {}}]
  ports:
    {{- range . }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end -}}

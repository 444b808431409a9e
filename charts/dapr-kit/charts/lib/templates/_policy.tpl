{{- /* The head of a part's NetworkPolicy, which denies all that it does not go on to allow: (list $ "part"). */ -}}
{{- define "dk.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "dk.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "dk.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end -}}

{{- /* Peer: every pod of this release. ($) */ -}}
{{- define "dk.releasePeer" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/name: dapr-kit
    app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Egress rule: the Kubernetes API. (apiServer), apiServer: {cidr, ports} */ -}}
{{- define "dk.apiServerEgress" -}}
- to: [{ipBlock: {cidr: {{ .cidr }}}}]
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end -}}

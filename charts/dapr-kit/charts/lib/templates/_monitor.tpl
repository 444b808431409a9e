{{- /*
A ServiceMonitor over the port "metrics" of a part's Service, when the Operator's API is there: (list $ "part").
*/ -}}
{{- define "dk.serviceMonitor" -}}
{{- $root := index . 0 -}}
{{- $monitoring := $root.Values.global.monitoring -}}
{{- if include "dk.wants" (list $root $monitoring.serviceMonitor "monitoring.coreos.com/v1/ServiceMonitor") -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "dk.metadata" . | nindent 2 }}
    {{- with $monitoring.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "dk.selector" . | nindent 6 }}
  endpoints:
    - port: metrics
      interval: {{ $monitoring.interval }}
{{- end -}}
{{- end -}}

{{- /* prometheus.yml. Rules are the parent's: it mounts them as files. */ -}}
{{- define "prometheus.config" -}}
global:
  scrape_interval: {{ .Values.global.monitoring.interval }}
  evaluation_interval: {{ .Values.global.monitoring.interval }}
  external_labels: {release: {{ .Release.Name }}}
rule_files: [/etc/prometheus/rules/*.yaml]
{{- if or .Values.alertmanager.enabled .Values.externalAlertmanagers }}
alerting:
  alertmanagers:
    - static_configs:
        - targets:
            {{- if .Values.alertmanager.enabled }}
            - {{ include "dk.host" (list . "alertmanager") }}:9093
            {{- end }}
            {{- range .Values.externalAlertmanagers }}
            - {{ . | quote }}
            {{- end }}
{{- end }}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:9090"], labels: {namespace: {{ .Release.Namespace }}}}]
  # Every daprd in this namespace. It says its own namespace and app_id, and is believed.
  - job_name: dapr-sidecar
    honor_labels: true
    {{- include "prometheus.pods" (list .Release.Namespace) | nindent 4 }}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_dapr_io_metrics_enabled], regex: "true", action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: dapr-metrics, action: keep}
      {{- include "prometheus.podLabels" . | nindent 6 }}
      - {source_labels: [__meta_kubernetes_pod_label_dapr_io_app_id], target_label: app_id}
      - {source_labels: [__meta_kubernetes_pod_label_dapr_io_app_id], target_label: service, replacement: $1-dapr}
  # Whatever else of this release counts: programs, components, servers or their exporters, by the names of their ports.
  - job_name: dapr-kit
    honor_labels: true
    {{- include "prometheus.pods" (list .Release.Namespace) | nindent 4 }}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance], regex: {{ .Release.Name }}, action: keep}
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_part_of], regex: dapr-kit, action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: "metrics|(redis|kafka)-metrics", action: keep}
      {{- include "prometheus.podLabels" . | nindent 6 }}
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component], target_label: role}
  {{- if .Values.controlPlane.enabled }}
  # Dapr's operator, injector, sentry, placement and scheduler, which all count on port 9090.
  - job_name: dapr-control-plane
    {{- include "prometheus.pods" (list .Values.controlPlane.namespace) | nindent 4 }}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_part_of], regex: dapr, action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_number], regex: "9090", action: keep}
      {{- include "prometheus.podLabels" . | nindent 6 }}
      - {source_labels: [__meta_kubernetes_pod_label_app], target_label: app}
  {{- end }}
  {{- with .Values.extraScrapeConfigs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* Discovery of the pods of some namespaces. */ -}}
{{- define "prometheus.pods" -}}
kubernetes_sd_configs:
  - role: pod
    namespaces: {names: [{{ join ", " . }}]}
{{- end -}}

{{- /* Pods that have ended answer nobody; where a target runs becomes its labels. */ -}}
{{- define "prometheus.podLabels" -}}
- {source_labels: [__meta_kubernetes_pod_phase], regex: Pending|Succeeded|Failed|Completed, action: drop}
- {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
- {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
- {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}
{{- end -}}

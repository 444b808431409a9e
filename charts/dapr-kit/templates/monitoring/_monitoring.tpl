{{- /* The alerts with this release's names and thresholds in them: one text for the bundled Prometheus and for the Operator's. ($) */ -}}
{{- define "dk.rules" -}}
{{- $text := .Files.Get "files/rules/dapr-kit.rules.yaml" -}}
{{- $words := dict "namespace" .Release.Namespace "release" .Release.Name "controlPlane" .Values.dapr.controlPlaneNamespace "runbooks" .Values.monitoring.runbooks -}}
{{- range $name, $value := .Values.monitoring.alerts -}}
{{- /* Helm reads every number as a float, and a large one would be written with an exponent. */ -}}
{{- $_ := set $words $name (ternary (printf "%d" (int64 $value)) (toString $value) (eq (floor $value) (float64 $value))) -}}
{{- end -}}
{{- range $name, $value := $words -}}
{{- $text = replace (printf "${%s}" $name) $value $text -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{- /* Name of a dashboard's ConfigMap: (list $ path). */ -}}
{{- define "dk.dashboardName" -}}
{{- include "dk.fullname" (list (index . 0) (printf "dashboard-%s" (base (index . 1) | trimSuffix ".json"))) -}}
{{- end -}}

{{- /* Whether a part that logging.enabled speaks for is on: (list $ "fluentd"). */ -}}
{{- define "dk.logs" -}}
{{- $root := index . 0 -}}
{{- if dig "enabled" $root.Values.logging.enabled (index $root.Values (index . 1) | default dict) -}}true{{- end -}}
{{- end -}}

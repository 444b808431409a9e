{{- /*
Names and labels. A part is one running thing of a release: redis, document, gateway. Every helper takes
(list $ "part"), where $ is the context of the chart that calls.

A name is <release>-<part>, the same from every chart, so that the parent can name a subchart's Service without
asking. dk.validate refuses releases whose names would not leave room for the longest part.
*/ -}}
{{- define "dk.fullname" -}}
{{- $root := index . 0 -}}
{{- printf "%s-%s" $root.Release.Name (index . 1) -}}
{{- end -}}

{{- /* What selects a part's pods. Never more: selectors cannot change after the first install. */ -}}
{{- define "dk.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: dapr-kit
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "dk.labels" -}}
{{- $root := index . 0 -}}
{{ include "dk.selector" . }}
app.kubernetes.io/part-of: dapr-kit
app.kubernetes.io/version: {{ $root.Chart.AppVersion | default $root.Chart.Version | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- with $root.Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* metadata of an object: name, namespace, labels. (list $ "part" "name"), the name defaults to the part's. */ -}}
{{- define "dk.metadata" -}}
{{- $root := index . 0 -}}
name: {{ if gt (len .) 2 }}{{ index . 2 }}{{ else }}{{ include "dk.fullname" . }}{{ end }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "dk.labels" . | nindent 2 }}
{{- end -}}

{{- /* The name by which other pods reach a part's Service: (list $ "part"). */ -}}
{{- define "dk.host" -}}
{{- $root := index . 0 -}}
{{- printf "%s.%s.svc.%s" (include "dk.fullname" .) $root.Release.Namespace $root.Values.global.clusterDomain -}}
{{- end -}}

{{- /*
Whether an optional API is wanted: (list $ setting "group/version/Kind"). auto asks the cluster; true is for
renderers that cannot ask, false never renders. Answers "true" or nothing.
*/ -}}
{{- define "dk.wants" -}}
{{- $root := index . 0 -}}
{{- $setting := toString (index . 1) -}}
{{- if or (eq $setting "true") (and (eq $setting "auto") ($root.Capabilities.APIVersions.Has (index . 2))) -}}true{{- end -}}
{{- end -}}

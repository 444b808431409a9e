{{- /*
Where logs are kept: this release's Elasticsearch, or what global.external.elasticsearch names. It is under `global`,
because the subcharts that ask (Fluentd, Kibana, Jaeger) see nothing else of the parent's values. Every helper takes ($).
*/ -}}

{{- /* global.external.elasticsearch as JSON; {} when the bundled one is meant. */ -}}
{{- define "dk.elasticsearch.external" -}}
{{- $external := dig "external" "elasticsearch" dict .Values.global -}}
{{- ternary $external dict (ne (default "" $external.url) "") | toJson -}}
{{- end -}}

{{- define "dk.elasticsearch.url" -}}
{{- $external := include "dk.elasticsearch.external" . | fromJson -}}
{{- $external.url | default (printf "https://%s:9200" (include "dk.host" (list . "elasticsearch"))) -}}
{{- end -}}

{{- /* elasticsearch or opensearch */ -}}
{{- define "dk.elasticsearch.flavour" -}}
{{- $external := include "dk.elasticsearch.external" . | fromJson -}}
{{- $external.flavour | default "elasticsearch" -}}
{{- end -}}

{{- /* Name of the Secret with passwords: the bundled one has a key for each user, an external one username and password. */ -}}
{{- define "dk.elasticsearch.secret" -}}
{{- $external := include "dk.elasticsearch.external" . | fromJson -}}
{{- if $external.url -}}
{{- $external.existingSecret -}}
{{- else -}}
{{- dig "logging" "existingSecret" "" .Values.global | default (include "dk.fullname" (list . "elasticsearch")) -}}
{{- end -}}
{{- end -}}

{{- /* Name of the Secret with ca.crt; empty when the external server's certificate is one that everybody trusts. */ -}}
{{- define "dk.elasticsearch.ca" -}}
{{- $external := include "dk.elasticsearch.external" . | fromJson -}}
{{- if $external.url -}}
{{- $external.caSecret -}}
{{- else -}}
{{- dig "logging" "tlsSecret" "" .Values.global | default (include "dk.fullname" (list . "elasticsearch-tls")) -}}
{{- end -}}
{{- end -}}

{{- /*
Environment of a container: SEARCH_URL, SEARCH_USER, SEARCH_PASSWORD. (list $ "user"), a user of the bundled server. Kibana's image makes
arguments of variables that are called like its settings, so they are not called ELASTICSEARCH_….
*/ -}}
{{- define "dk.elasticsearch.env" -}}
{{- $root := index . 0 -}}
{{- $user := index . 1 -}}
{{- $external := include "dk.elasticsearch.external" $root | fromJson -}}
{{- $secret := include "dk.elasticsearch.secret" $root -}}
- {name: SEARCH_URL, value: {{ include "dk.elasticsearch.url" $root | quote }}}
{{- if $secret }}
- name: SEARCH_USER
  {{- if $external.url }}
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: username}}
  {{- else }}
  value: {{ $user }}
  {{- end }}
- name: SEARCH_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ if $external.url }}password{{ else }}{{ $user }}{{ end }}}}
{{- end }}
{{- end -}}

{{- /* Volume "elasticsearch-ca" with ca.crt alone, when there is one. */ -}}
{{- define "dk.elasticsearch.caVolume" -}}
{{- with include "dk.elasticsearch.ca" . }}
- name: elasticsearch-ca
  secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end -}}

{{- /* Egress rules to the bundled server; to an external one any address, at the port of its URL. */ -}}
{{- define "dk.elasticsearch.egress" -}}
{{- $external := include "dk.elasticsearch.external" . | fromJson -}}
{{- if $external.url }}
{{- $host := (urlParse $external.url).host }}
- ports: [{protocol: TCP, port: {{ if contains ":" $host }}{{ splitList ":" $host | last }}{{ else if hasPrefix "https" $external.url }}443{{ else }}80{{ end }}}]
{{- else }}
- to:
    - {{- include "dk.peer" (list . "elasticsearch") | nindent 6 }}
  ports: [{protocol: TCP, port: 9200}]
{{- end }}
{{- end -}}

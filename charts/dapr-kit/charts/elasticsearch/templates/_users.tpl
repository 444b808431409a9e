{{- /* Users of the file realm and what each may: they are there before anybody asks, without a call that could come too early. */ -}}
{{- define "elasticsearch.users" -}}
admin: superuser
fluentd: dk_writer
kibana: kibana_system
jaeger: dk_traces
grafana: dk_reader
{{- end -}}

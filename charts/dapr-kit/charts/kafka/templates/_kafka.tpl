{{- /* Environment of Kafka's scripts. Their own logs go to the one folder that can be written to; the argument is the heap. */ -}}
{{- define "kafka.environment" -}}
- {name: KAFKA_HEAP_OPTS, value: "-Xms{{ . }} -Xmx{{ . }}"}
- {name: LOG_DIR, value: /tmp}
- {name: KAFKA_GC_LOG_OPTS, value: " "}
{{- end -}}

{{- define "kafka.mounts" -}}
- {name: data, mountPath: /var/lib/kafka}
- {name: config, mountPath: /etc/dapr-kit, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{- define "kafka.address" -}}
{{ include "dk.host" (list . "kafka") }}:9092
{{- end -}}

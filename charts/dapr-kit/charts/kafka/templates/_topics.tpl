{{- /* What the Job that makes the topics does, all of it: its name says which it is. */ -}}
{{- define "kafka.topicsSpec" -}}
backoffLimit: 10
template:
  metadata:
    labels:
      {{- include "dk.labels" (list $ "kafka-topics") | nindent 6 }}
      dapr-kit.io/uses-kafka: "true"
  spec:
    serviceAccountName: {{ include "dk.fullname" (list $ "kafka") }}
    automountServiceAccountToken: false
    enableServiceLinks: false
    restartPolicy: OnFailure
    {{- include "dk.scheduling" (list $ .Values) | nindent 4 }}
    securityContext:
      {{- include "dk.podSecurityContext" (list $ 1000) | nindent 6 }}
    containers:
      - name: topics
        {{- include "dk.imageLines" (list $ .Values.image) | nindent 8 }}
        command: [sh, -ec]
        args:
          - |
            # A client whose broker has no name yet ends at once, and one whose broker is silent after a minute.
            for topic in "$@"; do
              tries=60
              until /opt/kafka/bin/kafka-topics.sh --bootstrap-server {{ include "kafka.address" . }} \
                --create --if-not-exists --topic "$topic" --partitions {{ .Values.partitions }}
              do
                tries=$((tries - 1))
                [ $tries -gt 0 ]
                sleep 1
              done
            done
          - topics
          {{- range .Values.topics }}
          - {{ . | quote }}
          {{- end }}
        env:
          {{- include "kafka.environment" "64m" | nindent 10 }}
        resources:
          requests: {cpu: 50m, memory: 128Mi}
          limits: {memory: 256Mi}
        securityContext:
          {{- include "dk.containerSecurityContext" . | nindent 10 }}
        volumeMounts:
          - {name: tmp, mountPath: /tmp}
    volumes:
      - {name: tmp, emptyDir: {}}
{{- end -}}

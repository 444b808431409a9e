{{- /*
What every pod and container here has in common: images, security contexts that Pod Security `restricted` admits,
where pods run.
*/ -}}

{{- /* (list $ image), image: {registry, repository, tag, digest}. global.imageRegistry takes the registry's place. */ -}}
{{- define "dk.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $root.Values.global.imageRegistry | default $image.registry -}}
{{- $tag := $image.tag | default $root.Chart.AppVersion -}}
{{- printf "%s/%s:%s" $registry $image.repository $tag -}}
{{- with $image.digest }}@{{ . }}{{- end -}}
{{- end -}}

{{- /* The two lines of a container: (list $ image). */ -}}
{{- define "dk.imageLines" -}}
{{- $root := index . 0 -}}
image: {{ include "dk.image" . | quote }}
imagePullPolicy: {{ (index . 1).pullPolicy | default $root.Values.global.imagePullPolicy }}
{{- end -}}

{{- /*
The security context of a pod: (list $ uid), the uid its image is made for. With global.compat.omitUids none is
named, for platforms that give each namespace a range of their own.
*/ -}}
{{- define "dk.podSecurityContext" -}}
{{- $root := index . 0 -}}
{{- $uid := index . 1 -}}
runAsNonRoot: true
{{- if not $root.Values.global.compat.omitUids }}
runAsUser: {{ $uid }}
runAsGroup: {{ $uid }}
fsGroup: {{ $uid }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- /* The security context of a container: no way to more rights, nothing writable but what is mounted. */ -}}
{{- define "dk.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /*
Lines of a pod that say where it runs and whose images it takes: (list $ values), values having nodeSelector,
tolerations, affinity, or not.
*/ -}}
{{- define "dk.scheduling" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
{{- with $root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
  {{- end }}
{{- end }}
{{- with $root.Values.global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* A part's own ServiceAccount, without a token: (list $ "part"). */ -}}
{{- define "dk.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "dk.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{- /* The claim of a StatefulSet: (list $ "part" persistence). Its labels can never change, so they are the selector's. */ -}}
{{- define "dk.claim" -}}
{{- $root := index . 0 -}}
{{- $persistence := index . 2 -}}
{{- $class := $persistence.storageClass | default $root.Values.global.storageClass -}}
metadata:
  name: data
  labels:
    {{- include "dk.selector" . | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- if $class }}
  storageClassName: {{ if eq $class "-" }}""{{ else }}{{ $class }}{{ end }}
  {{- end }}
  resources: {requests: {storage: {{ $persistence.size }}}}
{{- end -}}

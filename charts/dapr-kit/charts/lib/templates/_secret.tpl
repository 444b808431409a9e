{{- /*
A Secret with one generated value: (list $ "part" "name" "key"). What the cluster already has is kept, else a
value is made. helm template and others that cannot look would make a new one each time: they want existingSecret.
*/ -}}
{{- define "dk.generatedSecret" -}}
{{- $root := index . 0 -}}
{{- $key := index . 3 -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace (index . 2) -}}
{{- $data := dig "data" $key "" ($found | default dict) -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "dk.metadata" (list $root (index . 1) (index . 2)) | nindent 2 }}
  annotations: {helm.sh/resource-policy: keep}
type: Opaque
data:
  {{ $key }}: {{ $data | default (randAlphaNum 32 | b64enc) | quote }}
{{- end -}}

{{- /* Name of the Secret of a part: (list $ "part" auth), auth: {existingSecret}. */ -}}
{{- define "dk.secretName" -}}
{{- (index . 2).existingSecret | default (include "dk.fullname" .) -}}
{{- end -}}

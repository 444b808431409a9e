{{- /*
What is fixed about the applications: how each is called, and where it listens. Programs find each other by these
ids, so they are no values. A pod has one address, so every port in it is another.

  3500 3501 50001 50002 9090  daprd: HTTP, health, gRPC, other daprds, metrics
  50051 9464                  the application: daprd's calls (loopback), metrics and health
  9465 9466                   dk-redis, dk-kafka: metrics and health
*/ -}}
{{- define "dk.roles" -}}
document: {appId: document, program: dk-document, topics: [compute.results, documents]}
compute: {appId: compute, program: dk-compute, topics: [documents]}
{{- end -}}

{{- define "dk.programs" -}}
- {name: dk-redis, key: redis, metricsPort: 9465}
- {name: dk-kafka, key: kafka, metricsPort: 9466}
{{- end -}}

{{- define "dk.appPort" -}}50051{{- end -}}
{{- define "dk.appMetricsPort" -}}9464{{- end -}}
{{- define "dk.sockets" -}}/tmp/dapr-components-sockets{{- end -}}

{{- /* What scales a role: none, hpa or keda. (list $ "role") */ -}}
{{- define "dk.scaledBy" -}}
{{- $root := index . 0 -}}
{{- $kind := (index $root.Values.app.roles (index . 1)).autoscaling.kind -}}
{{- if eq $kind "auto" -}}
{{- ternary "keda" "hpa" ($root.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject") -}}
{{- else -}}
{{- $kind -}}
{{- end -}}
{{- end -}}

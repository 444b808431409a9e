{{- /*
What a schema cannot see: values that do not go together, and clusters that lack what they ask for. Each fault is one
sentence that names the value and says what to change; the first one ends the rendering.
*/ -}}
{{- define "dk.validate" -}}
{{- $values := .Values -}}
{{- if gt (len .Release.Name) 36 -}}
{{- fail (printf "the release's name '%s' has %d characters: names of its parts would not fit, take 36 at most" .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- if and (eq $values.dapr.mode "injected") (not $values.dapr.skipPreflight) (not (.Capabilities.APIVersions.Has "dapr.io/v1alpha1/Component")) -}}
{{- fail (printf "dapr.mode is injected, and this cluster does not know Dapr: run 'helm install dapr dapr/dapr --namespace %s --create-namespace --wait' first, or set dapr.mode=inline, or dapr.skipPreflight=true where the cluster cannot be asked" $values.dapr.controlPlaneNamespace) -}}
{{- end -}}
{{- if and (eq $values.dapr.mode "none") (not $values.app.sidecarEndpoint) -}}
{{- fail "dapr.mode is none, and app.sidecarEndpoint is empty: say as host:port where the applications find a daprd" -}}
{{- end -}}
{{- if and (ne $values.dapr.mode "none") $values.app.sidecarEndpoint -}}
{{- fail (printf "app.sidecarEndpoint is '%s', which only dapr.mode=none reads: leave it empty" $values.app.sidecarEndpoint) -}}
{{- end -}}
{{- if and (eq $values.dapr.mode "inline") (eq $values.components.placement "injected") -}}
{{- fail "components.placement is injected, and with dapr.mode=inline nobody injects: set components.placement to nativeSidecar or inPod" -}}
{{- end -}}
{{- if and (eq $values.components.placement "inPod") $values.dapr.nativeSidecar (ne $values.dapr.mode "none") -}}
{{- fail "components.placement is inPod, and dapr.nativeSidecar starts daprd before the components: set dapr.nativeSidecar=false with it" -}}
{{- end -}}
{{- if and (eq $values.components.placement "injected") $values.dapr.nativeSidecar (ne $values.dapr.mode "none") -}}
{{- fail "components.placement is injected, and dapr.nativeSidecar starts daprd before the components: set dapr.nativeSidecar=false with it" -}}
{{- end -}}
{{- range list (list "redis" "host" $values.external.redis.host) (list "kafka" "bootstrapServers" $values.external.kafka.bootstrapServers) -}}
{{- $name := index . 0 -}}
{{- $setting := printf "external.%s.%s" $name (index . 1) -}}
{{- $enabled := (index $values $name).enabled -}}
{{- if and $enabled (index . 2) -}}
{{- fail (printf "%s.enabled is true and %s is '%s': one of the two can be used, set %s.enabled=false or leave %s empty" $name $setting (index . 2) $name $setting) -}}
{{- else if not (or $enabled (index . 2) (eq $values.dapr.mode "none")) -}}
{{- fail (printf "%s.enabled is false and %s is empty: set one of the two" $name $setting) -}}
{{- end -}}
{{- range splitList "," (index . 2 | default "host:1") -}}
{{- if not (regexMatch "^[^:/ ]+:[0-9]{1,5}$" (trim .)) -}}
{{- fail (printf "%s: '%s' is not host:port" $setting (trim .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $values.external.otlp -}}
{{- if and .endpoint (not (regexMatch "^[^:/ ]+:[0-9]{1,5}$" .endpoint)) -}}
{{- fail (printf "external.otlp.endpoint: '%s' is not host:port; TLS is said by external.otlp.insecure" .endpoint) -}}
{{- end -}}
{{- if and .existingSecret (not .endpoint) -}}
{{- fail (printf "external.otlp.existingSecret is '%s' and external.otlp.endpoint is empty: the receivers of this release ask for no headers, name yours or leave it empty" .existingSecret) -}}
{{- end -}}
{{- if and .existingSecret (not (and (regexMatch "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$" .existingSecret) (regexMatch "^[-._a-zA-Z0-9]+$" .key))) -}}
{{- fail (printf "external.otlp.existingSecret '%s' with external.otlp.key '%s' name no key of a Secret: the headers themselves belong into the Secret, as name=value" .existingSecret .key) -}}
{{- end -}}
{{- end -}}
{{- with $values.external.kafka -}}
{{- if and (eq .authType "password") (not (and .username .existingSecret)) -}}
{{- fail "external.kafka.authType is password: name external.kafka.username and external.kafka.existingSecret too" -}}
{{- end -}}
{{- if and (eq .authType "mtls") (not .tlsSecret) -}}
{{- fail "external.kafka.authType is mtls: name external.kafka.tlsSecret too, with ca.crt, tls.crt and tls.key" -}}
{{- end -}}
{{- if and (eq .authType "mtls") .disableTls -}}
{{- fail "external.kafka.authType is mtls, and external.kafka.disableTls is true: they exclude each other" -}}
{{- end -}}
{{- end -}}
{{- if eq $values.dapr.mode "injected" -}}
{{- range list (list "apiToken" $values.dapr.apiToken) (list "appToken" $values.dapr.appToken) -}}
{{- if and (index . 1).enabled (ne (index . 1).key "token") -}}
{{- fail (printf "dapr.%s.key is '%s': Dapr's injector reads the key 'token' only" (index . 0) (index . 1).key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $role, $_ := include "dk.roles" . | fromYaml -}}
{{- $scaling := (index $values.app.roles $role).autoscaling -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "app.roles.%s.autoscaling.minReplicas is %v, more than maxReplicas, %v" $role $scaling.minReplicas $scaling.maxReplicas) -}}
{{- end -}}
{{- if and (eq $scaling.kind "keda") (not $values.dapr.skipPreflight) (not ($.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject")) -}}
{{- fail (printf "app.roles.%s.autoscaling.kind is keda, and this cluster does not know KEDA: install it first, or set hpa or none" $role) -}}
{{- end -}}
{{- end -}}
{{- if and $values.monitoring.prometheus.enabled (not $values.dapr.skipPreflight) (not (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/Prometheus")) -}}
{{- fail "monitoring.prometheus.enabled is true, and this cluster does not know the Prometheus Operator: install it first, or set prometheus.enabled=true for a Prometheus of this release" -}}
{{- end -}}
{{- $grace := add $values.app.preStopSeconds $values.dapr.gracefulShutdownSeconds -}}
{{- if le (int $values.app.terminationGracePeriodSeconds) (int $grace) -}}
{{- fail (printf "app.terminationGracePeriodSeconds is %v: it must be more than app.preStopSeconds and dapr.gracefulShutdownSeconds together, %v" $values.app.terminationGracePeriodSeconds $grace) -}}
{{- end -}}
{{- if and (dig "enabled" false ($values.fluentd | default dict)) (ne $values.global.podSecurity "privileged") -}}
{{- fail (printf "fluentd.enabled is true and global.podSecurity is %s: it reads the node's logs by hostPath, which only namespaces with privileged admit; install it as a release of its own, or set global.podSecurity=privileged" $values.global.podSecurity) -}}
{{- end -}}
{{- include "dk.validateGateway" . -}}
{{- end -}}

{{- /*
The gateway: Traefik, and a daprd beside it by which it calls the applications, app id `gateway`. Traefik is no subchart:
it carries a daprd and needs dapr.*, and Helm hands a subchart nothing of its parent's values but global.

What callers may reach is this list: a path that becomes an application's methods, and its gRPC service.
*/ -}}
{{- define "dk.gatewayRoutes" -}}
- {name: document, prefix: /api, service: dapr_kit.document.v1.Documents}
- {name: compute, prefix: /compute, service: dapr_kit.compute.v1.Compute}
{{- end -}}

{{- define "dk.gatewayTlsSecret" -}}
{{- .Values.gateway.tls.existingSecret | default (include "dk.fullname" (list . "gateway-tls")) -}}
{{- end -}}

{{- /* Host rule of a router, with " && " behind, or nothing. */ -}}
{{- define "dk.gatewayHostRule" -}}
{{- with .Values.gateway.host -}}Host(`{{ . }}`) && {{ end -}}
{{- end -}}

{{- /* What the gateway's daprd answers: invocation, and nothing that reaches a component. */ -}}
{{- define "dk.gatewayConfigurationObject" -}}
{{- $root := index . 0 -}}
{{- $object := include "dk.configurationObject" . | fromYaml -}}
{{- $_ := set $object.metadata "name" (include "dk.fullname" (list $root "gateway-dapr")) -}}
{{- $_ := unset $object.spec "accessControl" -}}
{{- $_ := set $object.spec "api" (dict "allowed" (list
    (dict "name" "invoke" "version" "v1.0" "protocol" "http")
    (dict "name" "invoke" "version" "v1" "protocol" "grpc"))) -}}
{{- toYaml $object -}}
{{- end -}}

{{- define "dk.validateGateway" -}}
{{- $gateway := .Values.gateway -}}
{{- $has := .Capabilities.APIVersions -}}
{{- if $gateway.enabled -}}
{{- if eq .Values.dapr.mode "none" -}}
{{- fail "gateway.enabled is true and dapr.mode is none: the gateway calls the applications by a daprd beside it, set gateway.enabled=false" -}}
{{- end -}}
{{- if and (eq $gateway.auth.kind "basic") (not $gateway.auth.existingSecret) -}}
{{- fail "gateway.auth.kind is basic: name gateway.auth.existingSecret too, a Secret with htpasswd's lines under the key users" -}}
{{- end -}}
{{- if and (eq $gateway.tls.mode "existingSecret") (not $gateway.tls.existingSecret) -}}
{{- fail "gateway.tls.mode is existingSecret: name gateway.tls.existingSecret too, a Secret of type kubernetes.io/tls" -}}
{{- end -}}
{{- if and (ne $gateway.tls.mode "existingSecret") $gateway.tls.existingSecret -}}
{{- fail (printf "gateway.tls.existingSecret is '%s' and gateway.tls.mode is %s: set gateway.tls.mode=existingSecret, or leave it empty" $gateway.tls.existingSecret $gateway.tls.mode) -}}
{{- end -}}
{{- if and $gateway.tls.redirect (eq $gateway.tls.mode "none") -}}
{{- fail "gateway.tls.redirect is true and gateway.tls.mode is none: there is no HTTPS to send callers to" -}}
{{- end -}}
{{- if eq $gateway.tls.mode "certManager" -}}
{{- if not (or .Values.dapr.skipPreflight ($has.Has "cert-manager.io/v1/Certificate")) -}}
{{- fail "gateway.tls.mode is certManager, and this cluster does not know cert-manager: install it first, or set existingSecret or selfSigned" -}}
{{- end -}}
{{- if not (and $gateway.tls.issuer.name $gateway.host) -}}
{{- fail "gateway.tls.mode is certManager: name gateway.tls.issuer.name and gateway.host too" -}}
{{- end -}}
{{- end -}}
{{- if and (or $gateway.httpRoute.enabled $gateway.grpcRoute.enabled) (not $gateway.parentRefs) -}}
{{- fail "gateway.httpRoute or gateway.grpcRoute is enabled, and gateway.parentRefs is empty: name the Gateway that takes them" -}}
{{- end -}}
{{- range list
    (list "httpRoute" "gateway.networking.k8s.io/v1/HTTPRoute" "the Gateway API")
    (list "grpcRoute" "gateway.networking.k8s.io/v1/GRPCRoute" "the Gateway API")
    (list "ingressRoute" "traefik.io/v1alpha1/IngressRoute" "Traefik's kinds") -}}
{{- if and (index $gateway (index . 0)).enabled (not $.Values.dapr.skipPreflight) (not ($has.Has (index . 1))) -}}
{{- fail (printf "gateway.%s.enabled is true, and this cluster does not know %s: install it first" (index . 0) (index . 2)) -}}
{{- end -}}
{{- end -}}
{{- else if or $gateway.ingress.enabled $gateway.ingressRoute.enabled $gateway.httpRoute.enabled $gateway.grpcRoute.enabled -}}
{{- fail "gateway.enabled is false, and a route to it is enabled: set gateway.enabled=true, for routes lead to it" -}}
{{- end -}}
{{- end -}}

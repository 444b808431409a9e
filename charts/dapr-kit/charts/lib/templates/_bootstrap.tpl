{{- /*
The Job that runs a script of the part's ConfigMap in the toolbox: (list $ "part" dict), the dict having image, script (its key in the
ConfigMap), timeoutSeconds, and env, volumes, mounts as rendered YAML.

No hook: with --wait hooks come when everything is ready, and what this Job brings is what others wait for. Its name
has the revision, so each upgrade runs it again, and the one before it goes. The script may run twice.
*/ -}}
{{- define "dk.bootstrap" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{- $said := index . 2 -}}
{{- $name := printf "%s-bootstrap" $part -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "dk.metadata" (list $root $name (printf "%s-%d" (include "dk.fullname" (list $root $name)) $root.Release.Revision)) | nindent 2 }}
spec:
  backoffLimit: 6
  activeDeadlineSeconds: {{ mul 3 $said.timeoutSeconds }}
  template:
    metadata:
      labels:
        {{- include "dk.labels" (list $root $name) | nindent 8 }}
    spec:
      restartPolicy: OnFailure
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- include "dk.scheduling" (list $root $root.Values) | nindent 6 }}
      securityContext:
        {{- include "dk.podSecurityContext" (list $root 65532) | nindent 8 }}
      containers:
        - name: bootstrap
          {{- include "dk.imageLines" (list $root $said.image) | nindent 10 }}
          command: [bash, /bootstrap/{{ $said.script }}]
          env:
            - {name: TIMEOUT_SECONDS, value: {{ $said.timeoutSeconds | quote }}}
            {{- $said.env | trim | nindent 12 }}
          resources:
            requests: {cpu: 10m, memory: 32Mi}
            limits: {memory: 64Mi}
          securityContext:
            {{- include "dk.containerSecurityContext" $root | nindent 12 }}
          volumeMounts:
            - {name: bootstrap, mountPath: /bootstrap, readOnly: true}
            {{- with $said.mounts }}
            {{- . | trim | nindent 12 }}
            {{- end }}
      volumes:
        - name: bootstrap
          configMap: {name: {{ include "dk.fullname" (list $root $name) }}}
        {{- with $said.volumes }}
        {{- . | trim | nindent 8 }}
        {{- end }}
{{- end -}}

{{- /* What every bootstrap script begins with: `ask METHOD PATH [FILE]`, and waiting. The password is in no argument. */ -}}
{{- define "dk.bootstrapHead" -}}
set -euo pipefail
end=$((SECONDS + TIMEOUT_SECONDS))

# ask URL METHOD PATH [FILE]: the answer's body on stdout; false when its status is no success, whose body then goes to stderr.
ask() {
    local url=$1 method=$2 path=$3 file=${4:-} answer status
    local words=(-sS --max-time 30 -X "$method" -H 'kbn-xsrf: dapr-kit' -w '\n%{http_code}')
    [ ! -e /ca/ca.crt ] || words+=(--cacert /ca/ca.crt)
    [ -z "$file" ] || words+=(-H 'Content-Type: application/json' --data-binary "@$file")
    [ -z "${FORM:-}" ] || words+=(-F "file=@$FORM")
    answer=$(curl "${words[@]}" -K <(credentials) "$url$path") || return 1
    status=${answer##*$'\n'}
    if [[ $status != 2* ]]; then
        printf '%s %s: %s %s\n' "$method" "$path" "$status" "${answer%$'\n'*}" >&2
        return 1
    fi
    printf '%s\n' "${answer%$'\n'*}"
}

credentials() {
    if [ -n "${SEARCH_USER:-}" ]; then
        printf 'user = "%s:%s"\n' "$SEARCH_USER" "$(printf '%s' "$SEARCH_PASSWORD" | sed 's/[\\"]/\\&/g')"
    fi
}

# wait_for WHAT COMMAND …: until it succeeds, or the time is over.
wait_for() {
    local what=$1
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { echo "$what does not answer after $TIMEOUT_SECONDS s" >&2; "$@" || exit 1; }
        sleep 2
    done
}
{{- end -}}

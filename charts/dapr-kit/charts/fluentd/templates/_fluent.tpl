{{- /* fluent.conf: what a line goes through, from the file of the container's runtime to Elasticsearch. */ -}}
{{- define "fluentd.config" -}}
{{- $search := include "dk.elasticsearch.flavour" . -}}
{{- $namespaces := .Values.namespaces | default (list .Release.Namespace) -}}
{{- $paths := list -}}
{{- range $namespaces }}{{ $paths = append $paths (ternary "/var/log/containers/*.log" (printf "/var/log/containers/*_%s_*.log" .) (eq . "*")) }}{{ end -}}
{{- $excluded := list "/var/log/containers/*_fluentd-*.log" -}}
{{- range .Values.excludeContainers }}{{ $excluded = append $excluded (printf "/var/log/containers/*_%s-*.log" .) }}{{ end -}}
<system>
  log_level info
  <log>
    format json
  </log>
</system>

<source>
  @type prometheus
  bind 0.0.0.0
  port 24231
</source>

<source>
  @type prometheus_output_monitor
  interval 10
</source>

# Files are named <pod>_<namespace>_<container>-<id>.log. Fluentd's own are left out: a line about a line would never end.
<source>
  @type tail
  @id containers
  @label @parts
  tag kubernetes.*
  path {{ join "," $paths }}
  exclude_path {{ $excluded | toJson }}
  pos_file /fluentd/state/containers.pos
  read_from_head true
  follow_inodes true
  refresh_interval 10
  rotate_wait 5
  # <time> <stdout|stderr> <P|F>[:more tags] <what the program wrote>: P is a part of a line, F its end.
  <parse>
    @type regexp
    expression /^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[FP])(?::[^ ]*)? (?<message>.*)$/
    time_format %Y-%m-%dT%H:%M:%S.%N%:z
  </parse>
</source>

# A line that the runtime has cut into parts is put together again; one whose end does not come goes on as it is.
<label @parts>
  <filter kubernetes.**>
    @type concat
    key message
    separator ""
    use_partial_cri_logtag true
    partial_cri_logtag_key logtag
    partial_cri_stream_key stream
    flush_interval 5
    timeout_label @lines
  </filter>
  <match kubernetes.**>
    @type relabel
    @label @lines
  </match>
</label>

<label @lines>
  <filter kubernetes.**>
    @type prometheus
    <metric>
      name fluentd_input_status_num_records_total
      type counter
      desc Lines read from containers.
    </metric>
  </filter>

  # Empty lines say nothing.
  <filter kubernetes.**>
    @type grep
    <exclude>
      key message
      pattern /^$/
    </exclude>
  </filter>

  # The id of a line is its content's: a line that is sent twice is kept once.
  <filter kubernetes.**>
    @type {{ $search }}_genid
    hash_id_key _hash
    hash_type sha1
    use_record_as_seed true
    use_entire_record true
    include_tag_in_seed true
    include_time_in_seed true
  </filter>

  <filter kubernetes.**>
    @type kubernetes_metadata
    skip_namespace_metadata true
    skip_master_url true
    skip_container_metadata false
    watch true
  </filter>

  # Lines in JSON, as daprd and our programs write them (time, level, msg, scope, type, instance, app_id, ver, trace_id,
  # span_id), get their fields under `log`; others stay as they are, and none is lost for not being JSON.
  <filter kubernetes.**>
    @type parser
    key_name message
    hash_value_field log
    reserve_data true
    reserve_time true
    remove_key_name_field false
    emit_invalid_record_to_error false
    <parse>
      @type json
      keep_time_key true
      time_type string
      time_format %iso8601
    </parse>
  </filter>

  <match kubernetes.**>
    @type {{ $search }}
    @id output
    hosts {{ include "dk.elasticsearch.url" . }}
    {{- if include "dk.elasticsearch.secret" . }}
    user "#{ENV['SEARCH_USER']}"
    password "#{ENV['SEARCH_PASSWORD']}"
    {{- end }}
    {{- if include "dk.elasticsearch.ca" . }}
    ca_file /ca/ca.crt
    {{- end }}
    ssl_verify true
    index_name dk-logs-{{ .Release.Namespace }}
    # A data stream takes new documents only; one that is there already is no error.
    write_operation create
    id_key _hash
    remove_keys _hash
    include_timestamp true
    suppress_type_name true
    {{- if eq $search "elasticsearch" }}
    verify_es_version_at_startup false
    default_elasticsearch_version 9
    log_es_400_reason true
    {{- else }}
    verify_os_version_at_startup false
    log_os_400_reason true
    {{- end }}
    reconnect_on_error true
    reload_on_failure true
    reload_connections false
    request_timeout 30s
    <buffer>
      @type file
      path /fluentd/state/buffer
      total_limit_size {{ .Values.buffer.totalLimitSize }}
      chunk_limit_size {{ .Values.buffer.chunkLimitSize }}
      flush_interval {{ .Values.buffer.flushInterval }}
      flush_thread_count {{ .Values.buffer.flushThreads }}
      retry_type exponential_backoff
      retry_max_interval 30s
      retry_timeout {{ .Values.buffer.retryTimeout }}
      overflow_action drop_oldest_chunk
    </buffer>
  </match>
</label>

# What was refused for good: the output has logged why; the line itself is let go.
<label @ERROR>
  <match **>
    @type null
  </match>
</label>
{{- end -}}

{{- /* The index template and, for Elasticsearch, the retention in it. Aliases are what other tools call the fields. */ -}}
{{- define "fluentd.indexTemplate" -}}
{{- $isOpenSearch := eq (include "dk.elasticsearch.flavour" .) "opensearch" -}}
{{- $any := ternary "flat_object" "flattened" $isOpenSearch -}}
index_patterns: ["dk-logs-*"]
data_stream: {}
priority: 200
template:
  settings:
    index:
      number_of_shards: 1
      number_of_replicas: {{ .Values.index.replicas }}
      mapping: {total_fields: {limit: 200}}
  {{- if not $isOpenSearch }}
  lifecycle: {data_retention: {{ .Values.index.retention }}}
  {{- end }}
  mappings:
    # What is not named here is kept and shown, but not indexed: no program can blow up the mapping.
    dynamic: false
    properties:
      "@timestamp": {type: date}
      message: {type: match_only_text}
      stream: {type: keyword}
      log:
        dynamic: false
        properties:
          time: {type: keyword}
          level: {type: keyword}
          msg: {type: match_only_text}
          scope: {type: keyword}
          type: {type: keyword}
          instance: {type: keyword}
          app_id: {type: keyword}
          ver: {type: keyword}
          role: {type: keyword}
          component: {type: keyword}
          trace_id: {type: keyword}
          span_id: {type: keyword}
      kubernetes:
        dynamic: false
        properties:
          namespace_name: {type: keyword}
          pod_name: {type: keyword}
          pod_id: {type: keyword}
          container_name: {type: keyword}
          container_image: {type: keyword}
          host: {type: keyword}
          # One field, whatever the labels are: "app" beside "app.kubernetes.io/name" is no conflict.
          labels: {type: {{ $any }}}
      service: {properties: {name: {type: alias, path: log.app_id}}}
      trace: {properties: {id: {type: alias, path: log.trace_id}}}
      span: {properties: {id: {type: alias, path: log.span_id}}}
{{- end -}}

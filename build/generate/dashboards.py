#!/usr/bin/env python3
"""Writes the Grafana dashboards of the chart: charts/dapr-kit/files/dashboards/*.json.

    build/generate/dashboards.py           writes them
    build/generate/dashboards.py --check   says which differ from what is committed, and fails

One table below says what each shows; JSON is what Grafana reads, and nobody should have to edit it. What
is the same everywhere (variables, sizes, units, links between dashboards) is said once.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "charts/dapr-kit/files/dashboards"
SCHEMA = 42  # of Grafana 13
WIDTH = 24
NS = 'namespace=~"$namespace"'
RATE = "[$__rate_interval]"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def rate(metric, by, *matchers):
    """Per second, summed by labels."""
    return f"sum by ({by}) (rate({metric}{{{','.join((NS,) + matchers)}}}{RATE}))"


def share(metric, by, bad, *matchers):
    """The rate of what is bad; 0 where there is traffic and none of it is bad, so that "no data" means no traffic."""
    return f"{rate(metric, by, bad, *matchers)} or {rate(metric, by, *matchers)} * 0"


def ratio(metric, by, bad, *matchers):
    return f"({share(metric, by, bad, *matchers)}) / {rate(metric, by, *matchers)}"


def quantile(q, histogram, by, *matchers):
    return f"histogram_quantile({q}, {rate(histogram + '_bucket', 'le, ' + by, *matchers)})"


def quantiles(histogram, by, legend, *matchers):
    return [(quantile(q, histogram, by, *matchers), f"p{int(q * 100)} {legend}") for q in (0.5, 0.95, 0.99)]


def now(metric, by, *matchers, how="sum"):
    return f"{how} by ({by}) ({metric}{{{','.join((NS,) + matchers)}}})"


def graph(title, queries, unit="short", width=12, help=""):
    return {"kind": "timeseries", "title": title, "queries": queries, "unit": unit, "width": width, "help": help}


def stat(title, queries, unit="short", width=4, help="", red=None, below=False):
    """One number. `red`: from where on it is bad; `below`: under it, instead of from it on."""
    return {"kind": "stat", "title": title, "queries": queries, "unit": unit, "width": width, "help": help,
            "red": red, "below": below}


def table(title, queries, width=12, help=""):
    return {"kind": "table", "title": title, "queries": queries, "unit": "short", "width": width, "help": help}


DASHBOARDS = [
    {
        "uid": "dapr-kit-overview", "file": "dapr-overview", "title": "Dapr overview",
        "help": "Whether the sidecars run, what they have loaded, who calls whom, and what they refuse.",
        "rows": [
            ("Now", [
                stat("Sidecars up", [(f'sum(up{{{NS},job=~".*dapr-sidecar"}})', "")], red=1, below=True),
                stat("Sidecars down", [(f'count(up{{{NS},job=~".*dapr-sidecar"}} == 0) or vector(0)', "")], red=1),
                stat("Components that failed to start", [
                    (f"sum(increase(dapr_runtime_component_init_fail_total{{{NS}}}[1h])) or vector(0)", "")], red=1,
                    help="In the last hour."),
                stat("Open circuits", [
                    (f'sum(dapr_resiliency_cb_state{{{NS},status="open"}}) or vector(0)', "")], red=1),
                stat("Calls blocked by access control", [
                    (f"sum(increase(dapr_runtime_acl_app_policy_action_blocked_total{{{NS}}}[1h])) or vector(0)", "")],
                    red=1, help="In the last hour."),
                stat("Issuer certificate expires in", [
                    ("min(dapr_sentry_issuercert_expiry_timestamp) - time()", "")], "s", red=604800, below=True),
            ]),
            ("Sidecars", [
                graph("Components loaded", [
                    (now("dapr_runtime_component_loaded", "app_id", how="min"), "{{app_id}}")]),
                graph("Uptime", [
                    (f'time() - min by (app_id) (process_start_time_seconds{{{NS},job=~".*dapr-sidecar"}})',
                     "{{app_id}}")], "s", help="Of the youngest sidecar of each application."),
                graph("Memory", [
                    (now("process_resident_memory_bytes", "app_id, pod", 'job=~".*dapr-sidecar"'),
                     "{{app_id}} {{pod}}")], "bytes"),
                graph("CPU", [(rate("process_cpu_seconds_total", "app_id, pod", 'job=~".*dapr-sidecar"'),
                               "{{app_id}} {{pod}}")], "percentunit"),
            ]),
            ("Invocation", [
                graph("Calls from sidecar to sidecar", [
                    (rate("dapr_runtime_service_invocation_req_sent_total", "app_id, dst_app_id"),
                     "{{app_id}} → {{dst_app_id}}")], "reqps"),
                graph("Answers by status", [
                    (rate("dapr_runtime_service_invocation_res_recv_total", "app_id, status"),
                     "{{app_id}} {{status}}")], "reqps"),
                graph("How long answers take", quantiles(
                    "dapr_runtime_service_invocation_res_recv_latency_ms", "app_id", "{{app_id}}"), "ms"),
                graph("HTTP requests to sidecars", [
                    (rate("dapr_http_server_request_count", "app_id, status"), "{{app_id}} {{status}}")], "reqps"),
                graph("gRPC calls of sidecars by outcome", [
                    (rate("dapr_grpc_io_client_completed_rpcs", "app_id, grpc_client_status"),
                     "{{app_id}} {{grpc_client_status}}")], "reqps",
                    help="To applications and to pluggable components."),
                graph("Error codes", [(rate("dapr_error_code_total", "app_id, error_code"),
                                       "{{app_id}} {{error_code}}")], help="Needs recordErrorCodes."),
            ]),
            ("Resiliency and the control plane", [
                graph("Policies that acted", [
                    (rate("dapr_resiliency_activations_total", "app_id, policy, target"),
                     "{{app_id}} {{policy}} {{target}}")]),
                graph("Injections", [
                    ("sum(rate(dapr_injector_sidecar_injection_requests_total[$__rate_interval]))", "asked"),
                    ("sum(rate(dapr_injector_sidecar_injection_succeeded_total[$__rate_interval]))", "done"),
                    ("sum by (reason) (rate(dapr_injector_sidecar_injection_failed_total[$__rate_interval]))",
                     "failed {{reason}}")]),
                graph("Certificates", [
                    (rate("dapr_runtime_mtls_workload_cert_rotated_total", "app_id"), "rotated {{app_id}}"),
                    (rate("dapr_runtime_mtls_workload_cert_rotated_fail_total", "app_id"), "failed {{app_id}}")]),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-state", "file": "state", "title": "State",
        "help": "State calls as daprd sees them, as our component sees them, and what lies between.",
        "rows": [
            ("As daprd sees them", [
                graph("Calls", [(rate("dapr_component_state_count", "app_id, component, operation"),
                                 "{{app_id}} {{component}} {{operation}}")], "reqps"),
                graph("Share that fails", [(ratio("dapr_component_state_count", "app_id, component, operation",
                                                  'success="false"'),
                                            "{{app_id}} {{component}} {{operation}}")], "percentunit"),
                graph("Duration", quantiles("dapr_component_state_latencies", "component, operation",
                                            "{{component}} {{operation}}"), "ms", 24),
            ]),
            ("As the component sees them", [
                graph("Requests", [(rate("dk_component_requests_total", "component, operation, code", 'kind="state"'),
                                    "{{component}} {{operation}} {{code}}")], "reqps"),
                graph("Duration", quantiles("dk_component_request_duration_seconds", "component, operation",
                                            "{{component}} {{operation}}", 'kind="state"'), "s"),
                graph("Mean time: daprd beside component", [
                    (f"{rate('dapr_component_state_latencies_sum', 'component')} / "
                     f"{rate('dapr_component_state_latencies_count', 'component')} / 1000", "daprd {{component}}"),
                    (f"{rate('dk_component_request_duration_seconds_sum', 'component', 'kind=' + chr(34) + 'state' + chr(34))} / "
                     f"{rate('dk_component_request_duration_seconds_count', 'component', 'kind=' + chr(34) + 'state' + chr(34))}",
                     "component {{component}}")], "s",
                    help="The difference is the socket and daprd's own work."),
                graph("Instances, and Inits that failed", [
                    (now("dk_component_instances", "component, kind"), "{{component}} {{kind}}"),
                    (f"sum by (component, kind) (increase(dk_component_init_total{{{NS},result=\"failed\"}}[5m]))",
                     "failed {{component}} {{kind}}")]),
            ]),
            ("Connections to the server behind", [
                graph("Connected", [(now("dk_backend_connected", "pod, backend", how="min"), "{{pod}} {{backend}}")],
                      help="0 is a component without its server."),
                graph("Commands under way, and calls that wait for a connection", [
                    (now("dk_backend_inflight", "pod, backend"), "under way {{pod}} {{backend}}"),
                    (now("dk_backend_waiting", "pod, backend"), "waiting {{pod}} {{backend}}")]),
                graph("Commands in one write", [
                    (f"{rate('dk_backend_write_commands_sum', 'pod, container')} / {rate('dk_backend_write_commands_count', 'pod, container')}",
                     "{{pod}} {{container}}")], help="The more, the less each costs the server."),
                graph("Reconnects and errors", [
                    (rate("dk_backend_reconnects_total", "pod, backend"), "reconnects {{pod}} {{backend}}"),
                    (rate("dk_backend_errors_total", "pod, backend, reason"), "{{reason}} {{pod}} {{backend}}")]),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-pubsub", "file": "pubsub", "title": "Pub/sub",
        "help": "Events on their way: published, delivered, sent back, dropped, waiting.",
        "rows": [
            ("Publishing", [
                graph("Events published", [(rate("dapr_component_pubsub_egress_count", "app_id, topic, success"),
                                            "{{app_id}} {{topic}} success={{success}}")], "reqps"),
                graph("Time to publish", quantiles("dapr_component_pubsub_egress_latencies", "app_id, topic",
                                                   "{{app_id}} {{topic}}"), "ms"),
                graph("Bulk publishing", [
                    (rate("dapr_component_pubsub_egress_bulk_event_count", "app_id, topic, success"),
                     "{{app_id}} {{topic}} success={{success}}")], "reqps"),
            ]),
            ("Delivery", [
                graph("Outcomes", [(rate("dapr_component_pubsub_ingress_count", "app_id, topic, process_status"),
                                    "{{app_id}} {{topic}} {{process_status}}")], "reqps"),
                graph("Share sent back", [(ratio("dapr_component_pubsub_ingress_count", "app_id, topic",
                                                 'process_status="retry"'), "{{app_id}} {{topic}}")], "percentunit"),
                graph("Time in the application", quantiles("dapr_component_pubsub_ingress_latencies", "app_id, topic",
                                                           "{{app_id}} {{topic}}"), "ms"),
                graph("Dropped", [(share("dapr_component_pubsub_ingress_count", "app_id, topic", 'process_status="drop"'),
                                   "{{app_id}} {{topic}}")],
                      help="To the dead letter topic where one is named, else gone."),
            ]),
            ("The component", [
                graph("Messages by result", [(rate("dk_pubsub_messages_total", "component, topic, result"),
                                              "{{component}} {{topic}} {{result}}")], "reqps"),
                graph("Not settled yet", [(now("dk_pubsub_inflight", "pod, topic"), "{{pod}} {{topic}}")],
                      help="At most --window-max for each subscription."),
                graph("Time to settle", quantiles("dk_pubsub_ack_duration_seconds", "topic", "{{topic}}"), "s"),
                graph("Delivered again", [(rate("dk_pubsub_redelivered_total", "topic"), "{{topic}}")], "reqps"),
                graph("Requests", [(rate("dk_component_requests_total", "component, operation, code", 'kind="pubsub"'),
                                    "{{component}} {{operation}} {{code}}")], "reqps"),
                graph("Duration", quantiles("dk_component_request_duration_seconds", "component, operation",
                                            "{{component}} {{operation}}", 'kind="pubsub"'), "s"),
            ]),
            ("Kafka", [
                graph("Lag", [(now("dk_kafka_consumer_lag", "group, topic, partition", how="max"),
                               "{{group}} {{topic}}/{{partition}}")]),
                graph("Partitions assigned and revoked", [(rate("dk_kafka_rebalances_total", "group, event"), "{{group}} {{event}}")]),
                graph("Brokers as clients see them", [(now("dk_kafka_brokers", "pod, link, state"), "{{pod}} {{link}} {{state}}")]),
                graph("Events that no broker has confirmed", [
                    (now("dk_backend_inflight", "pod, component", 'backend="kafka"'), "{{pod}} {{component}}")]),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-application", "file": "application", "title": "Application",
        "help": "Each role: rate, errors, duration; what is in flight; what the process uses.",
        "rows": [
            ("Requests", [
                graph("Rate", [(rate("dk_app_requests_total", "role, method"), "{{role}} {{method}}")], "reqps"),
                graph("Errors by code", [(rate("dk_app_requests_total", "role, code", 'code!="OK"'),
                                          "{{role}} {{code}}")], "reqps"),
                graph("Duration", quantiles("dk_app_request_duration_seconds", "role", "{{role}}"), "s"),
                graph("Slowest methods, p99", [
                    (f"topk(10, {quantile(0.99, 'dk_app_request_duration_seconds', 'role, method')})",
                     "{{role}} {{method}}")], "s"),
            ]),
            ("Work", [
                graph("At work", [(now("dk_app_inflight", "role, pod"), "{{role}} {{pod}}")]),
                graph("Waiting for a worker", [(now("dk_task_queue_depth", "role, pod"), "{{role}} {{pod}}")]),
                graph("The application's own tasks", [(rate("dk_task_duration_seconds_count", "role, task, code"),
                                                       "{{role}} {{task}} {{code}}")], "ops"),
                graph("How long tasks take", quantiles("dk_task_duration_seconds", "role, task", "{{role}} {{task}}"), "s"),
            ]),
            ("Documents and what is computed of them", [
                graph("Changes", [(rate("dk_document_changes_total", "change, result"), "{{change}} {{result}}")], "ops"),
                graph("Slots of the journal in use", [(now("dk_document_journal_backlog", "pod"), "{{pod}}")],
                      help="Changes under way, or whose event is not told yet; 1024 are all."),
                graph("From a change to its event", [
                    (f"histogram_quantile({q}, {rate('dk_document_event_delay_seconds_bucket', 'le')})", f"p{int(q * 100)}")
                    for q in (0.5, 0.95, 0.99)], "s"),
                graph("Events and annotations", [
                    (rate("dk_document_events_total", "result"), "events {{result}}"),
                    (rate("dk_document_annotations_total", "result"), "annotations {{result}}")], "ops"),
                graph("Time of functions", quantiles("dk_compute_function_seconds", "function", "{{function}}"), "s"),
                graph("Results and failures", [
                    (rate("dk_compute_results_total", "function, source"), "{{function}} {{source}}"),
                    (rate("dk_compute_failures_total", "function, reason"), "failed {{function}} {{reason}}")], "ops"),
            ]),
            ("Connections", [
                graph("Connections and streams", [
                    (now("dk_grpc_connections", "pod, container"), "connections {{pod}} {{container}}"),
                    (now("dk_grpc_streams", "pod, container"), "streams {{pod}} {{container}}")]),
                graph("Streams reset, and connections that took no more", [
                    (rate("dk_grpc_rst_total", "pod, container, by"), "reset by {{by}} {{pod}} {{container}}"),
                    (rate("dk_grpc_flow_control_stall_seconds_total", "pod, container"), "stalled {{pod}} {{container}}")]),
                graph("Label sets refused by a bound", [
                    (rate("dk_metrics_series_refused_total", "pod, container"), "{{pod}} {{container}}")],
                    help="Above 0, some series of this program are counted as one, named other."),
                graph("Log lines", [(rate("dk_log_lines_total", "container, level"), "{{container}} {{level}}")]),
            ]),
            ("Process", [
                graph("Memory", [(now("process_resident_memory_bytes", "pod, container", 'job!~".*dapr-sidecar"'),
                                  "{{pod}} {{container}}")], "bytes", 8),
                graph("CPU", [(rate("process_cpu_seconds_total", "pod, container", 'job!~".*dapr-sidecar"'),
                               "{{pod}} {{container}}")], "percentunit", 8),
                graph("Open files", [(now("process_open_fds", "pod, container", 'job!~".*dapr-sidecar"'),
                                      "{{pod}} {{container}}")], "short", 8),
                table("Versions", [(now("dk_build_info", "pod, container, binary, version, commit", how="max"), "")], 24),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-backing", "file": "backing-stores", "title": "Backing stores",
        "help": "Redis and Kafka: alive, full, busy; from their exporters, and from our side of the connection.",
        "rows": [
            ("Redis", [
                stat("Up", [(f"min(redis_up{{{NS}}})", "")], red=1, below=True, width=6),
                stat("Keys evicted", [(f"sum(increase(redis_evicted_keys_total{{{NS}}}[1h])) or vector(0)", "")], red=1,
                     width=6, help="In the last hour. For a state store each is lost data."),
                stat("Memory used", [(f"max(redis_memory_used_bytes{{{NS}}} / (redis_memory_max_bytes{{{NS}}} > 0))", "")],
                     "percentunit", red=0.9, width=6),
                stat("Connections refused", [
                    (f"sum(increase(redis_rejected_connections_total{{{NS}}}[1h])) or vector(0)", "")], red=1, width=6),
                graph("Commands", [(rate("redis_commands_processed_total", "pod"), "{{pod}}")], "ops"),
                graph("Memory", [(now("redis_memory_used_bytes", "pod"), "used {{pod}}"),
                                 (now("redis_memory_max_bytes", "pod"), "limit {{pod}}")], "bytes"),
                graph("Clients", [(now("redis_connected_clients", "pod"), "{{pod}}")]),
                graph("Keys", [(now("redis_db_keys", "pod, db"), "{{pod}} {{db}}")]),
            ]),
            ("Kafka", [
                graph("Brokers", [(f"max(kafka_brokers{{{NS}}})", "brokers")], width=8),
                graph("Under-replicated partitions", [
                    (now("kafka_topic_partition_under_replicated_partition", "topic"), "{{topic}}")], width=8),
                graph("Lag by group", [(now("kafka_consumergroup_lag_sum", "consumergroup, topic"),
                                        "{{consumergroup}} {{topic}}")], width=8),
                graph("Events written", [
                    (rate("kafka_topic_partition_current_offset", "topic"), "{{topic}}")], "reqps", 24),
            ]),
            ("Our side", [
                graph("Connections", [(now("dk_backend_connections", "pod, backend, link"), "{{pod}} {{backend}} {{link}}")]),
                graph("Bytes that a server has not taken", [(now("dk_backend_queue_bytes", "pod, backend"), "{{pod}} {{backend}}")],
                      "bytes"),
                graph("Errors", [(rate("dk_backend_errors_total", "backend, reason"), "{{backend}} {{reason}}")]),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-gateway", "file": "gateway", "title": "Gateway",
        "help": "Traefik and the sidecar beside it: what comes in, what goes out, and how long it takes.",
        "rows": [
            ("Entry points", [
                graph("Requests", [(rate("traefik_entrypoint_requests_total", "entrypoint, code, protocol"),
                                    "{{entrypoint}} {{protocol}} {{code}}")], "reqps"),
                graph("Share answered with a server's error", [
                    (ratio("traefik_entrypoint_requests_total", "entrypoint", 'code=~"5.."'), "{{entrypoint}}")],
                    "percentunit"),
                graph("Duration", quantiles("traefik_entrypoint_request_duration_seconds", "entrypoint",
                                            "{{entrypoint}}"), "s"),
                graph("Open connections", [(now("traefik_open_connections", "entrypoint, protocol"),
                                            "{{entrypoint}} {{protocol}}")]),
            ]),
            ("Services behind", [
                graph("Requests", [(rate("traefik_service_requests_total", "exported_service, service, code"),
                                    "{{exported_service}}{{service}} {{code}}")], "reqps"),
                graph("Duration", quantiles("traefik_service_request_duration_seconds", "exported_service, service",
                                            "{{exported_service}}{{service}}"), "s"),
                graph("Invocations of the gateway's sidecar", [
                    (rate("dapr_runtime_service_invocation_req_sent_total", "dst_app_id", 'app_id="gateway"'),
                     "{{dst_app_id}}")], "reqps"),
                stat("TLS certificate expires in", [
                    (f"min(traefik_tls_certs_not_after{{{NS}}}) - time()", "")], "s", red=604800, below=True, width=12),
            ]),
        ],
    },
    {
        "uid": "dapr-kit-logging", "file": "logging", "title": "Logging",
        "help": "The way of a log line: written, read by Fluentd, buffered, delivered.",
        "rows": [
            ("Written", [
                graph("Lines of our programs", [(rate("dk_log_lines_total", "container, level"),
                                                 "{{container}} {{level}}")], "short", 24),
            ]),
            ("Fluentd", [
                graph("Records read", [(rate("fluentd_input_status_num_records_total", "pod"), "{{pod}}")]),
                graph("Records given to the output", [
                    (f"sum by (pod) (deriv(fluentd_output_status_emit_records{{{NS}}}{RATE}))", "{{pod}}")]),
                graph("Buffered", [(now("fluentd_output_status_buffer_total_bytes", "pod"), "{{pod}}")], "bytes"),
                graph("Chunks waiting", [(now("fluentd_output_status_buffer_queue_length", "pod"), "{{pod}}")]),
                graph("Retries", [(now("fluentd_output_status_retry_count", "pod"), "{{pod}}")]),
                graph("Errors", [(f"sum by (pod, plugin_id) (increase(fluentd_output_status_num_errors{{{NS}}}[5m]))",
                                  "{{pod}} {{plugin_id}}")]),
            ]),
            ("Traces on their way", [
                graph("Spans taken and refused by the collector", [
                    (rate("otelcol_receiver_accepted_spans", "receiver"), "taken {{receiver}}"),
                    (rate("otelcol_receiver_refused_spans", "receiver"), "refused {{receiver}}"),
                    (rate("otelcol_exporter_send_failed_spans", "exporter"), "failed {{exporter}}")]),
            ]),
        ],
    },
]


def target(index, expression, legend, is_table):
    made = {"refId": "ABCDEFGHIJ"[index], "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
    if is_table:
        made |= {"format": "table", "instant": True}
    return made


def panel(number, said, x, y, height):
    kind = said["kind"]
    defaults = {"unit": said["unit"]}
    options = {}
    if kind == "timeseries":
        defaults |= {"min": 0, "custom": {"fillOpacity": 10, "lineWidth": 1, "showPoints": "never"}}
        options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
                   "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
        bad, good = ("red", "green") if said["below"] else ("green", "red")
        defaults["thresholds"] = {"mode": "absolute", "steps": [
            {"color": bad, "value": None}, {"color": good, "value": said["red"]}]}
    return {"id": number, "type": kind, "title": said["title"], "description": said["help"],
            "datasource": DATASOURCE, "gridPos": {"x": x, "y": y, "w": said["width"], "h": height},
            "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options,
            "targets": [target(i, e, l, kind == "table") for i, (e, l) in enumerate(said["queries"])]}


def panels(rows):
    made, y = [], 0
    for title, said in rows:
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                     "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        x, y, line = 0, y + 1, 0
        for one in said:
            height = 4 if one["kind"] == "stat" else 8
            if x + one["width"] > WIDTH:
                x, y, line = 0, y + line, 0
            made.append(panel(len(made) + 1, one, x, y, height))
            x, line = x + one["width"], max(line, height)
        y += line
    return made


def variables():
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1,
         "hide": 0, "includeAll": False, "multi": False},
        {"name": "namespace", "label": "Namespace", "type": "query", "datasource": DATASOURCE, "refresh": 2, "sort": 1,
         "query": {"query": "label_values(up, namespace)", "refId": "namespace"}, "definition": "label_values(up, namespace)",
         "includeAll": True, "multi": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}},
    ]


def dashboard(said):
    return {
        "uid": said["uid"], "title": said["title"], "description": said["help"], "tags": ["dapr-kit"],
        "schemaVersion": SCHEMA, "version": 1, "editable": True, "graphTooltip": 1, "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"}, "timezone": "browser", "fiscalYearStartMonth": 0,
        "links": [{"type": "dashboards", "title": "dapr-kit", "tags": ["dapr-kit"], "asDropdown": True,
                   "includeVars": True, "keepTime": True, "icon": "external link"}],
        "annotations": {"list": []}, "templating": {"list": variables()}, "panels": panels(said["rows"]),
    }


def main():
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for said in DASHBOARDS:
        path = FOLDER / f"{said['file']}.json"
        text = json.dumps(dashboard(said), indent=1, ensure_ascii=False) + "\n"
        if sys.argv[1:] == ["--check"]:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"dashboards.py: {', '.join(stale)} differ from what the script writes; run it without --check")


if __name__ == "__main__":
    main()

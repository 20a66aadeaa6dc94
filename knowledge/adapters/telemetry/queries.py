"""What is asked of a Prometheus when the file does not say otherwise: signals of exporters that are
widely used, by the names of metrics and labels that their projects document.

Each query gives one value for a service. Where several exporters know a signal, the first of them
that has the service answers (PromQL's `or`).
"""

from collections.abc import Mapping, Sequence

_PODS = r"$service-([bcdfghjklmnpqrstvwxz2456789]{6,10}-)?[a-z0-9]{5}|$service-[0-9]+"
"""Pods of a Deployment or DaemonSet (their hashes are written without vowels) or StatefulSet."""


def _share(metric: str, labels: str, bad: str) -> str:
    """Failed of all, 0-1; 0 where nothing failed, so that there is a series at all."""
    failed = f"sum(rate({metric}{{{labels},{bad}}}[$window]))"
    every = f"sum(rate({metric}{{{labels}}}[$window]))"
    return f"({failed} or {every} * 0) / {every}"


def _rate(metric: str, labels: str) -> str:
    return f"sum(rate({metric}{{{labels}}}[$window]))"


def _p95(metric: str, labels: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket{{{labels}}}[$window])))"


_ISTIO = 'destination_canonical_service="$service",reporter=~"destination|waypoint"'
_LINKERD = 'deployment="$service",direction="inbound"'
_OTEL = 'service_name="$service"'
_PLAIN = 'service="$service"'
_CONTAINERS = f'pod=~"{_PODS}",container!="",container!="POD"'
_DCGM = f'exported_pod=~"{_PODS}"'
_DCGM_PLAIN = f'pod=~"{_PODS}"'

PRESETS: Mapping[str, Mapping[str, str]] = {
    "istio": {
        "latency_p95": _p95("istio_request_duration_milliseconds", _ISTIO) + " / 1000",
        "error_rate": _share("istio_requests_total", _ISTIO, 'response_code=~"5.."'),
        "requests": _rate("istio_requests_total", _ISTIO),
    },
    "linkerd": {
        "latency_p95": _p95("response_latency_ms", _LINKERD) + " / 1000",
        "error_rate": _share("response_total", _LINKERD, 'classification="failure"'),
        "requests": _rate("request_total", _LINKERD),
    },
    "opentelemetry": {
        "latency_p95": _p95("http_server_request_duration_seconds", _OTEL),
        "error_rate": _share(
            "http_server_request_duration_seconds_count",
            _OTEL,
            'http_response_status_code=~"5.."',
        ),
        "requests": _rate("http_server_request_duration_seconds_count", _OTEL),
    },
    "http": {
        "latency_p95": _p95("http_request_duration_seconds", _PLAIN),
        "error_rate": _share("http_requests_total", _PLAIN, 'code=~"5.."'),
        "requests": _rate("http_requests_total", _PLAIN),
    },
    "kubernetes": {
        "cpu": _rate("container_cpu_usage_seconds_total", _CONTAINERS),
        "memory": f"sum(container_memory_working_set_bytes{{{_CONTAINERS}}})",
        "cpu_limited": _rate("container_cpu_cfs_throttled_periods_total", _CONTAINERS)
        + " / "
        + _rate("container_cpu_cfs_periods_total", _CONTAINERS),
        "restarts": "sum(increase("
        f'kube_pod_container_status_restarts_total{{pod=~"{_PODS}"}}[$window]))',
        "unavailable": 'sum(kube_deployment_status_replicas_unavailable{deployment="$service"})',
    },
    "dcgm": {
        "gpu": f"avg(DCGM_FI_DEV_GPU_UTIL{{{_DCGM}}} or DCGM_FI_DEV_GPU_UTIL{{{_DCGM_PLAIN}}})"
        " / 100",
        "gpu_memory": f"sum(DCGM_FI_DEV_FB_USED{{{_DCGM}}} or DCGM_FI_DEV_FB_USED{{{_DCGM_PLAIN}}})"
        " * 1048576",
    },
    "queues": {
        "queue": 'sum(kafka_consumergroup_lag{consumergroup="$service"})'
        ' or sum(rabbitmq_queue_messages_ready{queue="$service"})'
        ' or sum({__name__="vllm:num_requests_waiting",service="$service"})',
    },
}
"""Exporter -> signal -> query. Units: seconds, shares 0-1, requests a second, cores, bytes."""


def queries_of(presets: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Signal -> query; `own` go before those of presets, and an empty one takes a signal away."""
    found: dict[str, list[str]] = {}
    for preset in presets:
        for signal, query in PRESETS[preset].items():
            found.setdefault(signal, []).append(query)
    joined = {signal: _joined(queries) for signal, queries in found.items()}
    return {signal: query for signal, query in {**joined, **own}.items() if query}


def _joined(queries: Sequence[str]) -> str:
    return queries[0] if len(queries) == 1 else " or ".join(f"({query})" for query in queries)

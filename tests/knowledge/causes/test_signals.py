"""Names as real systems have them."""

import pytest

from knowledge.causes.signals import Bad, Family, read_signal


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("latency_p95", Family.LATENCY),
        ("http_server_request_duration_seconds", Family.LATENCY),
        ("ResponseTime(ms)", Family.LATENCY),
        ("PodClientLatencyP90(s)", Family.CALLING),
        ("EdgeLatencyP50.source.from.frontend", Family.CALLED),
        ("EdgeLatencyP50.destination.from.cpu-service", Family.LATENCY),
        ("availability.Average", Family.SUCCESS),
        ("PodSuccessRate(%)", Family.SUCCESS),
        ("http_5xx_rate", Family.ERRORS),
        ("request_errors", Family.ERRORS),
        ("PodWorkload(Ops)", Family.TRAFFIC),
        ("requests.Sum", Family.TRAFFIC),
        ("cpu_throttled_seconds", Family.CPU),
        ("gpu_memory", Family.GPU),
        ("MemoryUsage(Mi)", Family.MEMORY),
        ("kafka_consumer_lag", Family.QUEUE),
        ("pod_restarts", Family.RESTARTS),
        ("NetworkReceiveBytes", Family.NETWORK),
        ("SyscallRead", Family.DISK),
        ("NodeCpuUsageRate(%)", Family.HOST),
        ("temperature", Family.OTHER),
    ],
)
def test_the_family_of_a_name(name: str, family: Family) -> None:
    assert read_signal(name).family is family


def test_directions() -> None:
    names = ("latency_p95", "success_rate", "requests")
    assert [read_signal(name).bad for name in names] == [Bad.UP, Bad.DOWN, Bad.BOTH]


@pytest.mark.parametrize(
    ("name", "mean", "quantile", "total", "share", "unit"),
    [
        ("latency.Average", True, None, False, False, "s"),
        ("latency.p99", False, 0.99, False, False, "s"),
        ("EdgeLatencyP50.source.from.web", False, 0.5, False, False, "s"),
        ("request_duration_ms_median", False, 0.5, False, False, "ms"),
        ("requests.Sum", False, None, True, False, ""),
        ("error_rate", False, None, False, True, ""),
        ("errors", False, None, False, False, ""),
        ("PodSuccessRate(%)", False, None, False, True, "%"),
    ],
)
def test_what_else_a_name_tells(
    name: str, mean: bool, quantile: float | None, total: bool, share: bool, unit: str
) -> None:
    signal = read_signal(name)
    told = (signal.mean, signal.quantile, signal.total, signal.share, signal.unit)
    assert told == (mean, quantile, total, share, unit)

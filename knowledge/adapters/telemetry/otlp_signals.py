"""Signals of a service from points of OpenTelemetry metrics, by its semantic conventions.

Pure: points in, series out. A value stands at the end of the step that it was counted in.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.telemetry.otlp import Point
from knowledge.records import Series

_DURATIONS = (
    "http.server.request.duration",
    "http.server.duration",
    "rpc.server.call.duration",
    "rpc.server.duration",
)
"""Histograms of what is served, in the order in which they are preferred."""
_LEVELS: Mapping[str, tuple[tuple[str, ...], Callable[[Sequence[float]], float]]] = {
    "cpu": (("container.cpu.usage", "k8s.pod.cpu.usage", "process.cpu.utilization"), sum),
    "memory": (
        (
            "container.memory.working_set",
            "k8s.pod.memory.working_set",
            "container.memory.usage",
            "process.memory.usage",
        ),
        sum,
    ),
    "gpu": (("hw.gpu.utilization",), lambda values: sum(values) / len(values)),
    "gpu_memory": (("hw.gpu.memory.usage",), sum),
    "queue": (("kafka.consumer_group.lag", "vllm:num_requests_waiting"), sum),
}
"""Signal -> metrics that say how much there is, and how those of several pods are joined."""
_TIMES = ("process.cpu.time", "container.cpu.time")
"""Counters of seconds of processor time."""
Buckets = NDArray[np.float64]
"""How many fell into each bucket, shape (buckets,)."""
_STATUS = ("http.response.status_code", "http.status_code")


def signals_of(points: Iterable[Point], start: float, end: float, step: float) -> dict[str, Series]:
    """Of one service's points; times in epoch seconds. Points from before `start` are what the
    first increases are counted from."""
    by_metric: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_metric[point.metric].append(point)
    found = _of_requests(by_metric, start, end, step)
    for signal, (metrics, join) in _LEVELS.items():
        known = next((by_metric[m] for m in metrics if m in by_metric), [])
        found[signal] = _levels(known, join, start, end, step)
    if not len(found["cpu"].times):
        known = next((by_metric[m] for m in _TIMES if m in by_metric), [])
        found["cpu"] = _rates(known, start, end, step)
    return {signal: series for signal, series in found.items() if len(series.times)}


def quantile(q: float, bounds: Sequence[float], buckets: Sequence[float]) -> float:
    """By linear interpolation within the bucket, as PromQL's `histogram_quantile` does: `bounds`
    are upper ones, of all buckets but the last. NaN where nothing was counted."""
    total = sum(buckets)
    if total <= 0 or not bounds:
        return float("nan")
    wanted, below = q * total, 0.0
    for number, count in enumerate(buckets):
        if below + count >= wanted and count > 0:
            if number >= len(bounds):
                return bounds[-1]
            low = bounds[number - 1] if number else 0.0
            return low + (bounds[number] - low) * (wanted - below) / count
        below += count
    return bounds[-1]


def _of_requests(
    by_metric: Mapping[str, Sequence[Point]], start: float, end: float, step: float
) -> dict[str, Series]:
    known = next((by_metric[m] for m in _DURATIONS if m in by_metric), ())
    counts: dict[int, float] = defaultdict(float)
    failures: dict[int, float] = defaultdict(float)
    buckets: dict[int, Buckets] = {}
    bounds: tuple[float, ...] = ()
    for point, count, more in _increases(known):
        number = _step(point.at, start, end, step)
        if number is None:
            continue
        counts[number] += count
        failures[number] += count if _failed(point.labels) else 0.0
        bounds = bounds or point.bounds
        if point.bounds == bounds:
            before = buckets.get(number)
            buckets[number] = more if before is None else before + more
    seconds = 1000.0 if known and known[0].unit == "ms" else 1.0
    p95 = {n: quantile(0.95, bounds, list(more)) / seconds for n, more in buckets.items()}
    share = {n: failures[n] / counts[n] for n in counts if counts[n] > 0}
    return {
        "latency_p95": _series({n: v for n, v in p95.items() if not np.isnan(v)}, start, step),
        "error_rate": _series(share, start, step),
        "requests": _series({n: count / step for n, count in counts.items()}, start, step),
    }


def _increases(points: Iterable[Point]) -> Iterator[tuple[Point, float, Buckets]]:
    """What came on top since the point before of the same labels: how many, and in which bucket.
    After a restart the count begins anew."""
    for one in _by_labels(points):
        before: Point | None = None
        for point in one:
            buckets = np.asarray(point.buckets, dtype=np.float64)
            began_anew = before is not None and point.count < before.count
            if point.is_delta or began_anew:
                yield point, point.count, buckets
            elif before is not None and before.bounds == point.bounds:
                more = buckets - np.asarray(before.buckets, dtype=np.float64)
                yield point, point.count - before.count, more
            before = point


def _levels(
    points: Iterable[Point],
    join: Callable[[Sequence[float]], float],
    start: float,
    end: float,
    step: float,
) -> Series:
    """The last value of each instance in each step, joined over instances."""
    values: dict[int, list[float]] = defaultdict(list)
    for one in _by_labels(points):
        last = {_step(point.at, start, end, step): point.value for point in one}
        for number, value in last.items():
            if number is not None:
                values[number].append(value)
    return _series({number: join(several) for number, several in values.items()}, start, step)


def _rates(points: Iterable[Point], start: float, end: float, step: float) -> Series:
    """Increases of counters by the second, summed over instances."""
    sums: dict[int, float] = defaultdict(float)
    for one in _by_labels(points):
        before: Point | None = None
        for point in one:
            number = _step(point.at, start, end, step)
            if number is not None and (point.is_delta or before is not None):
                gone = 0.0 if point.is_delta or before is None else before.value
                more = point.value - gone
                sums[number] += more if more >= 0 else point.value
            before = point
    return _series({number: total / step for number, total in sums.items()}, start, step)


def _by_labels(points: Iterable[Point]) -> list[list[Point]]:
    """Points of one series together, in the order of time."""
    groups: dict[tuple[tuple[str, str], ...], list[Point]] = defaultdict(list)
    for point in points:
        groups[tuple(sorted(point.labels.items()))].append(point)
    return [sorted(group, key=lambda point: point.at) for group in groups.values()]


def _failed(labels: Mapping[str, str]) -> bool:
    status = next((labels[name] for name in _STATUS if labels.get(name)), "")
    if status:
        return status.startswith("5")
    return bool(labels.get("error.type")) or labels.get("rpc.grpc.status_code", "0") != "0"


def _step(at: float, start: float, end: float, step: float) -> int | None:
    return int((at - start) // step) if start <= at < end else None


def _series(values: Mapping[int, float], start: float, step: float) -> Series:
    numbers = sorted(values)
    times = np.array([start + (number + 1) * step for number in numbers], dtype=np.float64)
    return Series({}, times, np.array([values[n] for n in numbers], dtype=np.float64))

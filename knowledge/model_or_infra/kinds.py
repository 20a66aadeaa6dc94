"""Pure: what a signal measures, by the words of its name.

Names come from everywhere: telemetry ("latency_p95", "gpu_memory"), alerts ("GpuClockThrottled"),
monitors ("orders"), columns of a file. The first rule whose words are in the name holds; a name
that none knows measures nothing that is weighed.
"""

import re

from knowledge.model_or_infra.evidence import Bad, Kind
from knowledge.performance.measures import LOWER_IS_BETTER

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

_WORDS: tuple[tuple[Kind, Bad, str], ...] = (
    (Kind.FALLBACK, Bad.UP, "fallback fallbacks default defaults"),
    (Kind.PREDICTIONS, Bad.UP, "prediction predictions scores"),
    (Kind.QUALITY, Bad.UP, "missing null nulls nan schema quality invalid"),
    (Kind.INPUTS, Bad.UP, "drift inputs features psi"),
    (Kind.FRESHNESS, Bad.UP, "freshness stale staleness age lag late"),
    (Kind.QUEUE, Bad.UP, "queue queued backlog pending waiting inflight"),
    (Kind.GPU, Bad.DOWN, "clock sm_clock"),
    (Kind.GPU, Bad.UP, "throttle throttled throttling temp temperature xid ecc"),
    (Kind.GPU_LOAD, Bad.UP, "gpu"),
    (Kind.MEMORY, Bad.UP, "memory mem rss heap oom"),
    (Kind.CPU, Bad.UP, "cpu load saturation utilisation utilization busy"),
    (Kind.ERRORS, Bad.UP, "error errors 5xx failures failed failing availability budget timeouts"),
    (Kind.LATENCY, Bad.UP, "latency duration p50 p90 p95 p99 slow response seconds"),
    (Kind.VOLUME, Bad.EITHER, "requests volume rps qps throughput traffic calls rate"),
    (
        Kind.BUSINESS,
        Bad.DOWN,
        "business orders revenue conversion conversions bookings sales signups clicks ctr gmv kpi",
    ),
)
_PERFORMANCE = ("accuracy", "auc", "f1", "precision", "recall", "r2", *LOWER_IS_BETTER)
_GPU_MEMORY = (Kind.MEMORY, Bad.UP)


def kind_of(name: str) -> tuple[Kind, Bad] | None:
    """What it measures and which way is worse; None where its name does not say.

    >>> kind_of("GpuClockThrottled"), kind_of("latency_p95"), kind_of("realised rmse")
    ((<Kind.GPU: 'gpu'>, <Bad.DOWN: 'down'>), (<Kind.LATENCY: 'latency'>, <Bad.UP: 'up'>), (<Kind.REALISED: 'realised'>, <Bad.UP: 'up'>))
    """  # noqa: E501
    words = [word.lower() for word in _HUMPS.split(name) if word]
    if (performance := _performance(words)) is not None:
        return performance
    if "gpu" in words and {"memory", "mem"} & set(words):
        return _GPU_MEMORY
    for kind, bad, known in _WORDS:
        if set(known.split()) & set(words):
            return kind, bad
    return None


def _performance(words: list[str]) -> tuple[Kind, Bad] | None:
    """ "realised auc", "estimated rmse", "accuracy", "performance"."""
    text = " ".join(words)
    measure = next((m for m in _PERFORMANCE if re.search(rf"\b{m}\b", text)), "")
    if not measure and "performance" not in words:
        return None
    kind = Kind.ESTIMATED if "estimated" in words or "estimate" in words else Kind.REALISED
    return kind, Bad.UP if measure in LOWER_IS_BETTER else Bad.DOWN


def unit_of(kind: Kind, values_most: float) -> str:
    """The unit that its name usually means, as far as its values fit: shares up to 1 are shown as
    percentages, latencies below 1,000 as seconds."""
    shares = (Kind.ERRORS, Kind.FALLBACK, Kind.CPU, Kind.GPU_LOAD, Kind.MEMORY, Kind.QUALITY)
    if kind in shares and values_most <= 1.5:
        return "%"
    if kind in (Kind.LATENCY, Kind.NEIGHBOURS) and values_most < 100:
        return "s"
    return ""

"""What a signal measures, told from its name: in no system are they called the same."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise


class Family(StrEnum):
    """Signals of one family are evidence of one thing, and are weighed once."""

    LATENCY = "latency"
    CALLED = "latency as callers see it"
    CALLING = "latency of its calls to others"
    SUCCESS = "success"
    ERRORS = "errors"
    TRAFFIC = "traffic"
    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"
    QUEUE = "queue"
    RESTARTS = "restarts"
    NETWORK = "network"
    DISK = "disk"
    HOST = "host"
    OTHER = "other"


class Bad(StrEnum):
    """The direction that is worth a look."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True)
class Signal:
    """A name, understood."""

    name: str
    family: Family
    bad: Bad
    mean: bool = False
    """It is an average, which can be multiplied by a number of requests."""
    quantile: float | None = None
    """It is this quantile, 0-1: 0.95 of a p95."""
    total: bool = False
    """It counts what fell into one row, rather than a rate per second."""
    share: bool = False
    """It is a share of requests: 0-1, or percent."""
    unit: str = ""
    """ "s", "ms", "%" or empty."""


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_UNIT = re.compile(
    r"\((%|s|ms|us|ops|m|mi)\)|_(seconds|milliseconds|percent|ms)(?=_|\b)", re.IGNORECASE
)
_UNITS = {"seconds": "s", "milliseconds": "ms", "percent": "%"}

# The first family with a word in the name has it: "gpu_memory" is the GPU's, and "queue_latency"
# the queue's.
_FAMILIES: tuple[tuple[Family, frozenset[str]], ...] = (
    (Family.GPU, frozenset({"gpu", "vram", "cuda"})),
    (Family.RESTARTS, frozenset({"restart", "restarts", "oom", "crashes"})),
    (Family.QUEUE, frozenset({"queue", "queued", "lag", "backlog", "pending", "saturation"})),
    (Family.LATENCY, frozenset({"latency", "duration", "rtt", "elapsed", "ttfb"})),
    (Family.SUCCESS, frozenset({"success", "availability", "successes", "uptime"})),
    (
        Family.ERRORS,
        frozenset({"error", "errors", "fail", "failed", "failure", "failures", "xx", "exceptions"})
        | frozenset({"timeout", "timeouts", "faults", "fault", "rejected"}),
    ),
    (
        Family.TRAFFIC,
        frozenset({"request", "requests", "workload", "rps", "qps", "ops", "throughput", "calls"})
        | frozenset({"invocations", "traffic", "hits", "queries"}),
    ),
    (Family.CPU, frozenset({"cpu", "throttling", "throttled", "load"})),
    (Family.MEMORY, frozenset({"memory", "mem", "heap", "rss"})),
    (
        Family.NETWORK,
        frozenset({"network", "net", "receive", "transmit", "packets", "retransmits"}),
    ),
    (Family.DISK, frozenset({"disk", "syscall", "iops", "io", "fs", "filesystem", "inodes"})),
)
_BAD = {
    Family.SUCCESS: Bad.DOWN,
    Family.TRAFFIC: Bad.BOTH,
    Family.NETWORK: Bad.BOTH,
    Family.DISK: Bad.BOTH,
    Family.OTHER: Bad.BOTH,
}
_MEANS = frozenset({"average", "avg", "mean"})
_TOTALS = frozenset({"sum", "count"})
_SHARES = frozenset({"rate", "ratio", "share", "percent"})
_OUTWARD = frozenset({"client", "outbound", "upstream", "egress"})
_HOSTS = frozenset({"node", "host", "machine"})


@lru_cache(maxsize=10_000)
def read_signal(name: str) -> Signal:
    """Understand a name: "latency.p95", "PodCpuUsage(%)", "http_error_rate" ...

    What follows ".from." names a caller, and says nothing of what is measured.
    """
    measured, _, caller = name.partition(".from.")
    words = [word.lower() for word in _WORDS.findall(measured)]
    family = _family(words, seen_by_caller=bool(caller) and "destination" not in words)
    unit = _UNIT.search(measured)
    spelt = next((part for part in unit.groups() if part), "").lower() if unit else ""
    return Signal(
        name,
        family,
        _BAD.get(family, Bad.UP),
        mean=bool(_MEANS.intersection(words)),
        quantile=_quantile(words),
        total=bool(_TOTALS.intersection(words)),
        share=_is_share(family, words, spelt),
        unit=_UNITS.get(spelt, spelt) or ("s" if _timed(family) else ""),
    )


def _family(words: list[str], seen_by_caller: bool) -> Family:
    known = set(words)
    if known & _HOSTS:
        return Family.HOST
    if {"response", "time"} <= known:
        known.add("latency")
    family = next((family for family, names in _FAMILIES if known & names), Family.OTHER)
    if family is Family.LATENCY and seen_by_caller:
        return Family.CALLED
    if family is Family.LATENCY and known & _OUTWARD:
        return Family.CALLING
    return family


def _quantile(words: list[str]) -> float | None:
    if "median" in words:
        return 0.5
    digits = next((b for a, b in pairwise(words) if a in ("p", "quantile") and b.isdigit()), "")
    return float(f"0.{digits}") if digits else None


def _is_share(family: Family, words: list[str], unit: str) -> bool:
    if family is Family.SUCCESS:
        return True
    return family is Family.ERRORS and (unit == "%" or bool(_SHARES.intersection(words)))


def _timed(family: Family) -> bool:
    return family in (Family.LATENCY, Family.CALLED, Family.CALLING)

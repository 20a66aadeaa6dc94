"""Is it fast and small enough? Against absolute budgets and against the champion."""

import math
from collections.abc import Iterator

from pydantic import Field

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.gates.papers import unread
from knowledge.promotion.words import say_seconds
from knowledge.records import Details

_MB = 1_000_000


class LatencySettings(Settings):
    p50_ms: float | None = Field(None, gt=0, description="budget of the median, milliseconds")
    p99_ms: float | None = Field(
        None, gt=0, description="budget of the 99th percentile, milliseconds"
    )
    slower: float | None = Field(
        0.5, ge=0, description="by how much it may be slower than the champion: 0.5 is half"
    )


def _latency(evidence: Evidence, settings: LatencySettings) -> list[Finding] | Finding:
    budgets = {"p50": settings.p50_ms, "p99": settings.p99_ms}
    wanted = [name for name, budget in budgets.items() if budget is not None]
    timings = evidence.challenger.details.timings
    missing = [name for name in wanted if name not in timings]
    if missing:
        why = unread(evidence.challenger, evidence)
        says = why or f"{' and '.join(missing)} was not measured before release"
        return Finding(Held.UNKNOWN, says)
    before = evidence.champion.details.timings if evidence.champion else {}
    names = [n for n in dict.fromkeys((*budgets, *timings)) if n in timings]
    return [
        _weighed(name, timings[name], budgets.get(name), before.get(name), settings.slower)
        for name in names
    ]


def _weighed(
    name: str, seconds: float, budget: float | None, before: float | None, slower: float | None
) -> Finding:
    if not math.isfinite(seconds) or seconds < 0:
        return Finding(Held.NO, "no usable value", name)
    was = f" (champion {say_seconds(before)})" if before and math.isfinite(before) else ""
    says = f"{say_seconds(seconds)} per prediction{was}"
    if budget is not None and 1000 * seconds > budget:
        return Finding(Held.NO, f"{says}, the budget is {say_seconds(budget / 1000)}", name)
    if was and before and slower is not None and seconds > before * (1 + slower):
        return Finding(Held.NO, f"{says}, at most {slower:.0%} slower is allowed", name)
    within = f", within {say_seconds(budget / 1000)}" if budget is not None else ""
    return Finding(Held.YES, f"{says}{within}", name)


latency = GateSpec(
    "latency",
    "A prediction takes no longer than the budget, and not much longer than the champion's",
    _latency,
    LatencySettings,
)


class SizeSettings(Settings):
    most_mb: float | None = Field(None, gt=0, description="budget, in megabytes (10^6 bytes)")
    growth: float | None = Field(
        1.0, ge=0, description="by how much it may be larger than the champion: 1 is twice as large"
    )


def _size(evidence: Evidence, settings: SizeSettings) -> Finding | None:
    size = _bytes(evidence.challenger.details)
    if size is None:
        if settings.most_mb is None:
            return None
        why = unread(evidence.challenger, evidence)
        return Finding(Held.UNKNOWN, why or "the registry does not tell its size")
    before = _bytes(evidence.champion.details) if evidence.champion else None
    says = _mb(size) + (f" (champion {_mb(before)})" if before else "")
    for limit in _missed(size, before, settings):
        return Finding(Held.NO, f"{says}, {limit}")
    return Finding(Held.YES, says)


def _missed(size: int, before: int | None, settings: SizeSettings) -> Iterator[str]:
    if settings.most_mb is not None and size > settings.most_mb * _MB:
        yield f"the budget is {settings.most_mb:g} MB"
    if before and settings.growth is not None and size > before * (1 + settings.growth):
        yield f"at most {settings.growth:.0%} larger is allowed"


def _bytes(details: Details) -> int | None:
    size = details.size_bytes
    return size if size is not None and size >= 0 else None


def _mb(size: int) -> str:
    return f"{size / _MB:.3g} MB" if size < 999 * _MB else f"{size / _MB:,.0f} MB"


size = GateSpec(
    "size",
    "It is no larger than the budget, and not much larger than the champion",
    _size,
    SizeSettings,
)

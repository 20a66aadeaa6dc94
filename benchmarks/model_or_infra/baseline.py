"""Pure thresholds, as a dashboard has them: each signal alone is red or not, nothing explains
another, and what is red on one side is that side's fault."""

from collections.abc import Mapping, Sequence

from knowledge.model_or_infra.evidence import Kind, Reading, Side
from knowledge.model_or_infra.measure import LEFT
from knowledge.model_or_infra.weighing import SIDES

OF_MODEL = frozenset({Kind.INPUTS, Kind.PREDICTIONS, Kind.REALISED, Kind.ESTIMATED})
OF_SERVICE = frozenset(
    {
        Kind.LATENCY,
        Kind.ERRORS,
        Kind.FALLBACK,
        Kind.CPU,
        Kind.GPU_LOAD,
        Kind.MEMORY,
        Kind.GPU,
        Kind.QUEUE,
        Kind.FRESHNESS,
        Kind.QUALITY,
        Kind.NEIGHBOURS,
    }
)


def by_thresholds(readings: Sequence[Reading]) -> Side:
    red = {reading.kind for reading in readings if reading.unusual > LEFT}
    model, service = bool(red & OF_MODEL), bool(red & OF_SERVICE)
    if model and service:
        return Side.BOTH
    return Side.MODEL if model else Side.INFRASTRUCTURE if service else Side.NEITHER


def rates(said: Sequence[Side], truth: Sequence[Side]) -> Mapping[Side, Mapping[Side, float]]:
    """How often each side was right when a side was said: the probabilities that make thresholds
    comparable. With one more of each, so that nothing is certain."""
    found: dict[Side, dict[Side, float]] = {}
    for verdict in SIDES:
        counts = dict.fromkeys(SIDES, 1.0)
        for one, real in zip(said, truth, strict=True):
            if one is verdict:
                counts[real] += 1
        total = sum(counts.values())
        found[verdict] = {side: n / total for side, n in counts.items()}
    return found

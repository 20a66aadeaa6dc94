"""What logs say: statements that are written far more often than in calm times, or are new."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.causes.case import Logs
from knowledge.causes.tails import surprise

GRAVE = frozenset({"error", "err", "severe", "critical", "crit", "fatal", "alert", "panic"})
_GRAVE_WORDS = ("exception", "traceback", "panic", "fatal", "error", "failed", "refused", "timeout")
_SMOOTH = 1.0


@dataclass(frozen=True)
class Louder:
    """A statement that came more often than it would have in calm times."""

    service: str
    level: str
    template: str
    count: int
    expected: float
    known: bool = True
    """It is known what is usual."""

    @property
    def grave(self) -> bool:
        if self.level:
            return self.level in GRAVE
        text = self.template.lower()
        return any(word in text for word in _GRAVE_WORDS)

    @property
    def bits(self) -> float:
        """Surprise under a Poisson law; half for what is not written as an error, and half for
        errors that may be usual."""
        score = (self.count - self.expected) / math.sqrt(self.expected + _SMOOTH)
        if score <= 0 or not (self.known or self.grave):
            return 0.0
        return surprise(score) * (1.0 if self.grave and self.known else 0.5)


def louder(logs: Logs, calm: Logs | None) -> dict[str, list[Louder]]:
    """Service -> its surprising statements, the most surprising first. Where nothing is known of
    calm times, errors alone.

    A statement is expected as often as the service writes anything: more requests write more
    lines.
    """
    calm = calm or Logs(0.0)
    before = {(c.service, c.level, c.template): c.count for c in calm.counts}
    wrote, used_to = _totals(logs), _totals(calm)
    found: dict[str, list[Louder]] = {}
    for c in logs.counts:
        pace = logs.minutes / calm.minutes if calm.minutes else 0.0
        if used_to.get(c.service):
            pace = max(pace, wrote[c.service] / used_to[c.service])
        expected = before.get((c.service, c.level, c.template), 0) * pace
        one = Louder(c.service, c.level, c.template, c.count, expected, calm.minutes > 0)
        if one.bits > 0:
            found.setdefault(c.service, []).append(one)
    return {service: sorted(its, key=lambda one: -one.bits) for service, its in found.items()}


def _totals(logs: Logs) -> Mapping[str, int]:
    totals: dict[str, int] = {}
    for c in logs.counts:
        totals[c.service] = totals.get(c.service, 0) + c.count
    return totals

"""The watch over a champion that was just made: is anything worse than before, and not by chance?

Every reading is judged at one level, so that a watch in which nothing is wrong ends with a false
alarm at most so often, however often it is looked at (`knowledge.promotion.figures`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp

from knowledge.durations import say_duration
from knowledge.promotion.deciding import TANDEM, told
from knowledge.promotion.figures import RULES, SHORT_SLOTS, SLOT, FigureRule, Judged
from knowledge.promotion.policy import CanaryRule
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_number, say_seconds, say_time
from knowledge.records import Approval, Canary, CanaryState, Look, Reading

EVIDENCE = 2_000.0
"""What the bets must win: each figure of a watch is a false alarm once in so many, by the theory;
benchmarks/canary.md says how often it is."""
JUMPS = (4.0, 16.0, 64.0, 256.0, 1024.0)
"""How many times more incidents than usual are bet on; their mean is a bet too."""
LEAST_INCIDENTS = 1.0
"""A service that had none before is taken to have had this many."""

MOST_COUNTED = 50

BEGAN_BAD, CANARY = ("broken", "performing worse"), "canary"
DRIFTS = ("drift", "prediction drift", "missing")
"""Figures of a look that are shown."""


@dataclass(frozen=True)
class Watched:
    """What was read of one champion. `unread` says in words what could not be."""

    readings: tuple[Reading, ...] = ()
    compared: int = 0
    """How many readings had something to be compared with."""
    unread: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    """Figures of which only the first hours can be judged closely."""


# Reading -------------------------------------------------------------------------------------


def figure_rule(name: str, rule: CanaryRule) -> FigureRule | None:
    """The policy's limit in place of ours; None for figures that are only shown."""
    known = RULES.get(name)
    limit = rule.limits.get(name)
    if limit is None:
        return known
    return replace(known, limit=limit) if known else FigureRule(limit)


def slots_of(rule: CanaryRule) -> int:
    """How often a figure is judged in a whole watch."""
    return max(int((rule.watch - rule.settle) / SLOT), 1)


def endpoint_reading(name: str, judged: Judged, *, glaring: bool = False) -> Reading:
    """`glaring`: it is far beyond anything seen before (`knowledge.promotion.glaring`)."""
    worse = glaring or judged.evidence >= EVIDENCE
    says = f"{name} {say_figure(name, judged.expected)} before, {say_figure(name, judged.value)}"
    beyond = ", beyond anything seen before" if glaring else ""
    return Reading(name, judged.expected, judged.value, worse, f"{says} since{beyond}")


def incidents_reading(before: int, past: timedelta, since: int, elapsed: timedelta) -> Reading:
    """New incidents on the service, against as many as it usually has."""
    rate = max(before, LEAST_INCIDENTS) / past.total_seconds()
    expected = rate * max(elapsed.total_seconds(), 1.0)
    worse = since > 0 and incident_evidence(since, expected) >= EVIDENCE
    new = "no new incident" if not since else f"{since} new incident{'s' if since > 1 else ''}"
    says = f"{new} since; {before} in the {past.days} days before"
    return Reading("incidents", float(before), float(since), worse, says)


def incident_evidence(seen: int, expected: float) -> float:
    """Likelihood of rates that are JUMPS times the usual one, over that of the usual one, for a
    Poisson process: like the bets on figures it may be looked at at any time."""
    bets = [jump ** min(seen, MOST_COUNTED) * exp(-expected * (jump - 1)) for jump in JUMPS]
    return sum(bets) / len(JUMPS)


def look_readings(before: Look | None, since: Sequence[Look]) -> tuple[Reading, ...]:
    """What the model's monitor saw, which has tests of its own: worse is what it finds in two
    looks after the move, one after the other, and had not found before it. `since` is oldest
    first."""
    if not since:
        return ()
    newest = since[-1]
    became = tuple(_verdicts(before, since))
    figures = dict(before.figures) if before else {}
    shown = tuple(
        _look_reading(name, figures.get(name), value)
        for name, value in newest.figures.items()
        if name in DRIFTS or name.startswith(("estimated ", "realised "))
    )
    return (*became, *(r for r in shown if r is not None))


def _verdicts(before: Look | None, since: Sequence[Look]) -> Sequence[Reading]:
    was = before.verdict if before else "not looked at"
    last = [look.verdict for look in since[-2:]]
    worse = len(last) == 2 and all(v in BEGAN_BAD for v in last) and was not in BEGAN_BAD
    worse = worse and before is not None
    found = f": {since[-1].findings[0]}" if since[-1].findings else ""
    says = f"the model monitor said {was} before, {last[-1]} since{found if worse else ''}"
    return [Reading("model monitor", float(was in BEGAN_BAD), float(worse), worse, says)]


def _look_reading(name: str, before: float | None, since: float) -> Reading | None:
    if before is None:
        return None
    says = f"{name} {say_number(before)} before, {say_number(since)} since"
    return Reading(name, before, since, False, says)


def say_figure(name: str, value: float) -> str:
    """ "0.2%" of errors, "120 ms" of latency, four digits of the others."""
    if name == "errors":
        return f"{value:.2%}" if value < 0.01 else f"{value:.1%}"
    return say_seconds(value) if name == "latency" else say_number(value)


# Judging -------------------------------------------------------------------------------------


def watched(canary: Canary, seen: Watched, now: datetime) -> Canary:
    """The watch after one look. Once something is worse it stays so: a person or the policy acts
    on it. It ends as FINE only where something was compared and nothing failed to be read."""
    looked = replace(canary, readings=seen.readings, looked_at=now, short=seen.short)
    if any(reading.worse for reading in seen.readings):
        return replace(looked, state=CanaryState.WORSE)
    if now < canary.until:
        return looked
    known = seen.compared and not seen.unread
    return replace(looked, state=CanaryState.FINE if known else CanaryState.UNKNOWN)


def ended(canary: Canary, now: datetime) -> Canary:
    """Another version took over."""
    return replace(canary, state=CanaryState.ENDED, looked_at=now)


def after_look(approval: Approval, canary: Canary, seen: Watched, now: datetime) -> Approval:
    """The request with this look; a look that ends the watch is told in its time line."""
    if approval.canary is None or approval.canary.state is not CanaryState.WATCHING:
        return approval
    looked = replace(approval, canary=canary)
    if canary.state is CanaryState.WATCHING:
        return looked
    return told(looked, now, CANARY, TANDEM, say_canary(approval, canary, seen.unread))


def say_canary(approval: Approval, canary: Canary, unread: Sequence[str] = ()) -> str:
    """What the watch says of the new champion, in a sentence or two."""
    new, short = show_version(approval.version), _say_short(canary)
    worse = [reading.says for reading in canary.readings if reading.worse]
    if canary.state is CanaryState.WORSE:
        return f"it got worse since {new} serves: {'; '.join(worse)}"
    if canary.state is CanaryState.FINE:
        return f"{new} was watched until {say_time(canary.until)}; nothing got worse{short}"
    if canary.state is CanaryState.ENDED:
        return f"another version took over before the watch over {new} was over"
    if canary.state is CanaryState.UNKNOWN:
        why = "; ".join(unread) or "nothing to compare it by"
        return f"whether {new} is worse than before is not known: {why}"
    return f"{new} is watched until {say_time(canary.until)}; nothing got worse so far{short}"


def _say_short(canary: Canary) -> str:
    """That nothing got worse says less where only the first hours could be judged."""
    if not canary.short:
        return ""
    names, hours = ", ".join(canary.short), say_duration(SHORT_SLOTS * SLOT)
    return f"; of {names} too few earlier days are known to judge more than the first {hours}"


def shows_news(old: Canary, new: Canary) -> bool:
    """Whether a card would read differently."""
    said = [(r.says, r.worse) for r in old.readings], [(r.says, r.worse) for r in new.readings]
    return old.state is not new.state or said[0] != said[1]

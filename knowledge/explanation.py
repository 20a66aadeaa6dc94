"""Pure: what probably explains a finding, each reason with what it rests on and how much it weighs.

Nothing here is proof. What came shortly before, on the same thing or on what it needs, is likelier
than what came earlier or elsewhere; where nothing fits, that is said.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from statistics import median

from knowledge.catalogue import Catalogue
from knowledge.durations import say_duration
from knowledge.findings import (
    is_finding,
    model_of,
    monitor_of,
    onset,
    places_of,
    window_of,
)
from knowledge.incidents import counted, name_of
from knowledge.promotion import show_version
from knowledge.records import Approval, ApprovalStatus, Change, Look, Signal, SignalKind

REACH = timedelta(hours=2)
"""What came longer before the onset explains nothing."""
SHORTLY = timedelta(minutes=30)
CLOCKS_DIFFER = timedelta(minutes=2)
"""A cause may be told so much later than its effect."""
FEW_ROWS, MANY_ROWS = 0.5, 2.0
"""Beyond these shares of the usual number of rows, a window is of another kind."""
USUAL_OF = 3
"""Fewer earlier windows say nothing of what is usual."""
SAME_HOUR = timedelta(minutes=45)
OFTEN_ENOUGH = 2
"""Earlier days with a finding at that hour that make a pattern."""
PATTERN_DAYS = 14
_NODE_LABELS = ("node", "node_name", "nodename", "kubernetes_node", "host", "hostname", "gpu_node")
_SERVES = frozenset({"promotion", "rollback", "alias", "model"})
"""Kinds of change that put another version of a model to work."""


class Weight(IntEnum):
    """How much a reason explains, by what it is and how near it was."""

    PERHAPS = 1
    POSSIBLE = 2
    LIKELY = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Clue:
    """One reason, in a sentence without its full stop. `label` and `url` name what it rests on."""

    weight: Weight
    text: str
    at: datetime
    label: str = ""
    url: str = ""


@dataclass(frozen=True)
class Known:
    """What is known around the onset of a finding."""

    changes: Sequence[Change] = ()
    signals: Sequence[Signal] = ()
    """What else fired, anywhere."""
    looks: Sequence[Look] = ()
    """Of the finding's model, oldest first."""
    earlier: Sequence[datetime] = ()
    """When the same was found before."""


def explain(finding: Signal, known: Known, catalogue: Catalogue | None = None) -> tuple[Clue, ...]:
    """The reasons that fit, heaviest first, then the latest; none where nothing is known."""
    where = _Where.of(finding, catalogue or Catalogue())
    found = [
        *_broken_data(finding, known.signals),
        *_changes(finding, known.changes, where),
        *_version(finding, known.looks),
        *_neighbours(finding, known.signals, where),
        *_volume(finding, known.looks),
        *_pattern(finding, known.earlier),
    ]
    return tuple(sorted(found, key=lambda c: (-c.weight, -c.at.timestamp(), c.text)))


def alias_moves(approvals: Sequence[Approval]) -> list[Change]:
    """Promotions and rollbacks that were carried out, as changes of their models."""
    return [
        Change(
            id=approval.id,
            at=approval.decided_at,
            kind="promotion",
            service=approval.model,
            summary=f"champion moved from {show_version(approval.champion)}"
            if approval.champion
            else "first champion",
            version=show_version(approval.version),
            author=approval.decided_by_name or approval.decided_by,
        )
        for approval in approvals
        if approval.status is ApprovalStatus.APPROVED and approval.decided_at is not None
    ]


def nothing_known(finding: Signal) -> str:
    """What is said where no reason fits."""
    span = say_duration(REACH + window_of(finding))
    return (
        f"Nothing that Tandem knows of changed in the {span} before: no deploy, no alias move, no "
        "alert on what it needs"
    )


def needs(names: Collection[str], catalogue: Catalogue) -> tuple[frozenset[str], frozenset[str]]:
    """What these services and models call directly, and what that calls in turn: where their data
    and their trouble come from."""
    own = {catalogue.canonical(name) or name for name in names if name}
    near = {callee for name in own for callee in catalogue.callees(name)} - own
    far = {callee for name in near for callee in catalogue.callees(name)} - near - own
    return frozenset(near), frozenset(far)


@dataclass(frozen=True)
class _Where:
    """What a finding is about, and what that needs."""

    own: frozenset[str]
    near: frozenset[str]
    far: frozenset[str]
    canonical: Callable[[str], str]

    @classmethod
    def of(cls, finding: Signal, catalogue: Catalogue) -> "_Where":
        names = places_of(finding)
        near, far = needs(names, catalogue)

        def canonical(name: str) -> str:
            return catalogue.canonical(name) or name

        return cls(frozenset(map(canonical, names)), near, far, canonical)


def _broken_data(finding: Signal, signals: Sequence[Signal]) -> Iterator[Clue]:
    """Broken data look like drift, and make a model's answers worse."""
    if finding.kind not in (SignalKind.DRIFT, SignalKind.PERFORMANCE):
        return
    for signal in _lately(finding, signals):
        if signal.kind is SignalKind.QUALITY and model_of(signal) == model_of(finding):
            text = f"Its data broke: {_lower(name_of(signal))}"
            yield Clue(Weight.LIKELY, text, signal.starts_at, "data quality", signal.url)


def _changes(finding: Signal, changes: Sequence[Change], where: _Where) -> Iterator[Clue]:
    start, end = onset(finding) - REACH, finding.starts_at + CLOCKS_DIFFER
    for change in changes:
        if not start <= change.at <= end:
            continue
        weight = _weight_of(change, finding, where)
        if weight is not None:
            yield Clue(weight, _say_change(change, finding, where), change.at, "change", change.url)


def _weight_of(change: Change, finding: Signal, where: _Where) -> Weight | None:
    service = where.canonical(change.service)
    shortly = change.at >= onset(finding) - SHORTLY
    if service in where.own:
        if change.kind in _SERVES and finding.kind in (SignalKind.DRIFT, SignalKind.QUALITY):
            # Another version answers otherwise; what it is asked stays the same.
            return Weight.POSSIBLE if shortly else Weight.PERHAPS
        return Weight.LIKELY if shortly else Weight.POSSIBLE
    if service in where.near:
        return Weight.POSSIBLE if shortly else Weight.PERHAPS
    return Weight.PERHAPS if service in where.far and shortly else None


def _say_change(change: Change, finding: Signal, where: _Where) -> str:
    named = " ".join(filter(None, (change.kind, change.service, change.version)))
    by = f" by {change.author}" if change.author else ""
    service = where.canonical(change.service)
    need = "" if service in where.own else _need(finding, service, where)
    what = f": {_one_line(change.summary)}" if change.summary else ""
    return f"{_clock(change.at, finding)} *{named}*{by}{need}, {_before(change.at, finding)}{what}"


def _version(finding: Signal, looks: Sequence[Look]) -> Iterator[Clue]:
    """Another version began to answer within the time that was looked at."""
    told = [look for look in looks if look.version and look.at <= finding.starts_at + CLOCKS_DIFFER]
    for before, after in reversed(list(pairwise(told))):
        if before.version != after.version:
            if after.at < onset(finding) - REACH:
                return
            weight = Weight.LIKELY if finding.kind is SignalKind.PERFORMANCE else Weight.POSSIBLE
            text = (
                f"Version {after.version} answers since the window to "
                f"{_clock(after.end, finding)}, {before.version} did before"
            )
            yield Clue(weight, text, after.at, "looks at its log")
            return


def _neighbours(finding: Signal, signals: Sequence[Signal], where: _Where) -> Iterator[Clue]:
    """What else fires: on what it needs, on its node, on itself; each rule and place once."""
    told: set[tuple[str, str]] = set()
    for signal in sorted(_lately(finding, signals), key=lambda s: s.starts_at):
        weight, place = _how_near(finding, signal, where)
        if weight is None or (signal.name, signal.service) in told:
            continue
        told.add((signal.name, signal.service))
        what = f"*{name_of(signal)}*"
        if signal.ends_at is None:
            when = f"since {_clock(signal.starts_at, finding)}"
        else:
            when = f"{_clock(signal.starts_at, finding)} to {_clock(signal.ends_at, finding)}"
        text = f"{place}: {what}, {when}"
        yield Clue(weight, text, signal.starts_at, "alert", signal.url)


def _how_near(finding: Signal, signal: Signal, where: _Where) -> tuple[Weight | None, str]:
    service = where.canonical(signal.service)
    first = signal.starts_at <= finding.starts_at
    if service in where.near:
        return (Weight.LIKELY if first else Weight.POSSIBLE), f"{service}, which it calls"
    if service in where.far:
        return Weight.POSSIBLE if first else Weight.PERHAPS, f"{service}, which its callees call"
    node = _same_node(finding, signal)
    if node:
        return (Weight.POSSIBLE if first else Weight.PERHAPS), f"On the same node, {node}"
    if service in where.own and signal.kind is not SignalKind.QUALITY:
        # It suffers with it rather than causing it, but tells people where to look.
        return Weight.PERHAPS, f"Also on {service}"
    return None, ""


def _lately(finding: Signal, signals: Sequence[Signal]) -> Iterator[Signal]:
    """Those that fired about when the finding began, itself and its like left out."""
    start, end = onset(finding) - REACH, finding.starts_at + SHORTLY
    for signal in counted(signals):
        if signal.fingerprint == finding.fingerprint:
            continue
        if is_finding(signal) and (signal.kind, monitor_of(signal)) == (
            finding.kind,
            monitor_of(finding),
        ):
            continue
        over = signal.ends_at is not None and signal.ends_at < onset(finding) - SHORTLY
        if start <= signal.starts_at <= end and not over:
            yield signal


def _volume(finding: Signal, looks: Sequence[Look]) -> Iterator[Clue]:
    """Far fewer or more rows than usual: others are asking, or somebody does not any more."""
    told = [look for look in looks if look.at <= finding.starts_at + CLOCKS_DIFFER]
    if len(told) <= USUAL_OF:
        return
    last, usual = told[-1], median(look.rows for look in told[:-1])
    share = last.rows / usual if usual else 1.0
    if FEW_ROWS < share < MANY_ROWS:
        return
    times = f"{share:.1f} times" if share >= MANY_ROWS else f"{share:.0%} of"
    text = f"{times} the usual rows came in: {last.rows:,}, where {usual:,.0f} are usual"
    yield Clue(Weight.POSSIBLE, text[:1].upper() + text[1:], last.at, "looks at its log")


def _pattern(finding: Signal, earlier: Sequence[datetime]) -> Iterator[Clue]:
    """The same at this hour on other days: a job that runs then, rather than trouble."""
    if window_of(finding) > SAME_HOUR:
        return
    at = finding.starts_at
    days = {
        round((at - past) / timedelta(days=1))
        for past in earlier
        if past < at and _hours_apart(at, past) <= SAME_HOUR
    } - {0}
    lately = {day for day in days if day <= PATTERN_DAYS}
    weekly = {day for day in days if day % 7 == 0}
    if len(weekly) >= OFTEN_ENOUGH and len(lately) <= len(weekly):
        text = f"It was found on {at:%A}s at about {at:%H:%M} {len(weekly)} times before"
    elif len(lately) >= OFTEN_ENOUGH:
        text = (
            f"It was found at about {at:%H:%M} on {len(lately)} of the {PATTERN_DAYS} days before"
        )
    else:
        return
    yield Clue(Weight.POSSIBLE, f"{text}: a job that runs then, perhaps", at, "history")


def _hours_apart(at: datetime, past: datetime) -> timedelta:
    """The difference of their times of day, over midnight too."""
    rest = (at - past) % timedelta(days=1)
    return min(rest, timedelta(days=1) - rest)


def _same_node(one: Signal, other: Signal) -> str:
    nodes = {one.labels[label] for label in _NODE_LABELS if one.labels.get(label)}
    others = {other.labels[label] for label in _NODE_LABELS if other.labels.get(label)}
    return min(nodes & others, default="")


def _need(finding: Signal, service: str, where: _Where) -> str:
    what = "the model" if model_of(finding) else "it"
    return f", which {what} needs" if service in where.near else f", which what {what} needs calls"


def _before(at: datetime, finding: Signal) -> str:
    """How long before it was found; for a window, whether it began within it."""
    gap = finding.starts_at - at
    if at >= onset(finding) and window_of(finding):
        return "within the window that was looked at"
    return f"{say_duration(gap)} before" if gap >= timedelta(minutes=1) else "at the same time"


def _clock(at: datetime, finding: Signal) -> str:
    return f"{at:%H:%M}" if at.date() == finding.starts_at.date() else f"{at:%m-%d %H:%M}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lower(text: str) -> str:
    """As it stands within a sentence."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text

"""Pure: an incident that is passed from one team to another, and how long each side held it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from knowledge.errors import BadArgs
from knowledge.records import Handover, HandoverState, Incident

KIND, THREAD = "handover", "handover-thread"
"""Kinds of delivery."""
MOST_REASON = 500


def accept(by: str, at: datetime) -> Callable[[Handover], Handover]:
    """From now on it is theirs."""

    def step(handover: Handover) -> Handover:
        _need_open(handover)
        state = HandoverState.ACCEPTED
        return replace(handover, state=state, answered_at=at, answered_by=by)

    return step


def give_back(by: str, at: datetime, reason: str) -> Callable[[Handover], Handover]:
    """It stays with those who offered it. Raises BadArgs without a reason."""
    text = " ".join(reason.split())[:MOST_REASON]
    if not text:
        raise BadArgs("reason", "missing", "Say why it is not yours; the other team goes by it")

    def step(handover: Handover) -> Handover:
        _need_open(handover)
        state = HandoverState.RETURNED
        return replace(handover, state=state, answered_at=at, answered_by=by, reason=text)

    return step


def _need_open(handover: Handover) -> None:
    if handover.state is not HandoverState.OFFERED:
        raise BadArgs("handover", f"{handover.id} was {handover.state.value} already")


def holder(first: str, handovers: Iterable[Handover]) -> str:
    """Whose it is: the team that accepted it last, else the one it began with."""
    taken = [h for h in handovers if h.state is HandoverState.ACCEPTED]
    return max(taken, key=_answered).to_team if taken else first


@dataclass(frozen=True)
class Held:
    """How long one team had it."""

    team: str
    """Empty where nobody is known to own the service."""
    lasted: timedelta


def held(
    incident: Incident, first: str, handovers: Sequence[Handover], now: datetime
) -> tuple[Held, ...]:
    """Each team's time from the incident's opening to its end, or to now, in the order in which
    they had it first. An offer that was not accepted leaves it where it was."""
    end = incident.resolved_at or now
    taken = sorted((h for h in handovers if h.state is HandoverState.ACCEPTED), key=_answered)
    team, since = first, incident.opened_at
    found: dict[str, timedelta] = {}
    for one in taken:
        at = min(_answered(one), end)
        found[team] = found.get(team, timedelta()) + max(at - since, timedelta())
        team, since = one.to_team, at
    found[team] = found.get(team, timedelta()) + max(end - since, timedelta())
    return tuple(Held(name, lasted) for name, lasted in found.items())


@dataclass(frozen=True)
class Passing:
    """Handovers of a span in figures."""

    offered: int
    accepted: int
    returned: int
    waiting: int
    answered_in: timedelta | None
    """The median time to an answer; None where there is none."""
    by_side: tuple[tuple[str, int, int], ...]
    """Side that was blamed, how often it was offered, how often returned: the commonest first."""


def passing(handovers: Sequence[Handover]) -> Passing:
    answered = [(h.answered_at - h.offered_at).total_seconds() for h in handovers if h.answered_at]
    sides = dict.fromkeys(h.side for h in handovers if h.side)
    counts = (
        (side, _count(handovers, side=side), _count(handovers, HandoverState.RETURNED, side))
        for side in sides
    )
    return Passing(
        offered=len(handovers),
        accepted=_count(handovers, HandoverState.ACCEPTED),
        returned=_count(handovers, HandoverState.RETURNED),
        waiting=_count(handovers, HandoverState.OFFERED),
        answered_in=timedelta(seconds=median(answered)) if answered else None,
        by_side=tuple(sorted(counts, key=lambda c: -c[1])),
    )


def held_in_all(
    incidents: Iterable[Incident],
    handovers: Sequence[Handover],
    first: Callable[[str], str],
    now: datetime,
) -> tuple[Held, ...]:
    """Of incidents that were passed on: each team's time in all, the longest first. `first` names
    the team of a service."""
    total: dict[str, timedelta] = {}
    for incident in incidents:
        own = [h for h in handovers if h.incident == incident.id]
        for one in held(incident, first(incident.service), own, now):
            total[one.team] = total.get(one.team, timedelta()) + one.lasted
    return tuple(Held(team, total[team]) for team in sorted(total, key=lambda t: -total[t]))


def _count(
    handovers: Iterable[Handover], state: HandoverState | None = None, side: str = ""
) -> int:
    return sum(state in (None, h.state) and side in ("", h.side) for h in handovers)


def _answered(handover: Handover) -> datetime:
    return handover.answered_at or handover.offered_at

"""The handover at the end of a shift: what is open, what was done, what to watch, who is next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.records import Event, Incident, Silence, Status
from knowledge.silences import say_matchers
from knowledge.summary.compose import compose
from knowledge.summary.facts import read
from knowledge.summary.model import (
    Group,
    SourceText,
    Statement,
    say_time,
    signal_id,
    sources_of,
)
from knowledge.summary.plain import BOT, clean, is_hostile
from knowledge.summary.report import Part, Report, report

SOON = timedelta(hours=24)
"""A silence that ends so soon is the next shift's to know."""
MOST_DEEDS = 4
"""What is told of one incident's shift."""
_NO_DEED = frozenset(("opened", "alert", "alerts", "message", "reminded"))
_WORDS = 110


@dataclass(frozen=True)
class Waiting:
    """A request that waits for somebody: what for, and its id."""

    id: str
    at: datetime
    text: str
    url: str = ""


@dataclass(frozen=True)
class NextUp:
    """Who takes over a rotation, and when; names as they are shown."""

    rotation: str
    person: str
    at: datetime | None = None


@dataclass(frozen=True)
class OnShift:
    """All that a handover is made from. `incidents` are the open ones and those that were touched
    since `start`, with their threads where these can be read."""

    start: datetime
    incidents: Sequence[Incident] = ()
    silences: Sequence[Silence] = ()
    waiting: Sequence[Waiting] = ()
    next_up: Sequence[NextUp] = ()


def shift_handover(on: OnShift, now: datetime) -> Report:
    """Everything the next on call should know, from what is recorded alone."""
    still = [i for i in on.incidents if i.is_open]
    grave = sorted(still, key=lambda i: (i.severity.value, i.opened_at))
    ending = sorted(
        (s for s in on.silences if not s.ended_by and now < s.ends_at <= now + SOON),
        key=lambda s: s.ends_at,
    )
    parts = (
        Part("Open incidents", tuple(_open(grave, now))),
        Part("Done this shift", tuple(_done(on, now))),
        Part("To watch", tuple(_watch(grave, now))),
        Part("Silences that end", tuple(_silence(s, now) for s in ending)),
        Part("Waiting for somebody", tuple(_waiting(on.waiting, now))),
        Part("Next on call", tuple(_next(on, now))),
    )
    length = say_duration(now - on.start)
    lead = (
        f"Shift from {_moment(on.start, now)} to {say_time(now)} UTC ({length}): "
        f"{_count(len(still), 'incident')} open, {_count(len(_over(on)), 'incident')} resolved."
    )
    return report("Shift handover", lead, now, parts, _known(on, ending, now))


def _known(on: OnShift, ending: Sequence[Silence], now: datetime) -> Mapping[str, SourceText]:
    known: dict[str, SourceText] = {}
    for incident in on.incidents:
        known |= {
            _key(incident, k): replace(source, id=_key(incident, k))
            for k, source in sources_of(incident).items()
        }
    for s in ending:
        known[s.id] = SourceText(s.id, s.created_at, "silence", s.reason, s.created_by)
    for w in on.waiting:
        known[w.id] = SourceText(w.id, w.at, "request", w.text, url=w.url)
    for n in on.next_up:
        known[n.rotation] = SourceText(n.rotation, now, "rotation", n.person)
    return known


def _key(incident: Incident, source: str) -> str:
    """Ids of events and messages are unique within their incident only."""
    return source if source == incident.id else f"{incident.id}/{source}"


def _over(on: OnShift) -> list[Incident]:
    return [i for i in on.incidents if i.resolved_at is not None and i.resolved_at >= on.start]


def _open(incidents: Sequence[Incident], now: datetime) -> Iterator[Statement]:
    for i in incidents:
        who = i.owner or i.acknowledged_by
        owned = f"owner {who}" if who else "nobody has taken it"
        age = say_duration(now - i.opened_at)
        what = f"{i.id} {i.severity.value} {i.title.rstrip('.')}"
        text = f"{what}: {i.status.value}, {age} old, {owned}."
        yield _said(Group.STATE, text, i.id)
        summary = compose(read(i), now, _WORDS)
        for statement in (*summary.of(Group.CAUSE)[:1], *summary.of(Group.NEXT_STEPS)[:2]):
            lead = "Cause so far" if statement.group is Group.CAUSE else "Next"
            said = statement.text.removeprefix("Change: ")
            if said != "Not established.":
                yield _said(
                    statement.group,
                    f"{i.id} {lead}: {said}",
                    *(_key(i, k) for k in statement.sources),
                )


def _done(on: OnShift, now: datetime) -> Iterator[Statement]:
    """What was recorded since the shift began, by incident, newest last."""
    for i in sorted(on.incidents, key=lambda i: i.opened_at):
        deeds = [e for e in i.timeline if _is_deed(e) and on.start <= e.at <= now]
        told = deeds[-MOST_DEEDS:]
        if told:
            text = "; ".join(f"{say_time(e.at)} {_deed(e)}" for e in told)
            yield _said(Group.TIMELINE, f"{i.id}: {text}.", *(_key(i, e.id) for e in told))


def _is_deed(event: Event) -> bool:
    by_hand = event.actor.lower() not in ("", BOT)
    return (by_hand or event.kind == "resolved") and (
        event.kind not in _NO_DEED and not is_hostile(event.text)
    )


def _deed(event: Event) -> str:
    words = clean(event.text).split()
    said = " ".join(words[:12]) + ("…" if len(words) > 12 else "")
    by = f" ({event.actor})" if event.actor and event.actor.lower() not in said.lower() else ""
    return f"{(said or event.kind).rstrip('.')}{by}"


def _watch(incidents: Sequence[Incident], now: datetime) -> Iterator[Statement]:
    """What is mitigated but not over, what still fires, and what is said to be awaited."""
    for i in incidents:
        if i.status in (Status.MITIGATED, Status.MONITORING):
            waits = compose(read(i), now, _WORDS).of(Group.STATE)[1:2]
            sources = [_key(i, k) for k in waits[0].sources] if waits else [i.id]
            said = waits[0].text if waits else "it is not resolved yet."
            yield _said(Group.STATE, f"{i.id} is {i.status.value}: {said}", *sources)
        firing = [s for s in i.signals if s.firing]
        if firing:
            names = ", ".join(sorted({s.name for s in firing})[:3])
            text = f"{i.id}: {_count(len(firing), 'alert')} still firing ({names})."
            ids = [_key(i, signal_id(s)) for s in firing[:3]]
            yield _said(Group.STATE, text, i.id, *ids)


def _silence(silence: Silence, now: datetime) -> Statement:
    what = say_matchers(silence.matchers)
    why = f": {silence.reason}" if silence.reason else ""
    left = say_duration(silence.ends_at - now)
    text = f"{silence.id} on {what} ends {say_time(silence.ends_at)} UTC, in {left}{why}."
    return _said(Group.STATE, text, silence.id)


def _waiting(waiting: Sequence[Waiting], now: datetime) -> Iterator[Statement]:
    for w in sorted(waiting, key=lambda w: w.at):
        text = f"{w.text.rstrip('.')}, for {say_duration(now - w.at)}."
        yield _said(Group.NEXT_STEPS, text, w.id)


def _next(on: OnShift, now: datetime) -> Iterator[Statement]:
    for n in on.next_up:
        when = f" from {_moment(n.at, now)} UTC" if n.at else ""
        text = f"{n.rotation}: {n.person}{when}." if n.person else f"{n.rotation}: nobody follows."
        yield _said(Group.OWNERS, text, n.rotation)


def _said(group: Group, text: str, *sources: str) -> Statement:
    return Statement("", group, text, tuple(dict.fromkeys(s for s in sources if s)))


def _moment(at: datetime, now: datetime) -> str:
    return say_time(at) if at.date() == now.date() else f"{at:%a %d %b %H:%M}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

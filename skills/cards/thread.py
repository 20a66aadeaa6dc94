"""Pure: the time line of an incident: its news in the thread, and all of it when asked for."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from knowledge.incidents import name_of
from knowledge.records import Event, Incident, Signal
from skills.cards.cause import say_change
from skills.cards.wording import (
    LINE_LIMIT,
    People,
    clock,
    count,
    cut,
    same,
    say_deed,
    say_event,
    tone,
)
from skills.contract import Line, Reply, Section, Source

SHOWN_ENTRIES = 40
ALERT = "alert"
"""The kind of entry that tells when a rule first fired on a service."""


class Entry(NamedTuple):
    """One line of the time line; `order` keeps what happened at one moment in its order."""

    at: datetime
    order: int
    kind: str
    text: str
    url: str = ""

    def say(self, day: date) -> str:
        """With its time, and its date where that is not `day`."""
        return f"{clock(self.at, day)} {self.text}"


def thread_update(incident: Incident, events: Sequence[Event], people: People = same) -> Reply:
    """New entries of the time line, for the incident's thread."""
    sources = tuple(Source(e.id, "source", e.url) for e in events if e.url)
    linked = {source.key for source in sources}
    day = incident.opened_at.date()
    lines = tuple(
        Line(say_event(event, people, day), (event.id,) if event.id in linked else ())
        for event in events
    )
    return Reply(
        title=f"{incident.id} · {count(len(lines), 'update')}",
        tone=tone(incident),
        sections=(Section(lines=lines),),
        sources=sources,
    )


def timeline(incident: Incident, people: People = same) -> tuple[Entry, ...]:
    """All that is known to have happened, in the order in which it happened: the incident's own
    events, changes before it, and each alert rule's first start on each service."""
    events = (
        Entry(e.at, n, e.kind, say_deed(e, people), e.url)
        for n, e in enumerate(incident.timeline, start=len(incident.changes))
    )
    return tuple(sorted([*_changes(incident), *_first_alerts(incident), *events]))


def timeline_reply(incident: Incident, people: People = same, most: int = SHOWN_ENTRIES) -> Reply:
    """The time line as a message: when it is long, its first alerts and what people did, and of
    that its beginning and its end."""
    day = incident.opened_at.date()
    entries = timeline(incident, people)
    alerts = [entry for entry in entries if entry.kind == ALERT]
    others = [entry for entry in entries if entry.kind != ALERT]
    first = alerts[: max(most - len(others), most // 4)]
    kept = sorted([*first, *others])
    between = len(kept) - most
    head = kept if between <= 0 else kept[: most // 4]
    tail = [] if between <= 0 else kept[-(most - most // 4) :]
    sources = {entry.url: f"E{n}" for n, entry in enumerate([*head, *tail], start=1) if entry.url}

    def lines(shown: Sequence[Entry]) -> tuple[Line, ...]:
        return tuple(
            Line(cut(e.say(day), LINE_LIMIT), (sources[e.url],) if e.url else ()) for e in shown
        )

    skipped = (Line(f"… {between:,} more …"), *lines(tail)) if tail else ()
    more = len(alerts) - len(first)
    return Reply(
        title=f"{incident.id} · time line",
        text=incident.title,
        tone=tone(incident),
        sections=(Section(lines=(*lines(head), *skipped)),),
        sources=tuple(Source(key, "source", url) for url, key in sources.items()),
        footer=(f"{count(more, 'later alert')} not shown; the export has all · " if more else "")
        + "times in UTC",
    )


def _changes(incident: Incident) -> Iterator[Entry]:
    """Those that no event tells of: known when it was opened."""
    told = {(e.at, e.kind) for e in incident.timeline}
    for order, change in enumerate(incident.changes):
        if (change.at, "change") not in told:
            text = f"{say_change(change)}: {change.summary}"
            yield Entry(change.at, order, "change", text.rstrip(": "), change.url)


def _first_alerts(incident: Incident) -> Iterator[Entry]:
    first = {(s.name, s.service): s for s in reversed(_by_start(incident))}
    for signal in first.values():
        place = f" on {signal.service}" if signal.service else ""
        text = f"{name_of(signal)}{place} began to fire"
        yield Entry(signal.starts_at, -1, ALERT, text, signal.url)


def _by_start(incident: Incident) -> list[Signal]:
    return sorted(incident.signals, key=lambda signal: signal.starts_at)

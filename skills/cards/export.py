"""Pure: an incident as Markdown, to keep or to paste: facts, time line, alerts, changes, people."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from knowledge.incidents import TANDEM, counted, name_of
from knowledge.records import AlertRecord, Incident
from skills.cards.cause import say_change
from skills.cards.counts import Counts
from skills.cards.thread import timeline
from skills.cards.wording import People, same, say_state, stamp

SHOWN_KINDS = 200


def markdown(
    incident: Incident,
    records: Sequence[AlertRecord] = (),
    people: People = same,
    *,
    now: datetime,
) -> str:
    """`records` are the incident's alerts from the history, as for its card."""
    day = incident.opened_at.date()
    entries = timeline(incident, people)
    parts = [
        f"# {incident.id}: {_plain(incident.title)}",
        _facts(incident, records, people, now),
        "## Time line",
        "\n".join(f"- {_plain(e.say(day))}" + _link(e.url) for e in entries),
        "## Alerts",
        _alerts(incident),
        *(["## Changes", _changes(incident)] if incident.changes else []),
        "## People",
        _people(incident, people),
        *(["## Thread", _thread(incident)] if incident.thread else []),
        f"Exported {stamp(now)}. Times are in UTC.",
    ]
    return "\n\n".join(parts) + "\n"


def _facts(
    incident: Incident, records: Sequence[AlertRecord], people: People, now: datetime
) -> str:
    resolved = stamp(incident.resolved_at) if incident.resolved_at else ""
    facts = {
        "State": say_state(incident, now, people),
        "Severity": incident.severity.value,
        "Service": incident.service,
        "Owner": people(incident.owner) if incident.owner else "",
        "Opened": stamp(incident.opened_at),
        "Resolved": resolved,
        "Alerts": Counts.of(incident, records).say(),
        "Suspects": ", ".join(incident.suspects),
        "Cause": incident.cause,
        "What fixed it": incident.resolution,
        "Tickets": ", ".join(f"{t.key} {t.url}".strip() for t in incident.tickets),
    }
    return _table(("", ""), ((name, value) for name, value in facts.items() if value))


def _alerts(incident: Incident) -> str:
    kinds: dict[tuple[str, str], list[datetime]] = {}
    names: dict[tuple[str, str], str] = {}
    firing: dict[tuple[str, str], int] = {}
    for signal in sorted(counted(incident.signals), key=lambda s: s.starts_at):
        kind = (signal.name, signal.service)
        kinds.setdefault(kind, []).append(signal.starts_at)
        names.setdefault(kind, name_of(signal))
        firing[kind] = firing.get(kind, 0) + signal.firing
    if not kinds:
        return "None."
    rows = (
        (f"{name}: {names[name, service]}", service, str(len(starts)), str(firing[name, service]),
         stamp(starts[0]))
        for (name, service), starts in list(kinds.items())[:SHOWN_KINDS]
    )  # fmt: skip
    return _table(("alert", "service", "alerts", "firing", "first began"), rows)


def _changes(incident: Incident) -> str:
    return _table(
        ("when", "what", "summary"),
        ((stamp(c.at), say_change(c).replace("*", ""), c.summary) for c in incident.changes),
    )


def _people(incident: Incident, people: People) -> str:
    did: dict[str, list[str]] = {}
    for event in incident.timeline:
        if event.actor and event.actor != TANDEM:
            did.setdefault(event.actor, []).append(event.kind)
    if not did:
        return "Nobody yet."
    return "\n".join(
        f"- {_plain(people(who))}: {', '.join(dict.fromkeys(kinds))}" for who, kinds in did.items()
    )


def _thread(incident: Incident) -> str:
    return "\n".join(
        f"- {m.at:%H:%M} {_plain(m.user)}: {_plain(m.text)}" + _link(m.url) for m in incident.thread
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """On one line, and nothing in it begins a tag or a link of its own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("](", "]\\(")


def _link(url: str) -> str:
    return f" ([source](<{url}>))" if url.startswith(("http://", "https://")) else ""

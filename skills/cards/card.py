"""Pure: incidents -> Reply. Shared by skills and by whoever sends cards.

Written for someone woken at three: what, where, how bad, for how long, who is on it, what to press.
`people` turns a user's id into the name that is shown.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.incidents import TANDEM, name_of, severity_of
from knowledge.records import (
    Change,
    DocumentKind,
    Event,
    Hit,
    Incident,
    Severity,
    Signal,
    SignalKind,
)
from skills.contract import (
    Audience,
    Button,
    Call,
    Form,
    FormField,
    Line,
    Picture,
    Reply,
    Section,
    Source,
    Style,
    Table,
    Tone,
)

People = Callable[[str], str]

SHOWN_ALERTS = 3
SHOWN_EVENTS = 4
SHOWN_SIMILAR = 3
SHOWN_ROWS = 20
LINE_LIMIT = 200
SEVERITY_OPTIONS = (
    ("SEV1", "SEV1: customers cannot work"),
    ("SEV2", "SEV2: customers notice"),
    ("SEV3", "SEV3: we notice"),
    ("SEV4", "SEV4: can wait"),
)
_OPEN_TONES = {Severity.SEV1: Tone.BAD, Severity.SEV2: Tone.BAD, Severity.SEV3: Tone.WARNING}
_MODEL_KINDS = frozenset({SignalKind.DRIFT, SignalKind.QUALITY})


def _same(user_id: str) -> str:
    return user_id


def incident_card(
    incident: Incident,
    similar: Sequence[Hit] = (),
    picture: Picture | None = None,
    people: People = _same,
) -> Reply:
    """The one card of an incident, edited in place as it changes."""
    alerts, alert_sources = _alerts(incident)
    seen, seen_sources = _similar(similar)
    runbooks, runbook_sources = _runbooks(incident, similar)
    history = Section("What happened", _history(incident, people))
    sections = (alerts, _changes(incident), history, seen, runbooks)
    return Reply(
        title=_cut(f"{incident.id} · {incident.title}", 140),
        tone=_tone(incident),
        fields=_fields(incident, people),
        sections=tuple(section for section in sections if section.lines),
        pictures=() if picture is None else (picture,),
        sources=(*alert_sources, *seen_sources, *runbook_sources),
        buttons=incident_buttons(incident),
        footer=_footer(incident),
        about=incident.id,
    )


def incident_buttons(incident: Incident) -> tuple[Button, ...]:
    """What can be done now, most likely first; at most five."""
    look = (
        Button("Catch me up", Call("incident_summary", {"incident": incident.id})),
        _drift_button(incident) if _about_model(incident) else _similar_button(incident),
    )
    if not incident.is_open:
        question = f"Open {incident.id} again?"
        return (Button("Reopen", _update(incident, "reopen"), confirm=question), *look)
    return (_claim_button(incident), _resolve_button(incident), severity_button(incident), *look)


def thread_update(incident: Incident, events: Sequence[Event], people: People = _same) -> Reply:
    """New entries of the time line, for the incident's thread."""
    sources = tuple(Source(e.id, "source", e.url) for e in events if e.url)
    linked = {source.key for source in sources}
    lines = tuple(
        Line(_say_event(event, people), (event.id,) if event.id in linked else ())
        for event in events
    )
    count = "1 update" if len(lines) == 1 else f"{len(lines)} updates"
    return Reply(
        title=f"{incident.id} · {count}",
        tone=_tone(incident),
        sections=(Section(lines=lines),),
        sources=sources,
    )


def incident_list(
    incidents: Sequence[Incident], now: datetime, what: str = "open", people: People = _same
) -> Reply:
    """A table, newest first; `what` says in words which incidents were asked for."""
    if not incidents:
        return Reply(title=f"No {what} incidents", tone=Tone.GOOD, audience=Audience.ASKER)
    shown = incidents[:SHOWN_ROWS]
    plural = "incident" if len(incidents) == 1 else "incidents"
    return Reply(
        title=f"{len(incidents)} {what} {plural}",
        tone=max((_tone(i) for i in incidents), key=_gravity),
        table=Table(
            ("Id", "Severity", "Incident", "State", "Alerts firing", "Owner"),
            tuple(_row(incident, now, people) for incident in shown),
            right=("Alerts firing",),
        ),
        buttons=tuple(
            Button(f"Catch me up on {i.id}", Call("incident_summary", {"incident": i.id}))
            for i in shown[:3]
        ),
        footer=f"the newest {len(shown)} are shown" if len(shown) < len(incidents) else "",
        audience=Audience.ASKER,
    )


def severity_button(incident: Incident) -> Button:
    choice = FormField(
        "value", "Severity", initial=incident.severity.value, options=SEVERITY_OPTIONS
    )
    return Button(
        "Change severity",
        _update(incident, "severity"),
        form=Form(f"Severity of {incident.id}", (choice,), submit="Change"),
    )


def _claim_button(incident: Incident) -> Button:
    if not incident.acknowledged_by:
        return Button("Acknowledge", _update(incident, "ack"), style=Style.PRIMARY)
    label = "Take over" if incident.owner else "Assign to me"
    return Button(label, _update(incident, "assign", "me"))


def _resolve_button(incident: Incident) -> Button:
    firing = len(incident.firing)
    still = f"{_alerts_count(firing)} still firing." if firing else "No alert fires any more."
    fixed = FormField(
        "value",
        "What fixed it?",
        hint="One line helps whoever meets this next time.",
        multiline=True,
        optional=True,
    )
    form = Form(f"Resolve {incident.id}", (fixed,), submit="Resolve", text=still)
    return Button("Resolve", _update(incident, "resolve"), form=form)


def _similar_button(incident: Incident) -> Button:
    return Button("Similar incidents", Call("similar_incidents", {"incident": incident.id}))


def _drift_button(incident: Incident) -> Button:
    """Over the window that the monitor looked at: in a longer one the drift may drown."""
    windows = [s.labels["window"] for s in incident.signals if "window" in s.labels]
    args = {"model": incident.service, **({"window": windows[-1]} if windows else {})}
    return Button("Show drift", Call("model_drift", args))


def _update(incident: Incident, action: str, value: str = "") -> Call:
    args = {"incident": incident.id, "action": action}
    return Call("incident_update", args | ({"value": value} if value else {}))


def _about_model(incident: Incident) -> bool:
    return bool(incident.service) and any(s.kind in _MODEL_KINDS for s in incident.signals)


def _fields(incident: Incident, people: People) -> dict[str, str]:
    return {
        "Severity": incident.severity.value,
        "Service": incident.service or "not known",
        "State": _standing(incident, people),
        "Owner": people(incident.owner) if incident.owner else "nobody yet",
        "Alerts": f"{len(incident.firing)} firing of {len(incident.signals)}",
    }


def say_state(incident: Incident, now: datetime, people: People = _same) -> str:
    """ "open for 12 min, acknowledged by ada"."""
    if incident.resolved_at is not None:
        lasted = say_duration(incident.resolved_at - incident.opened_at)
        return f"resolved after {lasted}"
    age = say_duration(max(now - incident.opened_at, timedelta()))
    return f"{incident.status} for {age}, {_who_has_it(incident, people)}"


def _standing(incident: Incident, people: People) -> str:
    """As `say_state`, for a card that stays: it gives the moment, since an age would grow stale."""
    if not incident.is_open:
        return say_state(incident, incident.updated_at, people)
    since = _clock(incident.opened_at)
    return f"{incident.status} since {since} UTC, {_who_has_it(incident, people)}"


def _who_has_it(incident: Incident, people: People) -> str:
    who = incident.acknowledged_by
    return f"acknowledged by {people(who)}" if who else "not acknowledged"


def _alerts(incident: Incident) -> tuple[Section, tuple[Source, ...]]:
    """The most telling alerts: firing before ended, grave before mild, each rule once."""
    ordered = sorted(
        incident.signals, key=lambda s: (not s.firing, severity_of(s.severity), s.starts_at)
    )
    distinct = {(s.name, s.service): s for s in reversed(ordered)}
    shown = [s for s in ordered if distinct[s.name, s.service] is s][:SHOWN_ALERTS]
    sources = tuple(Source(f"A{n}", "alert", s.url) for n, s in enumerate(shown, start=1) if s.url)
    linked = {source.key for source in sources}
    lines = tuple(
        Line(_say_signal(s, incident.service), (f"A{n}",) if f"A{n}" in linked else ())
        for n, s in enumerate(shown, start=1)
    )
    heading = "Firing now" if incident.firing else "Alerts, all ended"
    return Section(heading, lines, bullets=True), sources


def _say_signal(signal: Signal, service: str) -> str:
    what = name_of(signal)
    place = f" on {signal.service}" if signal.service and signal.service != service else ""
    detail = " ".join(signal.description.split())
    about = f": {detail}" if detail and detail != what else ""
    when = f"since {_clock(signal.starts_at)}"
    if signal.ends_at is not None:
        when = f"{_clock(signal.starts_at)} to {_clock(signal.ends_at)}"
    return f"*{_cut(what + place, 100)}*{_cut(about, LINE_LIMIT)} ({when})"


def _changes(incident: Incident) -> Section:
    """What was changed shortly before, latest first: the first thing anyone asks."""
    latest = sorted(incident.changes, key=lambda change: change.at, reverse=True)
    return Section("Changed shortly before", tuple(map(_say_change, latest[:2])), bullets=True)


def _say_change(change: Change) -> Line:
    by = f" by {change.author}" if change.author else ""
    what = " ".join(filter(None, (change.kind, change.service, change.version)))
    return Line(_cut(f"{_clock(change.at)} *{what}*{by}: {change.summary}", LINE_LIMIT))


def _history(incident: Incident, people: People) -> tuple[Line, ...]:
    return tuple(Line(_say_event(e, people)) for e in incident.timeline[-SHOWN_EVENTS:])


def _say_event(event: Event, people: People) -> str:
    who = "" if event.actor == TANDEM else f"{people(event.actor)} "
    verb = "noted: " if event.kind == "note" else ""
    return _cut(f"{_clock(event.at)} {who}{verb}{event.text}", LINE_LIMIT)


def _similar(hits: Sequence[Hit]) -> tuple[Section, tuple[Source, ...]]:
    shown = [h for h in hits if h.document.kind is DocumentKind.INCIDENT][:SHOWN_SIMILAR]
    lines = tuple(Line(_say_hit(hit), (hit.document.id,)) for hit in shown)
    sources = tuple(Source(h.document.id, h.document.id, h.document.url) for h in shown)
    return Section("Seen before", lines, bullets=True), sources


def _say_hit(hit: Hit) -> str:
    document = hit.document
    date = f" ({document.date})" if document.date else ""
    fixed = f". What fixed it: {document.resolution}" if document.resolution else ""
    return _cut(f"{hit.band}: {document.title}{date}{fixed}", LINE_LIMIT)


def _runbooks(incident: Incident, hits: Sequence[Hit]) -> tuple[Section, tuple[Source, ...]]:
    """Those that the alerts name, then those that the search found."""
    named = {s.runbook_url: f"for {name_of(s)}" for s in incident.signals if s.runbook_url}
    found = {
        h.document.url: h.document.title
        for h in hits
        if h.document.kind is DocumentKind.RUNBOOK and h.document.url
    }
    shown = list((named | found).items())[:SHOWN_SIMILAR]
    lines = tuple(Line(_cut(text, 100), (f"R{n}",)) for n, (_, text) in enumerate(shown, start=1))
    sources = tuple(Source(f"R{n}", "runbook", url) for n, (url, _) in enumerate(shown, start=1))
    return Section("Runbooks", lines, bullets=True), sources


def _footer(incident: Incident) -> str:
    return f"opened {_stamp(incident.opened_at)} · updated {_stamp(incident.updated_at)}"


def _row(incident: Incident, now: datetime, people: People) -> tuple[str, ...]:
    return (
        incident.id,
        incident.severity.value,
        _cut(incident.title, 80),
        say_state(incident, now, people),
        str(len(incident.firing)),
        people(incident.owner) if incident.owner else "nobody",
    )


def _tone(incident: Incident) -> Tone:
    if not incident.is_open:
        return Tone.GOOD
    return _OPEN_TONES.get(incident.severity, Tone.NEUTRAL)


def _gravity(tone: Tone) -> int:
    return (Tone.GOOD, Tone.NEUTRAL, Tone.WARNING, Tone.BAD).index(tone)


def _alerts_count(count: int) -> str:
    return "1 alert is" if count == 1 else f"{count} alerts are"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

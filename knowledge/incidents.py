"""The life cycle of an incident: pure steps from one state to the next.

Every step takes `now` and returns a new Incident with one more Event ("E1", "E2", ...) on its time
line, or the very same one where there is nothing to do. Impossible steps raise BadArgs with the
remedy. People are named by their id.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.errors import BadArgs
from knowledge.records import Change, Event, Incident, Severity, Signal, Status

TANDEM = "Tandem"
"""The actor of what nobody did by hand."""
REOPEN_WITHIN = timedelta(minutes=30)
"""An alert that fires again this soon after the end continues the same incident."""
TITLE_LIMIT = 120

_ID = re.compile(r"\s*#?\s*(?:inc)?[\s_-]*0*(\d{1,9})\s*", re.IGNORECASE)
_LEVEL = re.compile(r"(?:sev|severity|p|prio|priority)?[\s_-]*([1-5])", re.IGNORECASE)
_WORDS = {
    **dict.fromkeys(("critical", "crit", "page", "fatal", "emergency", "disaster"), Severity.SEV1),
    **dict.fromkeys(("error", "err", "high", "major", "severe", "alert"), Severity.SEV2),
    **dict.fromkeys(("warning", "warn", "medium", "moderate", "average"), Severity.SEV3),
    **dict.fromkeys(("minor", "low", "info", "informational", "notice", "debug"), Severity.SEV4),
}
_JOINTS = (" on ", " in ", " for ", " of ", " at ", ": ")
"""What stands between the trouble and its place at the end of a summary."""
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_|(?<=[A-Z])(?=[A-Z][a-z])")


# Names


def incident_number(text: str) -> int | None:
    """12 for "INC-12", "inc12", "INC 12", "#12" and "12"; None for what is no such id."""
    match = _ID.fullmatch(text)
    return int(match[1]) if match else None


def incident_id(number: int) -> str:
    return f"INC-{number}"


def severity_of(word: str, unknown: Severity = Severity.SEV3) -> Severity:
    """A sender's word ("critical", "page", "P1", "warning", ...) as one of ours."""
    return _severity(word) or unknown


def read_severity(text: str, field: str = "value") -> Severity:
    """What a person typed into that field. Raises BadArgs."""
    severity = _severity(text)
    if severity is None:
        levels = ", ".join(Severity)
        raise BadArgs(field, f"{text!r} is no severity", f"Use one of {levels}")
    return severity


def name_of(signal: Signal) -> str:
    """What is wrong, in words and without the service: "High 5xx rate"."""
    text = " ".join((signal.summary or signal.name).split())
    subjects = {signal.service, *signal.labels.values()} - {""}
    for joint in _JOINTS:
        head, found, tail = text.rpartition(joint)
        if found and tail in subjects:
            text = head
    if signal.service and text.lower().startswith(f"{signal.service.lower()}: "):
        text = text[len(signal.service) + 2 :]
    text = text or signal.name
    if " " not in text:
        text = " ".join(_lower(word) for word in _HUMPS.split(text) if word)
    # "p99" and "eth0" are names, not words that begin a sentence.
    starts_with_a_word = not re.match(r"[a-z]{1,3}\d", text)
    return _shorten(text[:1].upper() + text[1:] if starts_with_a_word else text, TITLE_LIMIT)


def instance(signal: Signal) -> tuple[str, datetime]:
    """What makes two deliveries the same alert."""
    return signal.fingerprint, signal.starts_at


# What machines do


def open_from(signals: Sequence[Signal], now: datetime, changes: Sequence[Change] = ()) -> Incident:
    """A draft made of at least one signal; the gravest one gives it its name and severity."""
    if not signals:
        raise BadArgs("signals", "an incident needs at least one")
    merged = merge((), signals)
    first = min(merged, key=lambda s: (not s.firing, severity_of(s.severity), s.starts_at))
    what = name_of(first)
    draft = Incident(
        id="",
        title=_shorten(f"{first.service}: {what}" if first.service else what, TITLE_LIMIT),
        service=first.service,
        severity=min(severity_of(s.severity) for s in merged),
        status=Status.OPEN,
        opened_at=now,
        updated_at=now,
        signals=merged,
        changes=tuple(changes),
    )
    return _with_event(draft, now, "opened", TANDEM, f"opened by {_say(merged)}", first.url)


def with_signals(incident: Incident, signals: Sequence[Signal], now: datetime) -> Incident:
    """The incident after these deliveries, in whatever order and how often they came.

    Repeats change nothing: the very same incident is returned. A new alert that fires reopens an
    incident that was resolved; one that was known to it when it was resolved does not.
    """
    merged = merge(incident.signals, signals)
    if merged == incident.signals:
        return incident
    new = merged[len(incident.signals) :]
    after = replace(incident, signals=merged, updated_at=now)
    fires = [signal for signal in new if signal.firing]
    if fires and not incident.is_open:
        after = _reopened(after, TANDEM, now, f"{_say(fires)} fires again")
    else:
        fresh = _kinds(fires) - _kinds(incident.signals)
        told = [signal for signal in fires if (signal.name, signal.service) in fresh]
        if told:
            after = _with_event(after, now, "alerts", TANDEM, f"also {_say(told)}", told[0].url)
    return _graver(after, fires, now)


def merge(known: Sequence[Signal], more: Iterable[Signal]) -> tuple[Signal, ...]:
    """The latest state of each instance: known ones stay in place, new ones follow.

    An end is final: an instance that fires again has another `starts_at`, so a firing copy that
    comes after the end is an old one that was late.
    """
    states = {instance(signal): signal for signal in known}
    for signal in more:
        old = states.get(instance(signal))
        if old is None or _replaces(signal, old):
            states[instance(signal)] = signal
    return tuple(states.values())


def resolve_when_quiet(
    incident: Incident, now: datetime, quiet: timedelta = timedelta()
) -> Incident:
    """Resolved when each of its signals has ended, the last one at least `quiet` ago."""
    if not incident.is_open or not incident.signals or incident.firing:
        return incident
    # The sender's clock may be ahead of ours; an end is not later than when we heard of it.
    last = max(min(s.ends_at or s.received_at, s.received_at) for s in incident.signals)
    if max(now - last, timedelta()) < quiet:
        return incident
    return _resolved(incident, TANDEM, now, "", "resolved: all alerts have ended")


# What people do


def acknowledge(incident: Incident, user: str, now: datetime) -> Incident:
    """Somebody looks at it; they own it if nobody does."""
    _need_open(incident, "acknowledge")
    if incident.acknowledged_by == user:
        return incident
    if incident.acknowledged_by:
        raise BadArgs(
            "action", f"{incident.id} is acknowledged already", "Assign it to take it over"
        )
    after = replace(incident, acknowledged_by=user, owner=incident.owner or user)
    return _with_event(after, now, "acknowledged", user, "acknowledged")


def assign(incident: Incident, owner: str, by: str, now: datetime, name: str = "") -> Incident:
    """`owner` answers for it now; `name` is how the time line calls them."""
    if not owner.strip():
        raise BadArgs("value", "it names nobody", "Say whom to assign it to")
    if incident.owner == owner:
        return incident
    after = replace(incident, owner=owner, acknowledged_by=incident.acknowledged_by or by)
    text = "took it over" if owner == by else f"assigned it to {name or owner}"
    return _with_event(after, now, "assigned", by, text)


def set_severity(incident: Incident, severity: Severity, by: str, now: datetime) -> Incident:
    """A person's word stands: signals do not raise it any more."""
    if incident.severity is severity:
        return incident
    text = f"changed the severity from {incident.severity} to {severity}"
    return _with_event(replace(incident, severity=severity), now, "severity", by, text)


def add_note(incident: Incident, text: str, by: str, now: datetime) -> Incident:
    if not text.strip():
        raise BadArgs("value", "the note is empty", "Write what to note down")
    return _with_event(incident, now, "note", by, text.strip())


def resolve(incident: Incident, by: str, now: datetime, resolution: str = "") -> Incident:
    if not incident.is_open:
        raise BadArgs(
            "action", f"{incident.id} is resolved already", "Reopen it first, or add a note"
        )
    text = f"resolved: {resolution.strip()}" if resolution.strip() else "resolved"
    return _resolved(incident, by, now, resolution.strip(), text)


def reopen(incident: Incident, by: str, now: datetime) -> Incident:
    if incident.is_open:
        raise BadArgs(
            "action", f"{incident.id} is not resolved", "Only resolved incidents can be reopened"
        )
    return _reopened(incident, by, now, "reopened")


# The parts


def _with_event(
    incident: Incident, now: datetime, kind: str, actor: str, text: str, url: str = ""
) -> Incident:
    event = Event(f"E{len(incident.timeline) + 1}", now, kind, actor, text, url)
    return replace(incident, timeline=(*incident.timeline, event), updated_at=now)


def _resolved(incident: Incident, by: str, now: datetime, resolution: str, text: str) -> Incident:
    after = replace(
        incident,
        status=Status.RESOLVED,
        resolved_at=now,
        resolution=resolution or incident.resolution,
    )
    return _with_event(after, now, "resolved", by, text)


def _reopened(incident: Incident, by: str, now: datetime, text: str) -> Incident:
    after = replace(incident, status=Status.OPEN, resolved_at=None)
    return _with_event(after, now, "reopened", by, text)


def _graver(incident: Incident, fires: Sequence[Signal], now: datetime) -> Incident:
    worst = min((severity_of(s.severity) for s in fires), default=incident.severity)
    decided = any(e.kind == "severity" and e.actor != TANDEM for e in incident.timeline)
    return (
        incident
        if decided or worst >= incident.severity
        else set_severity(incident, worst, TANDEM, now)
    )


def _replaces(new: Signal, old: Signal) -> bool:
    if new.firing != old.firing:
        return old.firing
    if replace(new, received_at=old.received_at) == old:
        return False
    # Two copies of one moment (replicas) differ in little; any fixed order will do.
    return _order(new) > _order(old)


def _order(signal: Signal) -> tuple[datetime, datetime, str, str, str]:
    ends_at = signal.ends_at or signal.starts_at
    return signal.received_at, ends_at, signal.value, signal.summary, signal.url


def _need_open(incident: Incident, action: str) -> None:
    if not incident.is_open:
        raise BadArgs(
            "action", f"{incident.id} is resolved, there is nothing to {action}", "Reopen it first"
        )


def _kinds(signals: Iterable[Signal]) -> set[tuple[str, str]]:
    return {(signal.name, signal.service) for signal in signals}


def _say(signals: Sequence[Signal], most: int = 3) -> str:
    """ "High 5xx rate on checkout, Pool exhausted on payment and 4 more"."""
    names = [name_of(s) + (f" on {s.service}" if s.service else "") for s in signals]
    distinct = list(dict.fromkeys(names))
    rest = len(distinct) - most
    return ", ".join(distinct[:most]) + (f" and {rest} more" if rest > 0 else "")


def _severity(text: str) -> Severity | None:
    word = text.strip().lower()
    level = _LEVEL.fullmatch(word)
    if level:
        return Severity(f"SEV{min(int(level[1]), 4)}")
    return _WORDS.get(word)


def _lower(word: str) -> str:
    return word if word.isupper() and len(word) > 1 else word.lower()


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

"""The life cycle of an incident: pure steps from one state to the next.

Every step takes `now` and returns a new Incident with one more Event ("E1", "E2", ...) on its time
line, or the very same one where there is nothing to do. Impossible steps raise BadArgs with the
remedy. People are named by their id.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.errors import BadArgs
from knowledge.records import Change, Event, Incident, Message, Severity, Signal, Status

TANDEM = "Tandem"
"""The actor of what nobody did by hand."""
REOPEN_WITHIN = timedelta(minutes=30)
"""An alert that fires again this soon after the end continues the same incident."""
MOST_SIGNALS = 2_000
"""An incident that has more keeps only the latest instance of each fingerprint."""
LONGEST_QUIET = timedelta(minutes=30)
"""However often an incident came back, so long a silence ends it."""
_RETURNED_QUIET = timedelta(minutes=5)
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


def start_is_unknown(signal: Signal) -> bool:
    """Whether it is an end whose sender did not say when the alert began.

    Such an end is over what fires under its fingerprint and began before it.
    """
    return signal.ends_at is not None and signal.ends_at == signal.starts_at


def counted(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """The alerts among them: an end that only tells of others is none of its own."""
    if not any(map(start_is_unknown, signals)):
        return tuple(signals)
    known = {s.fingerprint for s in signals if not start_is_unknown(s)}
    return tuple(s for s in signals if s.fingerprint not in known or not start_is_unknown(s))


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
    incident that was resolved; one that was known to it when it was resolved does not. One that was
    merged into another takes no more alerts: whoever holds its id follows `merged_into`.
    """
    if incident.merged_into:
        return incident
    merged = bounded(merge(incident.signals, signals))
    if merged == incident.signals:
        return incident
    known = set(map(instance, incident.signals))
    new = [signal for signal in merged if instance(signal) not in known]
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
    comes after the end is an old one that was late. An end that does not say when its alert began
    ends every instance of its fingerprint that began before it, whichever came first.
    """
    states = {instance(signal): signal for signal in known}
    for signal in more:
        old = states.get(instance(signal))
        if old is None or _replaces(signal, old):
            states[instance(signal)] = signal
    return _with_ends(tuple(states.values()))


def bounded(signals: Sequence[Signal], most: int = MOST_SIGNALS) -> tuple[Signal, ...]:
    """As they are up to `most`; else the latest instance of each fingerprint, where its first was.

    More than `most` remain when there are more fingerprints than that.
    """
    if len(signals) <= most:
        return tuple(signals)
    latest: dict[str, Signal] = {}
    for signal in signals:
        held = latest.get(signal.fingerprint)
        if held is None or signal.starts_at > held.starts_at:
            latest[signal.fingerprint] = signal
    return tuple(latest.values())


def resolve_when_quiet(
    incident: Incident, now: datetime, quiet: timedelta = timedelta()
) -> Incident:
    """Resolved when each of its signals has ended, the last one at least `quiet` ago; longer where
    it keeps coming back (`quiet_needed`). What a person opened, a person resolves."""
    if not incident.is_open or not incident.signals or incident.firing:
        return incident
    if incident.timeline and incident.timeline[0].actor != TANDEM:
        return incident
    quiet = quiet_needed(incident, quiet)
    # The sender's clock may be ahead of ours; an end is not later than when we heard of it.
    last = max(min(s.ends_at or s.received_at, s.received_at) for s in incident.signals)
    if max(now - last, timedelta()) < quiet:
        return incident
    return _resolved(incident, TANDEM, now, "", "resolved: all alerts have ended")


def quiet_needed(incident: Incident, quiet: timedelta) -> timedelta:
    """How long it must be quiet before it resolves itself.

    The first return is taken as a new bout of the same trouble. From the second on it is flapping:
    the wait is five minutes and doubles each time, up to half an hour, so that people are told of
    the end once and not at every pause.
    """
    returns = sum(e.kind == "reopened" and e.actor == TANDEM for e in incident.timeline)
    if returns < 2:
        return quiet
    # The exponent is bounded too: a year of flapping must not overflow.
    return max(quiet, min(_RETURNED_QUIET * (1 << min(returns - 2, 10)), LONGEST_QUIET))


def add_change(incident: Incident, change: Change, now: datetime) -> Incident:
    """A change that came to be known while the incident was there already."""
    if any(known.id == change.id for known in incident.changes):
        return incident
    after = replace(incident, changes=(*incident.changes, change))
    what = " ".join(filter(None, (change.kind, change.service, change.version)))
    says = f"{what}: {change.summary}" if change.summary else what
    actor = change.author or TANDEM
    return _with_event(after, now, "change", actor, _one_line(says), change.url, change.at)


# Merging and splitting


def take_over(
    incident: Incident, other: Incident, by: str, now: datetime, says: str = ""
) -> Incident:
    """The incident with all that `other` had: alerts, changes, and whoever was on it.

    It keeps its own id, title and owner, and is as old as the older of the two. `says` is the
    reason: "shares payment". Do this before `merge_into`, which lets go of the alerts: after a
    crash between the two, both are done again and nothing is lost or told twice.
    """
    _need_its_own(incident)
    if other.id == incident.id:
        raise BadArgs("into", f"{incident.id} is itself", "Name two different incidents")
    signals = bounded(merge(incident.signals, other.signals))
    told = any(
        e.kind == "merged" and e.text.startswith(f"{other.id} was ") for e in incident.timeline
    )
    if told and signals == incident.signals:
        return incident
    known = {change.id for change in incident.changes}
    after = replace(
        incident,
        signals=signals,
        changes=(*incident.changes, *(c for c in other.changes if c.id not in known)),
        opened_at=min(incident.opened_at, other.opened_at),
        owner=incident.owner or other.owner,
        acknowledged_by=incident.acknowledged_by or other.acknowledged_by,
        suspects=incident.suspects or other.suspects,
    )
    after = _with_event(
        after, now, "merged", by, _because(f"{other.id} was merged in{_brought(other)}", says)
    )
    if other.firing and not after.is_open:
        text = f"{_say(other.firing)} still fires"
        after = _reopened(after, by, now, text, other.acknowledged_by)
    return _graver(after, other.firing, now)


def merge_into(
    incident: Incident, into_id: str, by: str, now: datetime, says: str = ""
) -> Incident:
    """Over, and gone on with as `into_id`, which has its alerts now (see `take_over`)."""
    if incident.merged_into == into_id:
        return incident
    _need_its_own(incident)
    if incident.id == into_id:
        raise BadArgs("into", f"{into_id} is itself", "Name two different incidents")
    after = replace(
        incident,
        status=Status.RESOLVED,
        resolved_at=incident.resolved_at or now,
        merged_into=into_id,
        signals=(),
    )
    text = f"merged into {into_id}{_brought(incident)}"
    return _with_event(after, now, "merged", by, _because(text, says))


def without_signals(
    incident: Incident,
    keys: Collection[tuple[str, datetime]],
    by: str,
    now: datetime,
    says: str = "",
) -> Incident:
    """The incident after the alerts of these keys (`instance`) left it, to another or to none.

    `says` tells where to or why: "split into INC-9". When nothing is left it is resolved.
    """
    gone = [signal for signal in incident.signals if instance(signal) in keys]
    if not gone:
        return incident
    left = tuple(signal for signal in incident.signals if instance(signal) not in keys)
    after = _about_what_is_left(replace(incident, signals=left))
    after = _with_event(
        after, now, "split", by, _because(f"{_say(counted(gone))} left it", says), gone[0].url
    )
    if left or not after.is_open:
        return after
    return _resolved(after, by, now, "", "resolved: none of its alerts belong to it")


# What people do


def declare(
    title: str, service: str, severity: Severity, by: str, now: datetime, text: str = ""
) -> Incident:
    """A draft that a person opens, before any alert or without one."""
    if not title.strip():
        raise BadArgs("title", "it is empty", "Say in a few words what is wrong")
    draft = Incident(
        id="",
        title=_shorten(_one_line(title), TITLE_LIMIT),
        service=service.strip(),
        severity=severity,
        status=Status.OPEN,
        opened_at=now,
        updated_at=now,
    )
    says = f": {text.strip()}" if text.strip() else ""
    return _with_event(draft, now, "opened", by, f"opened it by hand{says}")


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


def unacknowledge(incident: Incident, user: str, now: datetime) -> Incident:
    """Nobody looks at it any more: who acknowledged it gives it back, with the ownership."""
    _need_open(incident, "give back")
    if not incident.acknowledged_by:
        return incident
    owner = "" if incident.owner == incident.acknowledged_by else incident.owner
    after = replace(incident, acknowledged_by="", owner=owner)
    return _with_event(after, now, "unacknowledged", user, "gave it back: nobody looks at it now")


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


def add_message(incident: Incident, message: Message, now: datetime) -> Incident:
    """A chat message becomes an entry of the time line, at the time and by the person of the
    message; once, however often it is put there."""
    if not message.text.strip():
        raise BadArgs("text", "the message holds no text", "Add a note instead")
    text = message.text.strip()
    same = (message.at, message.user, text)
    if any(e.kind == "message" and (e.at, e.actor, e.text) == same for e in incident.timeline):
        return incident
    return _with_event(incident, now, "message", message.user, text, message.url, message.at)


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
    if incident.merged_into:
        raise BadArgs(
            "action",
            f"{incident.id} goes on as {incident.merged_into}",
            f"Split {incident.merged_into} to take its alerts out again",
        )
    return _reopened(incident, by, now, "reopened")


def set_cause(incident: Incident, cause: str, by: str, now: datetime) -> Incident:
    """What it was, by a person's word; the very same incident when that is known already. An
    incident that is over may still learn its cause."""
    said = _one_line(cause)
    if not said:
        raise BadArgs("cause", "it is empty", "Say in a few words what it was")
    if incident.cause == said:
        return incident
    return _with_event(replace(incident, cause=said), now, "cause", by, f"found the cause: {said}")


def record(
    incident: Incident, kind: str, by: str, now: datetime, text: str, url: str = ""
) -> Incident:
    """Something that was done about it and changes nothing else, as an entry of the time line:
    "paged", "ticket", "channel", "update" ..."""
    return _with_event(incident, now, kind, by, text, url)


# The parts


def _with_event(
    incident: Incident,
    now: datetime,
    kind: str,
    actor: str,
    text: str,
    url: str = "",
    at: datetime | None = None,
) -> Incident:
    """`at`: when it happened, where that is not now."""
    event = Event(f"E{len(incident.timeline) + 1}", at or now, kind, actor, text, url)
    return replace(incident, timeline=(*incident.timeline, event), updated_at=now)


def _resolved(incident: Incident, by: str, now: datetime, resolution: str, text: str) -> Incident:
    after = replace(
        incident,
        status=Status.RESOLVED,
        resolved_at=now,
        resolution=resolution or incident.resolution,
    )
    return _with_event(after, now, "resolved", by, text)


def _reopened(
    incident: Incident, by: str, now: datetime, text: str, acknowledged_by: str = ""
) -> Incident:
    """Whoever had acknowledged it before may have left: it is to be acknowledged again."""
    after = replace(incident, status=Status.OPEN, resolved_at=None, acknowledged_by=acknowledged_by)
    return _with_event(after, now, "reopened", by, text)


def _graver(incident: Incident, fires: Sequence[Signal], now: datetime) -> Incident:
    worst = min((severity_of(s.severity) for s in fires), default=incident.severity)
    decided = any(e.kind == "severity" and e.actor != TANDEM for e in incident.timeline)
    return (
        incident
        if decided or worst >= incident.severity
        else set_severity(incident, worst, TANDEM, now)
    )


def _with_ends(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Ends whose own start is unknown, applied to the others of their fingerprint."""
    ends: dict[str, list[datetime]] = {}
    for signal in signals:
        if start_is_unknown(signal):
            ends.setdefault(signal.fingerprint, []).append(signal.starts_at)
    if not ends:
        return signals
    return tuple(_ended(s, ends[s.fingerprint]) if s.fingerprint in ends else s for s in signals)


def _ended(signal: Signal, ends: Sequence[datetime]) -> Signal:
    """A firing one ends at the first of `ends` after its start."""
    after = [end for end in ends if end > signal.starts_at]
    return replace(signal, ends_at=min(after)) if signal.firing and after else signal


def _about_what_is_left(incident: Incident) -> Incident:
    """Named anew when none of its alerts is about the service that it was named after."""
    left = incident.signals
    if not left or not incident.service or incident.service in {s.service for s in left}:
        return incident
    draft = open_from(left, incident.opened_at)
    return replace(incident, title=draft.title, service=draft.service)


def _brought(incident: Incident) -> str:
    alerts = len(counted(incident.signals))
    return f" with its {alerts} alerts" if alerts > 1 else " with its alert" if alerts else ""


def _because(text: str, says: str) -> str:
    return f"{text}: {_one_line(says)}" if says.strip() else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _need_its_own(incident: Incident) -> None:
    if incident.merged_into:
        raise BadArgs(
            "incident",
            f"{incident.id} was merged into {incident.merged_into} already",
            f"Name {incident.merged_into} instead",
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

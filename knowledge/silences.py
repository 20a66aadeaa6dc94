"""Pure: which alerts a silence hides, what one would have hidden, and which ones are let through.

Matchers mean what they mean in Alertmanager: `=`, `!=`, `=~` and `!~`, regular expressions on the
whole value, a missing label is the empty text, and all matchers of a silence must hold.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import lru_cache

from knowledge.durations import is_duration, parse_duration, say_duration
from knowledge.errors import BadArgs
from knowledge.patterns import Pattern
from knowledge.records import AlertRecord, Event, Incident, Matcher, Severity, Signal, Silence

LONGEST = timedelta(days=30)
MOST_MATCHERS = 10
LONGEST_TEXT = 500
"""Characters of all matchers together, as typed."""
EVERYTHING = (Matcher("name", "=~", ".*"),)
"""What the one word "everything" means; nothing else may match all there is."""
GRAVE = frozenset({Severity.SEV1, Severity.SEV2})

TeamOf = Callable[[str], str]
"""The team that owns a service, or empty."""
Test = Callable[[str], bool]

_EXAMPLE = "Write for example service=checkout alertname=~'Disk.*'"
_PART = re.compile(
    r"""\s*[,{}]?\s*(?P<label>[A-Za-z_][\w.\-/]*)\s*(?P<op>=~|!~|!=|==?)
    (?:\s*"(?P<double>(?:\\.|[^"\\])*)"|\s*'(?P<single>(?:\\.|[^'\\])*)'
    |\s*[“”](?P<curly>[^“”]*)[“”]|\s*[‘’](?P<bent>[^‘’]*)[‘’]
    |\s+(?P<apart>[^\s,=~!"'{}“”‘’]+)(?=[\s,}]|$)|(?P<bare>[^\s,"'{}“”‘’]*))
    \s*(?=[\s,{}]|$)[,}]?\s*""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[\s,{}]*([^\s,]+)")
_BARE = re.compile(r"(?![=~!])[^\s,\"'{}“”‘’\\]+")
_ODD_VALUE = "\x00 no value of any label \x00"
"""Who matches this, and the empty text, matches anything."""


# Matchers


def parse_matchers(text: str, field: str = "match") -> tuple[Matcher, ...]:
    """ "service=checkout alertname=~'Disk.*'", as for amtool, or "everything".

    Raises BadArgs, naming the part that cannot be read and the remedy.
    """
    text = text.strip()
    if text.lower() in ("everything", "all alerts"):
        return EVERYTHING
    if len(text) > LONGEST_TEXT:
        problem = f"it has {len(text)} characters, {LONGEST_TEXT} is the most"
        raise BadArgs(field, problem, "Make two silences, or match a label that they share")
    found: list[Matcher] = []
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part.end() == at:
            raise _unreadable(text[at:], field)
        found.append(_matcher(part))
        at = part.end()
    check_matchers(found, field)
    return tuple(dict.fromkeys(found))


def say_matchers(matchers: Iterable[Matcher]) -> str:
    """As `parse_matchers` reads it back."""
    matchers = tuple(matchers)
    if matchers == EVERYTHING:
        return "everything"
    return " ".join(f"{m.label}{m.op}{_quoted(m.value)}" for m in matchers)


def matchers_of(services: Iterable[str], rules: Iterable[str]) -> tuple[Matcher, ...]:
    """Alerts of these rules on these services; without rules all of theirs."""
    named = (("service", services), ("alertname", rules))
    return tuple(
        _one_of(label, sorted({v for v in values if v})) for label, values in named if any(values)
    )


def check_matchers(matchers: Sequence[Matcher], field: str = "match") -> None:
    """Raises BadArgs for none, too many, a bad pattern, and those that would match anything."""
    if not matchers:
        raise BadArgs(field, "it names no alerts", _EXAMPLE)
    if len(matchers) > MOST_MATCHERS:
        raise BadArgs(field, f"it has {len(matchers)} conditions", f"{MOST_MATCHERS} are the most")
    if tuple(matchers) == EVERYTHING:
        return
    if not any(_says_something(_test(m, field)) for m in matchers):
        raise BadArgs(
            field,
            f"{say_matchers(matchers)} would hide nearly every alert",
            "Name a service or a rule with = or =~. If you mean all alerts, write: everything",
        )


def _says_something(test: Test) -> bool:
    return not test("") and not test(_ODD_VALUE)


def _matcher(part: re.Match[str]) -> Matcher:
    op = "=" if part["op"] == "==" else part["op"]
    for name in ("curly", "bent", "apart", "bare"):
        if part[name] is not None:
            return Matcher(part["label"], op, part[name])
    quoted = part["double"] if part["double"] is not None else part["single"]
    # Only what is needed to write the quotation marks: other backslashes belong to the pattern.
    return Matcher(part["label"], op, re.sub(r"\\([\\\"'])", r"\1", quoted))


def _unreadable(rest: str, field: str) -> BadArgs:
    word = _WORD.match(rest)
    part = word[1] if word else rest.strip()
    if not re.search(r"=|!~", part):
        return BadArgs(field, f"{part!r} has no =, !=, =~ or !~", _EXAMPLE)
    if re.match(r"[=!~]", part):
        return BadArgs(field, f"{part!r} names no label", _EXAMPLE)
    if part.count('"') % 2 or part.count("'") % 2:
        return BadArgs(field, f"a quotation mark is not closed in {part!r}", "Close it")
    return BadArgs(field, f"{part!r} cannot be read", f"Put its value in quotes. {_EXAMPLE}")


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    kept = re.sub(r"\\(?=[\\\"']|$)", r"\\\\", value)
    return '"' + kept.replace('"', '\\"') + '"'


def _one_of(label: str, values: Sequence[str]) -> Matcher:
    if len(values) == 1:
        return Matcher(label, "=", values[0])
    return Matcher(label, "=~", "|".join(map(_literal, values)))


def _literal(value: str) -> str:
    """As a pattern that matches just this; `re.escape` would put backslashes before hyphens."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", value)


# What is hidden


@lru_cache(maxsize=4096)
def _test(matcher: Matcher, field: str = "match") -> Test:
    """Raises BadArgs for an operator or a pattern that cannot be used."""
    wanted = matcher.value
    if matcher.op == "=":
        return lambda value: value == wanted
    if matcher.op == "!=":
        return lambda value: value != wanted
    if matcher.op not in ("=~", "!~"):
        raise BadArgs(field, f"{matcher.op!r} is no operator", "Use =, !=, =~ or !~")
    try:
        pattern = Pattern(wanted)
    except ValueError as error:
        problem = f"{matcher.label}{matcher.op}{wanted!r} is no usable pattern: {error}"
        raise BadArgs(field, problem, "Write letters, .*, [..], (a|b); \\. for a dot") from None
    if matcher.op == "=~":
        return pattern.matches
    return lambda value: not pattern.matches(value)


_VIRTUAL: Mapping[str, Callable[[Signal], str]] = {
    "name": lambda s: s.name,
    "service": lambda s: s.service or s.labels.get("service", ""),
    "severity": lambda s: s.severity or s.labels.get("severity", ""),
    "source": lambda s: s.source,
    # Not every sender has Prometheus's label; people know rules by it all the same.
    "alertname": lambda s: s.labels.get("alertname") or s.name,
}


def value_of(signal: Signal, label: str, team_of: TeamOf | None = None) -> str:
    """A label's value, or what is known under one of the names that `Matcher` describes."""
    if label == "team":
        known = team_of(_VIRTUAL["service"](signal)) if team_of else ""
        return known or signal.labels.get("team", "")
    read = _VIRTUAL.get(label)
    return read(signal) if read else signal.labels.get(label, "")


def matches(signal: Signal, matchers: Iterable[Matcher], team_of: TeamOf | None = None) -> bool:
    """Do all of them hold?"""
    return all(_test(m)(value_of(signal, m.label, team_of)) for m in matchers)


class Silencer:
    """Silences made ready for many alerts: those that ask for one value of a label are found by
    that value, so their number costs nothing; only the others are tried one by one."""

    def __init__(self, silences: Iterable[Silence], team_of: TeamOf | None = None) -> None:
        self._team_of = team_of
        self._by_value: dict[str, dict[str, list[Silence]]] = {}
        self._others: list[Silence] = []
        for silence in silences:
            exact = next((m for m in silence.matchers if m.op == "="), None)
            if exact is None:
                self._others.append(silence)
            else:
                values = self._by_value.setdefault(exact.label, {})
                values.setdefault(exact.value, []).append(silence)

    def hides(self, signal: Signal, at: datetime) -> Silence | None:
        """The silence that hides it then; of several the one that holds longest."""
        candidates = list(self._others)
        for label, values in self._by_value.items():
            candidates += values.get(value_of(signal, label, self._team_of), ())
        hiding = [
            silence
            for silence in candidates
            if holds(silence, at) and matches(signal, silence.matchers, self._team_of)
        ]
        return max(hiding, key=lambda s: s.ends_at, default=None)


@lru_cache(maxsize=8)
def _silencer(silences: tuple[Silence, ...], team_of: TeamOf | None) -> Silencer:
    return Silencer(silences, team_of)


def silenced_by(
    signal: Signal, silences: Iterable[Silence], at: datetime, team_of: TeamOf | None = None
) -> Silence | None:
    """The silence that hides the alert at that time, or None. For a stream of alerts keep one
    `Silencer` for as long as the silences stay the same."""
    return _silencer(tuple(silences), team_of).hides(signal, at)


def holds(silence: Silence, at: datetime) -> bool:
    return silence.starts_at <= at < silence.ends_at


def released(records: Iterable[AlertRecord], silencer: Silencer, at: datetime) -> list[AlertRecord]:
    """Those that fire still and are hidden no more: from now on they count."""
    return [
        r for r in records if r.signal.firing and r.silence and not silencer.hides(r.signal, at)
    ]


# What may be made


def parse_start(text: str, now: datetime) -> datetime:
    """ "", "now", "in 2h", "22:00" (the next one) or "2026-03-05 22:00", in UTC. Raises BadArgs."""
    said = text.strip().lower().removesuffix("utc").strip()
    if said in ("", "now"):
        return now
    length = said.removeprefix("in ")
    if is_duration(length):
        return now + parse_duration(length)
    try:
        at = datetime.combine(now.date(), time.fromisoformat(said), now.tzinfo)
        return at if at > now else at + timedelta(days=1)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        remedy = "Write for example in 2h, 22:00 or 2026-03-05 22:00 (UTC)"
        raise BadArgs("start", f"{text.strip()[:60]!r} is no time", remedy) from None
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def check_silence(draft: Silence, now: datetime) -> None:
    """Raises BadArgs for a silence without an end, one too long, over, or of nearly everything."""
    check_matchers(draft.matchers)
    if draft.ends_at <= draft.starts_at:
        raise BadArgs("duration", "it ends before it begins", "Write for example 2h")
    if draft.ends_at <= now:
        raise BadArgs("start", "that time is over", "Write a time to come, or leave it out")
    if draft.ends_at - draft.starts_at > LONGEST:
        raise BadArgs(
            "duration",
            f"{say_duration(draft.ends_at - draft.starts_at)} is too long",
            f"A silence holds {LONGEST.days} days at most; then somebody should look again",
        )


def noted(incident: Incident, silence: Silence, now: datetime) -> Incident:
    """The incident with the silence on its time line."""
    reason = f" because {silence.reason}" if silence.reason else ""
    until = f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
    text = f"silenced {say_matchers(silence.matchers)} until {until} ({silence.id}){reason}"
    event = Event(f"E{len(incident.timeline) + 1}", now, "silenced", silence.created_by, text)
    return replace(incident, timeline=(*incident.timeline, event), updated_at=now)


# What would have been hidden


@dataclass(frozen=True)
class Effect:
    """An incident of which some alerts would have been hidden."""

    incident: str
    hidden: int
    alerts: int
    severity: Severity | None = None
    """None where the incident itself is not known."""
    title: str = ""

    @property
    def whole(self) -> bool:
        """Would it never have been opened?"""
        return self.hidden == self.alerts


@dataclass(frozen=True)
class Preview:
    """What matchers would have hidden of alerts that came."""

    seen: int
    """Alert instances looked at."""
    hidden: int
    deliveries: int
    """How often the hidden ones were sent."""
    by_rule: tuple[tuple[str, int], ...] = ()
    """Hidden alerts by rule, the most first."""
    by_service: tuple[tuple[str, int], ...] = ()
    effects: tuple[Effect, ...] = ()
    """Whole ones first, the gravest first."""

    @property
    def prevented(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if e.whole)

    @property
    def shrunk(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if not e.whole)

    @property
    def warning(self) -> str:
        """Of grave incidents that nobody would have been told of; empty where there is none."""
        grave = [e for e in self.prevented if e.severity in GRAVE]
        if not grave:
            return ""
        named = ", ".join(f"{e.incident} ({e.severity})" for e in grave[:3])
        more = f" and {len(grave) - 3} more" if len(grave) > 3 else ""
        return f"It would have hidden {named}{more} altogether."


def preview(
    records: Iterable[AlertRecord],
    matchers: Sequence[Matcher],
    incident: Callable[[str], Incident | None] = lambda incident_id: None,
    team_of: TeamOf | None = None,
) -> Preview:
    """What the matchers would have hidden of these. `incident` looks one up by its id."""
    seen = deliveries = 0
    rules: Counter[str] = Counter()
    services: Counter[str] = Counter()
    members: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for record in records:
        seen += 1
        members[record.incident] += 1
        if not matches(record.signal, matchers, team_of):
            continue
        deliveries += record.deliveries
        rules[record.signal.name] += 1
        services[_VIRTUAL["service"](record.signal) or "not known"] += 1
        taken[record.incident] += 1
    del members[""], taken[""]
    effects = [_effect(name, count, members[name], incident(name)) for name, count in taken.items()]
    return Preview(
        seen=seen,
        hidden=rules.total(),
        deliveries=deliveries,
        by_rule=_most_first(rules),
        by_service=_most_first(services),
        effects=tuple(sorted(effects, key=_by_gravity)),
    )


def _effect(name: str, hidden: int, alerts: int, incident: Incident | None) -> Effect:
    if incident is None:
        return Effect(name, hidden, alerts)
    # The incident may have begun before the records did.
    return Effect(
        name, hidden, max(alerts, len(incident.signals)), incident.severity, incident.title
    )


def _by_gravity(effect: Effect) -> tuple[bool, str, int, str]:
    return not effect.whole, effect.severity or "SEV5", -effect.hidden, effect.incident


def _most_first(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

"""Pure: a sender's own JSON, read by a mapping in the settings file -> signals or changes.

    [sources.acme.map]
    alerts = "$.alerts"
    name = ["$.title", "$.rule.name"]
    status = "$.state"
    firing = ["open"]
    resolved = ["closed"]

A text that begins with `$` is a path: `$` is one alert (or change), `$root` the whole body,
`.name` or `["a name"]` a field, `[0]` an item of a list. Any other text stands for itself. Of a
list, the first that says something counts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from bot.webhooks.fields import (
    Fields,
    bounded,
    digest,
    fires,
    kind,
    read_json,
    said,
    span,
    tags,
    take_each,
    word_of,
)
from bot.webhooks.parsed import Parsed, ParsedChanges
from knowledge.errors import BadArgs
from knowledge.records import Change, Signal

_STEP = re.compile(r"\.([^.\[\]\s]+)|\[(\d+)\]|\[\"([^\"]+)\"\]|\['([^']+)'\]")


@dataclass(frozen=True)
class Path:
    """Where in the JSON a value stands; `constant` stands for itself instead."""

    text: str
    steps: tuple[str | int, ...] = ()
    from_root: bool = False
    constant: bool = False

    @classmethod
    def read(cls, text: str) -> "Path":
        """Raises ValueError for a path that is none."""
        if not text.startswith("$"):
            return cls(text, constant=True)
        from_root = re.match(r"\$root(?=[.\[]|$)", text) is not None
        rest = text.removeprefix("$root" if from_root else "$")
        steps: list[str | int] = []
        while rest:
            found = _STEP.match(rest)
            if found is None:
                raise ValueError(f"{text!r} is no path; write $.field, $.list[0] or $root.field")
            steps.append(int(found[2]) if found[2] else found[1] or found[3] or found[4])
            rest = rest[found.end() :]
        return cls(text, tuple(steps), from_root)

    def of(self, here: "Here") -> Any:
        """The value; None where there is none."""
        if self.constant:
            return self.text
        value: Any = here.root if self.from_root else here.item
        for step in self.steps:
            if isinstance(value, Mapping) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def at(self, here: "Here") -> str:
        """As errors name it: "alerts[3].state"."""
        steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps)
        prefix = "" if self.from_root else here.place
        return f"{prefix}{steps}".lstrip(".") or "body"


Paths = tuple[Path, ...]


@dataclass(frozen=True)
class Here:
    """One alert or change of a body."""

    item: Any
    root: Any
    place: str = ""

    def word(self, paths: Paths) -> str:
        """The first that says something; empty where none does."""
        for path in paths:
            value = path.of(self)
            if isinstance(value, dict | list):
                raise BadArgs(
                    path.at(self), f"{kind(value)}, not a text", "Map a path to a plain value"
                )
            if word := word_of(value):
                return word
        return ""

    def moment(self, paths: Paths) -> datetime | None:
        for path in paths:
            # `Fields` names the place itself, so it is given the last part of it.
            before, dot, last = path.at(self).rpartition(".")
            moment = Fields({last: path.of(self)}, before if dot else "").moment(last)
            if moment is not None:
                return moment
        return None


@dataclass(frozen=True)
class Only:
    """Items are taken only where the value at `path` is one of `words` (in lower case)."""

    path: Path
    words: frozenset[str]


@dataclass(frozen=True)
class AlertMap:
    """How one sender's alerts are read. `fields` has a path for each of FIELDS that is mapped."""

    fields: Mapping[str, Paths]
    items: Path | None = None
    """Where the list of alerts is; None where the body is one alert or a list of them."""
    firing: tuple[str, ...] = ("firing",)
    resolved: tuple[str, ...] = ("resolved",)
    severities: Mapping[str, str] = field(default_factory=dict)
    """The sender's word, in lower case, -> the severity it means."""
    labels: Mapping[str, Paths] = field(default_factory=dict)
    labels_from: Paths = ()
    """Objects, or lists of "name:value", whose parts all become labels."""
    fingerprint_of: Paths = ()
    """Values that together tell one alert from another."""
    only: tuple[Only, ...] = ()


ALERT_FIELDS = (
    *("name", "status", "fingerprint", "starts_at", "ends_at", "service", "severity"),
    *("summary", "description", "value", "url", "runbook_url"),
)
CHANGE_FIELDS = ("service", "summary", "kind", "version", "author", "url", "id", "at")


@dataclass(frozen=True)
class ChangeMap:
    """How one sender's changes are read."""

    fields: Mapping[str, Paths]
    items: Path | None = None
    only: tuple[Only, ...] = ()


def parse_alerts(
    source: str, mapping: AlertMap, body: bytes | dict[str, Any], received_at: datetime
) -> Parsed:
    """Raises BadArgs naming the field when nothing of the body can be read."""
    here = list(_each(mapping.items, mapping.only, body, source))
    if not here:
        return Parsed((), ignored="nothing in it is what the mapping takes")
    one = partial(_signal, source=source, mapping=mapping, received_at=received_at)
    if not here[0].place:  # the body is one alert: what is wrong with it is wrong with all
        return Parsed((one(here[0]),))
    signals, refused, more = take_each(here, one)
    return Parsed(signals, refused, more_refused=more)


def parse_changes(
    source: str, mapping: ChangeMap, body: bytes | dict[str, Any], received_at: datetime
) -> ParsedChanges:
    """Raises BadArgs naming the field when nothing of the body can be read."""
    here = list(_each(mapping.items, mapping.only, body, source))
    if not here:
        return ParsedChanges((), "nothing in it is what the mapping takes")
    one = partial(_change, source=source, mapping=mapping, received_at=received_at)
    if not here[0].place:
        return ParsedChanges((one(here[0]),))
    changes, refused, more = take_each(here, one)
    return ParsedChanges(changes, "", refused, more)


def _each(
    items: Path | None, only: Sequence[Only], body: bytes | dict[str, Any], source: str
) -> Iterator[Here]:
    root = read_json(body, f"the JSON that the mapping of {source} describes")
    found = items.of(Here(root, root)) if items else root
    if items and not isinstance(found, list):
        what = "missing" if found is None else f"{kind(found)}, not a list"
        remedy = f"Let {items.text} in the mapping name the list"
        raise BadArgs(items.at(Here(root, root)), what, remedy)
    if isinstance(found, list):
        prefix = items.at(Here(root, root)) if items else ""
        all_here = [Here(item, root, f"{prefix}[{n}]") for n, item in enumerate(found)]
    else:
        all_here = [Here(root, root)]
    for here in all_here:
        if all(here.word((one.path,)).lower() in one.words for one in only):
            yield here


def _signal(here: Here, source: str, mapping: AlertMap, received_at: datetime) -> Signal:
    fields = mapping.fields
    name = _need(here, fields, "name")
    labels = _labels(here, mapping)
    service = here.word(fields.get("service", ())) or labels.get("service", "")
    began, ended = span(
        _fires(here, mapping),
        here.moment(fields.get("starts_at", ())),
        here.moment(fields.get("ends_at", ())),
        received_at,
    )
    severity = here.word(fields.get("severity", ())) or labels.get("severity", "")
    return Signal(
        fingerprint=_fingerprint(here, mapping) or digest(source, name, service, labels),
        name=name,
        starts_at=began,
        received_at=received_at,
        source=source,
        ends_at=ended,
        service=service,
        severity=mapping.severities.get(severity.lower(), severity),
        summary=here.word(fields.get("summary", ())),
        description=here.word(fields.get("description", ())),
        value=here.word(fields.get("value", ())),
        labels=labels,
        url=here.word(fields.get("url", ())),
        runbook_url=here.word(fields.get("runbook_url", ())),
    )


def _fires(here: Here, mapping: AlertMap) -> bool:
    paths = mapping.fields.get("status", ())
    if not paths:
        return True
    place = paths[0].at(here)
    before, dot, last = place.rpartition(".")
    words = (mapping.firing, mapping.resolved)
    return fires(Fields({}, before if dot else ""), last, here.word(paths), *words)


def _fingerprint(here: Here, mapping: AlertMap) -> str:
    if said_so := here.word(mapping.fields.get("fingerprint", ())):
        return said_so
    parts = [here.word((path,)) for path in mapping.fingerprint_of]
    return digest(*parts) if any(parts) else ""


def _labels(here: Here, mapping: AlertMap) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in mapping.labels_from:
        value = path.of(here)
        found |= Fields(value).plain() if isinstance(value, dict) else tags(value)
    return bounded(found | said(**{n: here.word(paths) for n, paths in mapping.labels.items()}))


def _need(here: Here, fields: Mapping[str, Paths], name: str) -> str:
    paths = fields.get(name, ())
    word = here.word(paths)
    if not word:
        raise BadArgs(
            paths[0].at(here) if paths else name,
            "missing",
            f"Map {name} to what the sender always says, or give a text to fall back on",
        )
    return word


def _change(here: Here, source: str, mapping: ChangeMap, received_at: datetime) -> Change:
    fields = mapping.fields
    service, summary = _need(here, fields, "service"), _need(here, fields, "summary")
    told = {name: here.word(fields.get(name, ())) for name in ("kind", "version", "author", "url")}
    at = here.moment(fields.get("at", ())) or received_at
    named = f"{told['kind']} {service} {told['version']} {summary} {at.isoformat()}"
    own_id = here.word(fields.get("id", ()))
    return Change(
        id=f"{source}:{own_id}" if own_id else sha256(named.encode()).hexdigest()[:12],
        at=at,
        kind=told["kind"] or "deploy",
        service=service,
        summary=summary,
        version=told["version"],
        author=told["author"],
        url=told["url"],
    )

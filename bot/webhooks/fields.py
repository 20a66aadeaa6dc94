"""Reading payloads field by field: what is wrong is named by its path, with the remedy.

Every parser of this package reads through here, so that all cut, clean and refuse alike.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from bot.webhooks.parsed import Parsed, Refused
from knowledge.errors import BadArgs
from knowledge.records import Signal

Item = TypeVar("Item")
Made = TypeVar("Made")

TEXT_LIMIT = 2_000
"""Characters of one label, annotation or address that are kept."""
LABELS_LIMIT = 64
CUT = " … (cut)"
MOST_REFUSED = 100
"""Mistakes of one payload that are told one by one; those after them are counted."""

_TIMES = "Use RFC 3339: 2026-03-05T12:00:00Z"
_TIMES_OR_EPOCH = f"{_TIMES}, or seconds or milliseconds since 1970"
_NOTHING = frozenset({"", "null", "none", "n/a", "undefined", "<no value>", "<nil>"})
"""What templates put where they have no value."""
_PLACEHOLDER = re.compile(r"\$\{.*\}|\$[A-Za-z][\w.]*|\{\{?[\w. ]+\}?\}")
"""A variable that the sender did not know: $ALERT_ID, ${latestEvent.id}, {PID}, {{incident.id}}."""


@dataclass(frozen=True)
class Fields:
    """One object of a payload, and where it stands in it. Every method raises BadArgs."""

    values: Mapping[str, Any]
    path: str = ""

    def at(self, name: str) -> str:
        """The path of a field: "alerts[3].labels"."""
        return f"{self.path}.{name[:40]}" if self.path else name[:40]

    def text(self, name: str) -> str:
        """Empty where it is missing or null; only texts are taken."""
        text = self.values.get(name) or ""
        if not isinstance(text, str):
            raise BadArgs(self.at(name), f"{kind(text)}, not a text", "Put it in quotes")
        return clean(text)

    def word(self, *names: str) -> str:
        """The first of these that says something, also a number; empty where none does.

        A template's variable that was not filled in ("$ALERT_ID", "{PID}", "null") says nothing.
        """
        for name in names:
            value = self.values.get(name)
            if isinstance(value, dict | list):
                raise BadArgs(self.at(name), f"{kind(value)}, not a text", "Send a plain text")
            if word := word_of(value):
                return word
        return ""

    def need(self, *names: str, remedy: str) -> str:
        """As `word`, of which something must be there."""
        word = self.word(*names)
        if not word:
            raise BadArgs(self.at(names[0]), "missing", remedy)
        return word

    def child(self, name: str) -> "Fields":
        """An object inside; an empty one where it is missing or null."""
        value = self.values.get(name)
        if value is None:
            return Fields({}, self.at(name))
        if not isinstance(value, dict):
            raise BadArgs(self.at(name), f"{kind(value)}, not an object", "Send an object")
        return Fields(value, self.at(name))

    def need_child(self, name: str, remedy: str) -> "Fields":
        if self.values.get(name) is None:
            raise BadArgs(self.at(name), "missing", remedy)
        return self.child(name)

    def items(self, name: str) -> list[Any]:
        """A list inside; an empty one where it is missing or null."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise BadArgs(self.at(name), f"{kind(value)}, not a list", "Send a list")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Names and texts, as labels are; values of other kinds are refused."""
        texts = self.values.get(name)
        if texts is None:
            return {}
        if not isinstance(texts, dict):
            raise BadArgs(self.at(name), f"{kind(texts)}, not an object", "Send names and texts")
        for label, text in texts.items():
            if not isinstance(text, str):
                place = f"{self.at(name)}.{label[:40]}"
                raise BadArgs(place, f"{kind(text)}, not a text", "Put it in quotes")
        return bounded(texts)

    def plain(self, *names: str) -> dict[str, str]:
        """The plain values among an object's own, or among the named ones, as labels."""
        wanted = names or tuple(self.values)
        found = {name: scalar(self.values.get(name)) for name in wanted}
        return bounded({name: text for name, text in found.items() if text})

    def time(self, name: str) -> datetime | None:
        """An RFC 3339 time in UTC; None for a missing, empty or zero one (year 1, as Go writes)."""
        text = self.values.get(name)
        if text in (None, ""):
            return None
        try:
            return _from_text(text)
        except (TypeError, ValueError, OverflowError):
            raise self._no_time(name, _TIMES) from None

    def moment(self, *names: str) -> datetime | None:
        """As `time`, of the first that says something, or seconds, ms, µs or ns since 1970."""
        for name in names:
            value = self.values.get(name)
            word = scalar(value).strip()
            if word.lower() in _NOTHING or _is_placeholder(word):
                continue
            try:
                moment = _from_text(word) if _is_date(word) else _from_epoch(float(word))
            except (TypeError, ValueError, OverflowError, OSError):
                raise self._no_time(name, _TIMES_OR_EPOCH) from None
            if moment is not None:
                return moment
        return None

    def _no_time(self, name: str, remedy: str) -> BadArgs:
        return BadArgs(self.at(name), f"{str(self.values[name])[:40]!r} is no time", remedy)


def read_json(body: bytes | dict[str, Any], what: str) -> Any:
    """`what` names the body that is expected: "Grafana's webhook body". Raises BadArgs."""
    if isinstance(body, dict):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadArgs("body", f"not JSON ({error})", f"Send {what}") from None


def read_object(body: bytes | dict[str, Any], what: str) -> Fields:
    """Raises BadArgs for what is no JSON object."""
    payload = read_json(body, what)
    if not isinstance(payload, dict):
        raise BadArgs("body", f"{kind(payload)}, not an object", f"Send {what}")
    return Fields(payload)


def need_list(payload: Fields, name: str, remedy: str) -> list[Any]:
    value = payload.values.get(name)
    if not isinstance(value, list):
        raise BadArgs(name, kind(value) if name in payload.values else "missing", remedy)
    return value


def read_each(
    items: Sequence[Any], path: str, read: Callable[[Fields], Signal], remedy: str
) -> Parsed:
    """Each item stands for itself: one that is malformed is refused, the others are taken."""

    def numbered(item: tuple[int, Any]) -> Signal:
        place = f"{path}[{item[0]}]"
        if not isinstance(item[1], dict):
            raise BadArgs(place, f"{kind(item[1])}, not an object", remedy)
        return read(Fields(item[1], place))

    signals, refused, more = take_each(enumerate(items), numbered)
    return Parsed(signals, refused, more_refused=more)


def take_each(
    items: Iterable[Item], read: Callable[[Item], Made]
) -> tuple[tuple[Made, ...], tuple[Refused, ...], int]:
    """What could be read, the first MOST_REFUSED mistakes, and how many came after those."""
    made: list[Made] = []
    refused: list[Refused] = []
    more = 0
    for item in items:
        try:
            made.append(read(item))
        except BadArgs as error:
            if len(refused) < MOST_REFUSED:
                refused.append(Refused(error.field, error.problem, error.remedy))
            else:
                more += 1
    return tuple(made), tuple(refused), more


def fires(
    payload: Fields, name: str, state: str, firing: Iterable[str], over: Iterable[str]
) -> bool:
    """Whether a sender's state, compared in lower case, is one of those that fire.

    Raises BadArgs with the states there are.
    """
    word = state.lower()
    if word in over:
        return False
    if word in firing:
        return True
    known = ", ".join(sorted({*firing, *over}))
    problem = f"{state[:40]!r} is not known" if state else "missing"
    raise BadArgs(payload.at(name), problem, f"Use one of {known}")


def span(
    firing: bool, starts_at: datetime | None, ends_at: datetime | None, received_at: datetime
) -> tuple[datetime, datetime | None]:
    """(starts_at, ends_at) of a signal whose sender does not always say both.

    An end whose start nobody said starts when it ends: `knowledge.incidents.start_is_unknown`.
    """
    if firing:
        return starts_at or received_at, None
    ended = ends_at or received_at
    return starts_at or ended, ended


def tags(value: object) -> dict[str, str]:
    """Labels from "env:prod,urgent" or ["env:prod", "urgent"]; bare ones are joined as "tags"."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        return {}
    words = [scalar(part).strip() for part in parts]
    pairs = [word.partition(":") for word in words if word and not _is_placeholder(word)]
    labels = {name.strip(): text.strip() for name, colon, text in pairs if colon and text.strip()}
    bare = ", ".join(name for name, colon, _ in pairs if not colon)
    return bounded({"tags": bare} | labels if bare else labels)


def said(**texts: str) -> dict[str, str]:
    """Those of these labels that hold something."""
    return {name: text for name, text in texts.items() if text}


def bounded(texts: Mapping[str, str]) -> dict[str, str]:
    """Storable labels, as many as are kept; the last one says how many were not."""
    left = len(texts) - LABELS_LIMIT
    if left <= 0:
        whole = "".join((*texts, *texts.values()))
        if whole == clean(whole):
            return dict(texts)  # nearly all: looked at together, in a tenth of the time
        return {clean(name): clean(text) for name, text in texts.items()}
    kept = {clean(name): clean(text) for name, text in list(texts.items())[:LABELS_LIMIT]}
    return kept | {"tandem_note": f"{left} more were left out"}


def clean(text: str) -> str:
    """Storable (no NUL, no half of a surrogate pair) and of bounded length."""
    if len(text) <= TEXT_LIMIT and text.isascii() and "\0" not in text:
        return text  # nearly all, and this is half of a parser's time
    if len(text) > TEXT_LIMIT:
        text = text[: TEXT_LIMIT - len(CUT)] + CUT
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def word_of(value: object) -> str:
    """A plain value as a text; empty for what says nothing, as `Fields.word`."""
    word = scalar(value).strip()
    return "" if word.lower() in _NOTHING or _is_placeholder(word) else word


def scalar(value: object) -> str:
    """A text, number or boolean as a clean text; empty for null and for what is made of parts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return clean(str(value)) if isinstance(value, str | int | float) else ""


def digest(*parts: object) -> str:
    """A fingerprint for senders that give none: the same parts, the same alert."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def labels_digest(labels: Mapping[str, str]) -> str:
    """The same labels, the same alert."""
    return sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]


def kind(value: object) -> str:
    """A JSON value's kind in words: "an object"."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _is_placeholder(word: str) -> bool:
    return word[:1] in ("$", "{") and bool(_PLACEHOLDER.fullmatch(word))


def _is_date(word: str) -> bool:
    return "-" in word[1:] or ":" in word or "T" in word


def _joined(text: object) -> str:
    """ "2026-03-05 12:00:00 +0200" and "... UTC", as Ruby prints times, in ISO's form."""
    if not isinstance(text, str):
        raise TypeError(text)
    if text.endswith(" UTC"):
        return text.removesuffix(" UTC") + "Z"
    return text.replace(" +", "+").replace(" -", "-") if " +" in text or " -" in text else text


def _from_text(text: object) -> datetime | None:
    moment = datetime.fromisoformat(_joined(text))
    if moment.year <= 1:
        return None
    if moment.tzinfo is UTC:
        return moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _from_epoch(number: float) -> datetime | None:
    """By its size: seconds until the year 5138, else ms, µs or ns. Zero and -1 mean none."""
    if number <= 0:
        return None
    for unit, limit in ((1, 1e11), (1e3, 1e14), (1e6, 1e17), (1e9, 1e20)):
        if number < limit:
            return datetime.fromtimestamp(number / unit, UTC)
    raise ValueError(number)

"""What may be filled into a preset, and what each kind of blank takes."""

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge.durations import is_duration
from knowledge.errors import BadArgs

_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_LABELS = re.compile(rf"{_LABEL}(\s*,\s*{_LABEL})*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCHER = rf'{_LABEL}\s*(=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"'
_MATCHERS = re.compile(rf"{_MATCHER}(\s*,\s*{_MATCHER})*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class Kind(StrEnum):
    """What a variable takes."""

    TEXT = "text"
    MATCHERS = "matchers"
    LABELS = "labels"
    METRIC = "metric"
    NUMBER = "number"
    DURATION = "duration"


_WANTED = {
    Kind.TEXT: ("a plain text", "Write it in one line, without quotes or backslashes"),
    Kind.MATCHERS: (
        "a list of label matchers",
        'Write it as in PromQL, without the braces: namespace="shop", pod=~"api-.*"',
    ),
    Kind.LABELS: ("a list of labels", "Write their names with commas between: namespace, service"),
    Kind.METRIC: ("a metric's name", "Write it as the exporter does: http_requests_total"),
    Kind.NUMBER: ("a number", "Write it with digits: 0.05"),
    Kind.DURATION: ("a length of time", "Write for example 45m, 24h or 7d"),
}
"""What each kind is called, and the remedy."""


@dataclass(frozen=True)
class Variable:
    """One blank of a preset."""

    name: str
    default: str
    """As it is filled in; may be empty where the kind is text or matchers."""
    says: str
    """What it is for, in a few words."""
    kind: Kind = Kind.TEXT

    def checked(self, value: object) -> str:
        """What to fill in for this value. Raises BadArgs that names the variable and the remedy."""
        text = str(value).strip()
        if isinstance(value, bool) or not _fits(self.kind, text):
            wanted, remedy = _WANTED[self.kind]
            shown = f"`{text[:80]}`" if text else "nothing"
            raise BadArgs(self.name, f"{shown} is not {wanted}", remedy)
        return text


def _fits(kind: Kind, text: str) -> bool:
    match kind:
        case Kind.TEXT:
            return text.isprintable() and not set(text) & {'"', "\\"}
        case Kind.MATCHERS:
            return not text or _MATCHERS.fullmatch(text) is not None
        case Kind.LABELS:
            return _LABELS.fullmatch(text) is not None
        case Kind.METRIC:
            return _METRIC.fullmatch(text) is not None
        case Kind.NUMBER:
            return _NUMBER.fullmatch(text) is not None
        case Kind.DURATION:
            return is_duration(text)

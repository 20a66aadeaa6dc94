"""Pure: what a runbook asks to be filled in, and what may be filled in.

A value is data. It is checked before anything is built from it, and nothing that could be read as
an option, a path upwards or a second line gets through, whatever the author's pattern says.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from knowledge.errors import BadArgs

MOST_CHARACTERS = 200
MOST_PARAMETERS = 12
"""What a window of the chat shows without scrolling much."""
PLAIN = r"[A-Za-z0-9][A-Za-z0-9._:-]*"
"""Without a pattern of its own a text is a name: of a service, a node, a pod, a version."""
FROM_INCIDENT = ("service", "severity", "incident", "alert")
LABEL = "label:"
INT = re.compile(r"-?\d{1,18}")


class Kind(StrEnum):
    TEXT = "text"
    INT = "int"


@dataclass(frozen=True)
class Parameter:
    """One thing to fill in. Without a default it must be given."""

    name: str
    description: str = ""
    kind: Kind = Kind.TEXT
    pattern: str = ""
    """A regular expression that the whole of a text must match; empty for PLAIN."""
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    default: str | None = None
    source: str = ""
    """Where the incident says it: "service", "severity", "incident", "alert", "label:node"."""

    @property
    def bounds(self) -> str:
        """In words, empty where the pattern says it all."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is Kind.INT:
            least = "" if self.least is None else f"at least {self.least}"
            most = "" if self.most is None else f"at most {self.most}"
            return " and ".join(filter(None, (least, most))) or "a whole number"
        return f"must match {self.pattern}" if self.pattern else "letters, digits, `.` `_` `:` `-`"


def checked(parameter: Parameter, value: str) -> str:
    """The value, if it may be filled in. Raises BadArgs that names the parameter and the remedy."""
    problem = _unsafe(value) or _outside(parameter, value)
    if problem:
        raise BadArgs(parameter.name, problem, f"Allowed: {parameter.bounds}.")
    return value


def filled(
    parameters: Iterable[Parameter],
    given: Mapping[str, str],
    known: Mapping[str, tuple[str, ...]],
) -> dict[str, str]:
    """A value for each parameter: what the person gave, else what the incident says if it says one
    thing only, else the default. Raises BadArgs for one that is wrong, missing or unknown."""
    wanted = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in wanted:
            there = ", ".join(wanted) or "none"
            raise BadArgs(name, "this runbook has no such parameter", f"It has: {there}.")
    found: dict[str, str] = {}
    for name, parameter in wanted.items():
        value = given.get(name, "").strip() or proposed(parameter, known)
        if not value:
            raise BadArgs(name, "it is missing", parameter.description or f"{parameter.bounds}.")
        found[name] = checked(parameter, value)
    return found


def proposed(parameter: Parameter, known: Mapping[str, tuple[str, ...]]) -> str:
    """What a form shows from the start; empty where the person must say it."""
    said = [v for v in known.get(parameter.source, ()) if is_allowed(parameter, v)]
    return said[0] if len(said) == 1 else parameter.default or ""


def is_allowed(parameter: Parameter, value: str) -> bool:
    try:
        checked(parameter, value)
    except BadArgs:
        return False
    return True


def _unsafe(value: str) -> str:
    """What no pattern can allow; empty for a harmless value."""
    if not value:
        return "it is empty"
    if len(value) > MOST_CHARACTERS:
        return f"it is longer than {MOST_CHARACTERS} characters"
    if not value.isprintable() or value != value.strip():
        return "it has line breaks, control characters or spaces around it"
    if value.startswith("-") and not INT.fullmatch(value):
        return "it begins with `-` and would be taken for an option"
    if value.startswith("@"):
        return "it begins with `@` and would be taken for a file"
    if ".." in value.replace("\\", "/").split("/"):
        return "it leads to a folder above"
    return ""


def _outside(parameter: Parameter, value: str) -> str:
    """Why it is not what the author allows; empty where it is."""
    if parameter.choices:
        return "" if value in parameter.choices else f"{value!r} is not one of them"
    if parameter.kind is Kind.INT:
        if not INT.fullmatch(value):
            return f"{value!r} is no whole number"
        number = int(value)
        low = parameter.least is not None and number < parameter.least
        high = parameter.most is not None and number > parameter.most
        return f"{number} is out of bounds" if low or high else ""
    fits = re.fullmatch(parameter.pattern or PLAIN, value)
    return "" if fits else f"{value!r} does not fit"

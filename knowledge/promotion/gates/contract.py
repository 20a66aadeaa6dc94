"""What the author of a gate needs.

A gate is a value: a name, one line of what it asks, what it does when it does not hold, and a
function. The function gets the evidence and its own settings and returns what it found, or None
where it has nothing to say (the gate is then left out). It may return several findings, one for
each metric or slice. It reads no clock, no registry, no network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from knowledge.errors import BadArgs
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.policy import Mode
from knowledge.records import Difference, Purpose


class Held(StrEnum):
    """Whether what the gate asks is so."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """It cannot be told: data is missing. Warns, unless the rule says `unknown = "prevent"`."""
    NOTE = "note"
    """It holds, but people should know something: warns in every mode but off."""


@dataclass(frozen=True)
class Finding:
    held: Held
    says: str
    """One line for the card: the figures, and the limit where it was missed."""
    about: str = ""
    """What it is of, where a gate has several findings: the metric, the slice."""
    more: tuple[str, ...] = ()
    """What a click shows: a line each."""
    difference: Difference | None = None
    """Where it weighed a metric on the same rows of both: the card draws it."""


class Reader:
    """A gate's settings, read with errors that name the field. Unknown fields are errors too."""

    def __init__(self, gate: str, settings: Mapping[str, Any]) -> None:
        self._gate = gate
        self._settings = dict(settings)

    def number(self, name: str, default: float, *, low: float = 0.0, high: float = 1e12) -> float:
        value = self._settings.pop(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise self._bad(name, f"it is {value!r}", f"Give a number from {low:g} to {high:g}.")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._settings.pop(name, default)
        if not isinstance(value, bool):
            raise self._bad(name, f"it is {value!r}", "Give true or false.")
        return value

    def text(self, name: str, default: str = "") -> str:
        value = self._settings.pop(name, default)
        if not isinstance(value, str):
            raise self._bad(name, f"it is {value!r}", "Give a text in quotes.")
        return value

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._settings.pop(name, default)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self._bad(name, f"it is {value!r}", "Give a list of texts.")
        return tuple(value)

    def numbers(self, name: str) -> Mapping[str, float]:
        value = self._settings.pop(name, {})
        good = isinstance(value, Mapping) and all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in value.values()
        )
        if not good:
            raise self._bad(name, f"it is {value!r}", "Give a table of numbers: {name = 0.1}.")
        return {str(k): float(v) for k, v in value.items()}

    def end(self) -> None:
        """Raises BadArgs where something was not asked for."""
        for name in self._settings:
            raise self._bad(name, "this gate has no such setting", "Remove it.")

    def _bad(self, name: str, problem: str, remedy: str) -> BadArgs:
        return BadArgs(f"gates.{self._gate}.{name}", problem, remedy)


Check = Callable[[Evidence, Reader], Finding | Sequence[Finding] | None]


@dataclass(frozen=True)
class GateSpec:
    """A gate. `check` reads all its settings from the Reader before it looks at the evidence: it is
    also run on empty settings to test a policy file."""

    name: str
    asks: str
    """What must hold, in one line: "The primary metric improves on the same data"."""
    check: Check
    mode: Mode = Mode.PREVENT
    """What it does where the policy says nothing."""
    purposes: frozenset[Purpose] = field(default_factory=lambda: frozenset({Purpose.PROMOTION}))
    """Where it applies as it is; for a rollback others only warn."""

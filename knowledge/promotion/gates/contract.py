"""What the author of a gate needs.

A gate is a value: a name, one line of what it asks, what it does when that is not so, and a
function. The function gets the evidence and the gate's own settings and returns what it found: one
finding, several (one for each metric or slice), or None where it has nothing to say. It reads no
clock, no registry, no network: the same evidence gives the same findings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

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
    MOOT = "moot"
    """There is nothing that it applies to. Left out, unless the rule says `unknown = "prevent"`:
    who asks for a gate is not let through for want of anything to look at."""


@dataclass(frozen=True)
class Finding:
    held: Held
    says: str
    """One line for the card: the figures with their units, and the limit where it was missed."""
    about: str = ""
    """What it is of, where a gate has several findings: the metric, the slice."""
    more: tuple[str, ...] = ()
    """What a click shows: a line each."""
    difference: Difference | None = None
    """Where it weighed a metric on the same rows of both: the card draws it."""


class Settings(BaseModel):
    """A gate's own settings; a subclass has a field for each, with its default and its limits.
    Gates without any use this class itself. The policy file is checked against it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Unread(Settings, extra="allow"):
    """The settings of a gate that is not there to say which it has."""


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class GateSpec(Generic[S]):
    """A gate. Policies name it by `name`: lower case, a word or a few joined by dashes."""

    name: str
    asks: str
    """What must hold, in one line: "The primary metric improves on the same data"."""
    check: Callable[[Evidence, S], Finding | Sequence[Finding] | None]
    settings: type[S]
    mode: Mode = Mode.PREVENT
    """What it does where the policy says nothing."""
    purposes: frozenset[Purpose] = field(default_factory=lambda: frozenset({Purpose.PROMOTION}))
    """Where it may prevent; for other purposes it only warns."""
    fixed: bool = False
    """It keeps the act itself sound: no policy changes its mode and nobody overrides it."""

    def read(self, given: Mapping[str, Any]) -> S:
        """Its settings. Raises BadArgs that names the first wrong one."""
        try:
            return self.settings.model_validate(dict(given))
        except ValidationError as error:
            raise self._bad(error.errors()[0]) from None

    def problems(self, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with these settings: a line for each, none where they are good."""
        try:
            self.settings.model_validate(dict(given))
        except ValidationError as error:
            return [str(self._bad(one)) for one in error.errors()]
        return []

    def _bad(self, error: Any) -> BadArgs:
        place = ".".join(("gates", self.name, *(str(part) for part in error["loc"])))
        if error["type"] == "extra_forbidden":
            known = ", ".join(self.settings.model_fields) or "none"
            return BadArgs(place, "there is no such setting", f"There are: {known}")
        return BadArgs(place, error["msg"].removeprefix("Value error, "))


AnyGate = GateSpec[Any]

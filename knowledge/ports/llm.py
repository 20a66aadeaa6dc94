"""Language models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Tool:
    """One thing a language model may choose: a skill's name, summary and argument schema."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of an object."""


@dataclass(frozen=True)
class Choice:
    tool: str
    arguments: Mapping[str, Any]


class LLM(Protocol):
    """A language model. Its answers are proposals; callers check them."""

    @property
    def name(self) -> str: ...

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        """The tool it would use for `text`, or None. Never runs anything."""
        ...

    def write(self, instructions: str, text: str) -> str: ...

"""Language models, what they are used for, and what that may cost."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from knowledge.records import Allowance, Investigation, Prices, ToolResult


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
    """A language model. Its answers are proposals; callers check them.

    Instructions that come from a file (`knowledge.prompts.Prompt`) are booked under its name.
    """

    @property
    def name(self) -> str: ...

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        """The tool it would use for `text`, or None. Never runs anything."""
        ...

    def write(self, instructions: str, text: str) -> str: ...


class Spent(Protocol):
    """What one answer took, told by whoever got it."""

    def took(self, tokens_in: int, tokens_out: int) -> None: ...


class Ledger(Protocol):
    """Books each answer of a language model, and refuses those that could pass a limit."""

    @property
    def prices(self) -> Prices: ...

    def answer(
        self, model: str, prompt: str, most_in: int, most_out: int
    ) -> AbstractContextManager[Spent]:
        """Around one call. What it may cost at most is set aside first, and booked as what it did
        cost afterwards. Raises Unavailable, before anything is sent, when that could pass a
        limit; the message says when it is open again."""
        ...

    def allowances(self, user: str = "", team: str = "") -> tuple[Allowance, ...]:
        """The limits that are set: for everyone, for this person and for this team."""
        ...


@dataclass(frozen=True)
class ReadTool:
    """A tool of an investigation: it reads, and changes nothing."""

    tool: Tool
    run: Callable[[Mapping[str, Any]], "Found"]


@dataclass(frozen=True)
class Found:
    """What a tool found, in words."""

    text: str
    ok: bool = True
    """False when the words say what went wrong."""


class Investigator(Protocol):
    """Looks at one thing after the other until it can answer, within a budget."""

    @property
    def name(self) -> str:
        """The model's."""
        ...

    def investigate(
        self, question: str, tools: Sequence[ReadTool], on_result: Callable[[ToolResult], None]
    ) -> Investigation:
        """What it claims, not checked yet, and what it looked at. `on_result` is told of each
        result as it comes. Raises Unavailable when the model cannot be asked even once."""
        ...

"""What an investigation looked at, and what it claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class ToolResult:
    """What one use of a tool gave."""

    id: str
    """ "r1", "r2" ...: by this a claim names what it rests on."""
    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    """What came back, as the person who asked may see it."""
    ok: bool = True
    """False where it only says what went wrong: that is evidence of nothing."""


@dataclass(frozen=True)
class Claim:
    """One sentence, and the results it rests on."""

    text: str
    results: tuple[str, ...] = ()


class Ended(StrEnum):
    """Why an investigation ended."""

    ANSWERED = "it answered"
    STEPS = "its budget of steps was used up"
    TOKENS = "its budget of tokens was used up"
    COST = "its budget of money was used up"
    SECONDS = "its time was up"
    FAILED = "the model failed"


@dataclass(frozen=True)
class Budget:
    """What one investigation may take. `cost` of 0 is no bound of its own."""

    steps: int = 8
    """Answers of the model; each may use several tools."""
    tokens: int = 40_000
    seconds: float = 90.0
    cost: float = 0.0


@dataclass(frozen=True)
class Investigation:
    """The end of an investigation."""

    claims: tuple[Claim, ...] = ()
    results: tuple[ToolResult, ...] = ()
    open_questions: str = ""
    """What it says it could not find out."""
    ended: Ended = Ended.ANSWERED
    why: str = ""
    """More about the end, such as what failed."""
    prompt: str = ""
    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

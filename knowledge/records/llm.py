"""What a language model was used for, and what that cost."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Use:
    """One answer of a language model."""

    at: datetime
    model: str
    purpose: str
    """The skill it was for; "route" for the router."""
    prompt: str
    """The prompt's name and version: "investigate@3"."""
    user: str = ""
    """Who asked; empty for what the bot does by itself."""
    team: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    """In the currency that prices are given in."""
    seconds: float = 0.0
    outcome: str = "ok"
    """ "ok", "failed", or why it was not taken: "unsupported", "over budget"."""
    turn: str = ""
    """The id of the Ask it belongs to."""


@dataclass(frozen=True)
class UseTotal:
    """Uses added up under one heading: a day, a team, a skill, a model or a person."""

    key: str
    answers: int
    tokens_in: int
    tokens_out: int
    cost: float

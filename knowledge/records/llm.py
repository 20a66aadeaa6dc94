"""What a language model was used for, and what that cost."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Reservation:
    """What is set aside for one call of a language model while it runs: the most it may cost."""

    user: str
    team: str
    cost: float
    tokens: int
    until: datetime
    """After then the call is over, whatever became of who made it."""


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


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in `currency`."""

    million_in: float = 0.0
    million_out: float = 0.0
    currency: str = ""

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.million_in + tokens_out * self.million_out) / 1_000_000

    def say(self, cost: float) -> str:
        """As people read it: "0.0123 USD"; small sums keep two figures that count."""
        places = 2 if cost == 0 or cost >= 0.1 else 4
        return f"{cost:.{places}f} {self.currency}".rstrip()


@dataclass(frozen=True)
class Limit:
    """What may be spent in a day (UTC); None where there is no bound."""

    cost: float | None = None
    tokens: int | None = None

    @property
    def is_set(self) -> bool:
        return self.cost is not None or self.tokens is not None


@dataclass(frozen=True)
class Limits:
    """Each holds by itself: the first that is reached closes the model."""

    everyone: Limit = Limit()
    user: Limit = Limit()
    """For each person."""
    team: Limit = Limit()
    """For each team."""

    @property
    def any(self) -> bool:
        return any(limit.is_set for limit in (self.everyone, self.user, self.team))


@dataclass(frozen=True)
class Allowance:
    """A limit, and what of it is used today. What runs now counts with what it may cost."""

    whose: str
    """ "everyone", a person's id or a team's name."""
    kind: str
    """ "everyone", "user" or "team"."""
    limit: Limit
    cost: float = 0.0
    tokens: int = 0

    @property
    def share(self) -> float:
        """Of the limit that is nearest, used: 0 to 1 and beyond."""
        cost = _share(self.cost, self.limit.cost)
        return max(cost, _share(self.tokens, self.limit.tokens))


def _share(used: float, most: float | None) -> float:
    if most is None:
        return 0.0
    return used / most if most else 1.0

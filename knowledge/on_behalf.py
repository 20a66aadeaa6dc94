"""Who a piece of work is done for: what an answer of a language model is booked on.

It travels with the work (a context variable, also into the threads of `knowledge.deadline`), as the
current span of a trace does: nobody in between has to hand it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from knowledge.records import Use


@dataclass
class Bill:
    """The answers of a model that one piece of work took, in all of its threads."""

    uses: list[Use] = field(default_factory=list)


@dataclass(frozen=True)
class Behalf:
    """All empty for what the bot does by itself."""

    user: str = ""
    team: str = ""
    """The team that owns what is asked about."""
    turn: str = ""
    """The id of the Ask."""
    purpose: str = ""
    """The skill; "route" for the router."""
    bill: Bill = field(default_factory=Bill, compare=False)


_CURRENT: ContextVar[Behalf] = ContextVar("behalf", default=Behalf())  # noqa: B039  it is frozen


def behalf() -> Behalf:
    """Who the work at hand is done for."""
    return _CURRENT.get()


@contextmanager
def on_behalf(*, bill: Bill | None = None, **known: str) -> Iterator[None]:
    """Inside the block what is given replaces what was known, and the rest stays. A new `bill`
    begins where a new piece of work does."""
    current = _CURRENT.get()
    token = _CURRENT.set(replace(current, bill=bill or current.bill, **known))
    try:
        yield
    finally:
        _CURRENT.reset(token)

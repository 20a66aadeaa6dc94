"""Monitors: what is kept of them, and what people ask of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from knowledge.records import Backtest, KeptMonitor, Look, Opinion, Signal, Trace

if TYPE_CHECKING:
    from knowledge.monitors import AnyMonitor, Watched


class Monitors(Protocol):
    """What is kept of monitors: those made or changed in chat, what each remembers between polls,
    what they saw, and what people thought of their findings."""

    def kept(self) -> list[KeptMonitor]: ...

    def keep(self, monitor: KeptMonitor) -> None:
        """Add, or replace by key."""
        ...

    def states(self, keys: Sequence[str] | None = None) -> dict[str, bytes]:
        """By key; of all monitors where no keys are given."""
        ...

    def put_states(self, states: Mapping[str, bytes]) -> None:
        """One transaction."""
        ...

    def drop_states(self, keys: Sequence[str]) -> None: ...

    def add_look(self, look: Look) -> None: ...

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        """Oldest first."""
        ...

    def last_look(self, model: str) -> Look | None: ...

    def say(self, opinion: Opinion) -> None:
        """A person's later opinion on the same finding replaces the earlier one."""
        ...

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        """Oldest first."""
        ...

    def tidy(self, before: datetime) -> int:
        """Forget looks older than that; returns how many."""
        ...


class Watching(Protocol):
    """The monitors as they run: what people may ask of them and do to them."""

    def all(self) -> "list[Watched]":
        """By name, those of the file and those made in chat."""
        ...

    def get(self, name: str) -> "Watched":
        """By key or name. Raises NotFound with the nearest names."""
        ...

    def save(self, monitor: "AnyMonitor", by: str) -> "Watched":
        """Add, or replace the one of that key; it runs from now on. Raises BadArgs."""
        ...

    def remove(self, name: str, by: str) -> None: ...

    def pause(self, name: str, until: datetime | None, by: str) -> "Watched":
        """Not read until then; None: until it is resumed."""
        ...

    def resume(self, name: str, by: str) -> "Watched": ...

    def raise_bar(self, name: str, sure: float, by: str) -> "Watched":
        """From now on it fires only from this score on."""
        ...

    def backtest(self, monitor: "AnyMonitor", start: datetime, end: datetime) -> Backtest:
        """What it would have found between the two. Raises UserError where it cannot be asked."""
        ...

    def trace(self, signal: Signal) -> Trace | None:
        """What the monitor that gave this signal saw lately; None where that is not known."""
        ...

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]: ...

    def last_look(self, model: str) -> Look | None: ...

    def say(self, opinion: Opinion) -> None: ...

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]: ...

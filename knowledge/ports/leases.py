"""What several replicas on one database must agree on: who does what, and one round at a time."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from knowledge.records import Decision, Lease


class Leases(Protocol):
    """Roles that one holder has at a time, for as long as it says that it is there. Only the
    database's clock counts, so replicas' clocks may differ and jump."""

    def take(self, name: str, holder: str, for_s: float) -> int | None:
        """Take it or hold on to it, from now for `for_s` seconds. Returns the fencing token, which
        stays the same while the holder renews in time and grows whenever it did not; None while
        somebody else has it."""
        ...

    def release(self, name: str, holder: str) -> None:
        """Let it go now; nothing where the holder does not have it."""
        ...

    def held(self) -> list[Lease]:
        """Those that are not over, by name."""
        ...

    def stands(self, name: str, holder: str, token: int) -> bool:
        """Whether it still is this holder's. In a transaction nobody else can take it until that
        ends: what is written there is written by the holder."""
        ...

    def tidy(self) -> int:
        """Forget those that were over long ago; returns how many."""
        ...


class Rounds(Protocol):
    """Rounds of the correlation: one at a time over all replicas, each with the next number. Who
    finds numbers missing knows that others were at work, and what people decided there."""

    def latest(self) -> int:
        """The number of the last round that was committed; 0 before the first."""
        ...

    def begin(self) -> int:
        """Begin one within the caller's transaction (`Together`); returns its number. Waits until
        nobody else is in one. A process that was stopped in the middle of it loses its
        transaction after a few seconds."""
        ...

    def alive(self) -> None:
        """Say within a long round that it is not stuck."""
        ...

    def note(self, number: int, decisions: Sequence[Decision]) -> None:
        """This round was only what people decided: whoever keeps a correlation can follow."""
        ...

    def notes(self, after: int, before: int) -> Mapping[int, tuple[Decision, ...]]:
        """Of the rounds between the two (both left out) that were noted, oldest first."""
        ...

    def tidy(self, keep: int = 10_000) -> int:
        """Forget all but the latest notes; returns how many."""
        ...

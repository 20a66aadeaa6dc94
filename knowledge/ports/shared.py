"""Small things that every replica must know at once, and that nobody misses for long."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from knowledge.records import Reservation


class Memos(Protocol):
    """Short texts that are remembered for a while, by key."""

    def put(self, key: str, text: str, until: datetime) -> None:
        """Add or replace."""
        ...

    def get(self, key: str, now: datetime) -> str | None:
        """None once its time is over."""
        ...

    def tidy(self, now: datetime, most: int = 50_000) -> None:
        """Forget what is over and, beyond `most`, what would be over first."""
        ...


class Reservations(Protocol):
    """What calls of language models that run have set aside, those of all replicas."""

    def alone(self) -> AbstractContextManager[None]:
        """What is read and written inside, here and of `Uses`, is one step: no other thread or
        replica takes one meanwhile, and after an error nothing of it is kept."""
        ...

    def add(self, reservation: Reservation) -> int:
        """The number to remove it by."""
        ...

    def remove(self, number: int) -> None: ...

    def live(self, now: datetime) -> list[Reservation]:
        """Those whose time is not over: a replica that died gives back what it had set aside."""
        ...

    def tidy(self, now: datetime) -> None:
        """Forget those whose time is over."""
        ...

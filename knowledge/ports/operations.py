"""Handovers between teams, executions of runbooks, and what language models were used for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol

from knowledge.records import Execution, Handover, Judgement, Use, UseTotal

By = Literal["day", "team", "purpose", "model", "user", "prompt"]


class Handovers(Protocol):
    """`tell` names kinds of delivery that are put into the outbox in the same transaction, under
    the key "<kind>:<handover id>"."""

    def open(self, draft: Handover, tell: Sequence[str] = ()) -> Handover:
        """Store a draft and return it with its id."""
        ...

    def get(self, handover_id: str) -> Handover:
        """Raises NotFound. Accepts "HND-3" and "3"."""
        ...

    def change(
        self, handover_id: str, by: Callable[[Handover], Handover], tell: Sequence[str] = ()
    ) -> Handover:
        """Apply a pure function to the stored one, atomically. Raises NotFound."""
        ...

    def find(
        self, *, incident: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Handover]:
        """Newest first; `since` bounds offered_at."""
        ...


class Executions(Protocol):
    """`tell` as for Handovers."""

    def open(self, draft: Execution, tell: Sequence[str] = ()) -> Execution: ...

    def get(self, execution_id: str) -> Execution:
        """Raises NotFound. Accepts "EXE-3" and "3"."""
        ...

    def change(
        self, execution_id: str, by: Callable[[Execution], Execution], tell: Sequence[str] = ()
    ) -> Execution: ...

    def find(
        self,
        *,
        incident: str = "",
        runbook: str = "",
        open_only: bool = False,
        limit: int = 50,
    ) -> list[Execution]:
        """Newest first."""
        ...


class Uses(Protocol):
    """What language models were used for."""

    def add(self, use: Use) -> None: ...

    def find(self, since: datetime, until: datetime, limit: int = 1000) -> list[Use]:
        """Newest first, in [since, until)."""
        ...

    def totals(self, since: datetime, until: datetime, by: By) -> list[UseTotal]:
        """In [since, until): by day oldest first (UTC, yyyy-mm-dd), else the dearest first."""
        ...


class Judgements(Protocol):
    """What people said of past incidents that were shown as alike."""

    def put(self, judgement: Judgement) -> None:
        """Add; a second one of the same person on the same document for the same query replaces
        the first."""
        ...

    def all(self) -> list[Judgement]:
        """Oldest first."""
        ...

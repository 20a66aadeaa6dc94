"""One commit for all who write at the same time.

A durable commit waits for the disk, whatever it holds. So while one caller commits for all who were
waiting, the next ones gather, and one of them commits for those.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from knowledge.errors import Unavailable

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class _Waiting(Generic[ItemT, ResultT]):
    """One caller's item; `result` or `error` is set once it was written, or was not."""

    def __init__(self, item: ItemT) -> None:
        self.item = item
        self.results: list[ResultT] = []
        self.error: Exception | None = None

    @property
    def over(self) -> bool:
        return bool(self.results) or self.error is not None


class GroupCommit(Generic[ItemT, ResultT]):
    """`write` stores items in one transaction and returns a result for each, in their order."""

    def __init__(self, write: Callable[[Sequence[ItemT]], Sequence[ResultT]]) -> None:
        self._write = write
        self._gathered: list[_Waiting[ItemT, ResultT]] = []
        self._gathering = threading.Lock()
        self._leading = threading.Lock()

    def put(self, item: ItemT) -> ResultT:
        """Returns when the item is committed. Raises what `write` raised for its group."""
        mine: _Waiting[ItemT, ResultT] = _Waiting(item)
        with self._gathering:
            self._gathered.append(mine)
        with self._leading:
            # Whoever led before may have taken this one along.
            if not mine.over:
                self._lead()
        if isinstance(mine.error, Unavailable):
            # One for each caller: an exception that several threads raise mixes up their traces.
            error = mine.error
            raise Unavailable(error.system, error.why, retry=error.retry) from error
        if mine.error is not None:
            raise mine.error
        return mine.results[0]

    def _lead(self) -> None:
        with self._gathering:
            group, self._gathered = self._gathered, []
        try:
            results = self._write([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001
            # Not its end: each caller of the group raises it.
            for waiting in group:
                waiting.error = error
            return
        for waiting, result in zip(group, results, strict=True):
            waiting.results.append(result)

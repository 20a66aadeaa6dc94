"""What an earlier run left in the inbox, and perhaps died of.

A message that raises an error is set aside by whoever catches it. One that ends the process (memory
runs out, a library crashes) is caught by nobody: the process is started again, takes the same
message, and ends again. So tries are counted before the work, of the oldest message that was there
when the run began: nothing is left of an earlier run that is older than what it died of, once
messages are taken one by one.
"""

from collections.abc import Sequence
from datetime import datetime

from knowledge.ports import Seen
from knowledge.records import Batch

MOST_TRIES = 5
"""Runs that may end while one message is dealt with. Few ends are a message's fault, and one that
is set aside is in no incident: so not at the first."""


class Leftovers:
    """Which batches are dealt with next, and which never will be. Used by one thread."""

    def __init__(self, seen: Seen | None) -> None:
        """Without `seen` nothing is counted."""
        self._seen = seen
        self.begin()

    def begin(self) -> None:
        """A run begins: of this process, or in its role."""
        self._upto: int | None = None
        self._counted = 0
        self._one_by_one = False

    def none(self) -> None:
        """Nothing waits: what comes from now on was left by nobody."""
        self._upto = self._upto or 0

    def choose(self, batches: Sequence[Batch], now: datetime) -> tuple[Sequence[Batch], str]:
        """What to take of those that wait, oldest first; with the reason to set it aside, where it
        has been tried often enough. Raises Unavailable."""
        if self._upto is None:
            self._upto = batches[-1].id
        head = batches[0]
        if self._seen is None or head.id > self._upto:
            return batches, ""
        if head.id != self._counted:
            self._counted = head.id
            tries = self._tries(self._seen, head.id, now)
            if tries > MOST_TRIES:
                return [head], f"the process ended {MOST_TRIES} times while it was dealt with"
            # Tried before: an earlier run ended with it. Which message it was shows one by one.
            self._one_by_one = self._one_by_one or tries > 1
        return ([head] if self._one_by_one else batches), ""

    def _tries(self, seen: Seen, batch: int, now: datetime) -> int:
        """Of this batch, with the one that begins now."""
        for number in range(1, MOST_TRIES + 1):
            if seen.first_time(f"inbox:{batch}:{number}", now):
                return number
        return MOST_TRIES + 1

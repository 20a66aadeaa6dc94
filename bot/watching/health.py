"""Is a data source there? After a few failures in a row it is left alone for a while.

Pure: times come in, decisions go out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

ENOUGH = 3
"""Failures in a row that make a source count as down: a single one may be the query's fault."""
PAUSE_FIRST = timedelta(seconds=2)
PAUSE_MOST = timedelta(seconds=30)
"""So that monitors see again well within a minute."""
DOUBLINGS = 4
TOLD_AFTER = timedelta(minutes=2)
"""Shorter outages are in the log and in /metrics only."""


@dataclass
class Health:
    """One source. Not safe to share by threads."""

    failures: int = 0
    down_since: datetime | None = None
    why: str = ""
    ask_again_at: datetime | None = None
    told_since: datetime | None = None
    """The beginning of the outage that people were told of, until they are told of its end."""

    def may_ask(self, now: datetime) -> bool:
        """While it is down one request goes out now and then, to see whether it is back."""
        if self.ask_again_at is None:
            return True
        # A clock that was set back must not make the pause longer than a pause can be.
        if now < self.ask_again_at <= now + PAUSE_MOST:
            return False
        self.ask_again_at = now + self._pause()
        return True

    def failed(self, why: str, now: datetime) -> bool:
        """True when this failure is the one that makes it count as down."""
        self.failures += 1
        self.why = why
        if self.failures < ENOUGH:
            return False
        self.ask_again_at = now + self._pause()
        if self.down_since is not None:
            return False
        self.down_since = now
        return True

    def tell(self, now: datetime) -> bool:
        """True when people are to be told that it is down; once for each outage."""
        if self.down_since is None or self.told_since is not None:
            return False
        if now - self.down_since < TOLD_AFTER:
            return False
        self.told_since = self.down_since
        return True

    def answered(self, now: datetime) -> timedelta | None:
        """How long it was down, if it was."""
        since = self.down_since
        self.failures, self.down_since, self.ask_again_at, self.why = 0, None, None, ""
        return None if since is None else now - since

    def _pause(self) -> timedelta:
        doublings = min(max(self.failures - ENOUGH, 0), DOUBLINGS)
        return min(PAUSE_FIRST * (1 << doublings), PAUSE_MOST)

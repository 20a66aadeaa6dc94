"""Does Slack take messages? After a few failures in a row one is tried now and then until it does.

Pure: times come in, decisions go out. Each message waiting on its own, longer with each failure,
would come up to a minute after Slack is back, and would ask a Slack that is down again and again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

ENOUGH = 3
"""Failures in a row that make it an outage: a single one may be that message's own."""
PROBE = timedelta(seconds=5)
"""Between two tries while it lasts."""
WORTH_TELLING = timedelta(minutes=1)
"""A shorter one delayed no message by more than people take for granted."""


@dataclass(frozen=True)
class Over:
    """An outage that has ended."""

    since: datetime
    until: datetime
    waited: int
    """Cards and threads that were refused at least once."""

    @property
    def worth_telling(self) -> bool:
        return self.until - self.since >= WORTH_TELLING


@dataclass
class Outage:
    """Not safe to share by threads."""

    down_since: datetime | None = None
    """Of the first failure; None while it is there."""
    _first: datetime | None = field(default=None, repr=False)
    _failures: int = 0
    _try_again_at: datetime | None = field(default=None, repr=False)
    _refused: set[str] = field(default_factory=set, repr=False)

    def may_try(self, now: datetime) -> bool:
        """While it lasts one message goes out now and then. A clock that was set back holds up
        nothing for longer than that."""
        if self.down_since is None or self._try_again_at is None:
            return True
        return not now < self._try_again_at <= now + PROBE

    def failed(self, key: str, now: datetime) -> None:
        """Slack could not be reached, or said that it is not well, for this delivery."""
        self._failures += 1
        self._first = self._first or now
        self._refused.add(key)
        if self._failures >= ENOUGH:
            self.down_since = self._first
            self._try_again_at = now + PROBE

    def took(self, now: datetime) -> Over | None:
        """Slack took a message: the outage that this ended, if there was one."""
        since, waited = self.down_since, len(self._refused)
        self._failures, self._first, self.down_since, self._try_again_at = 0, None, None, None
        self._refused.clear()
        return None if since is None else Over(since, now, waited)

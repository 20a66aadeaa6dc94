"""What time it is, when the machine's clock is set forward or back.

A wall clock that leaps an hour makes every alert an hour old: what belongs together is torn apart,
shifts end, votes expire. So time goes on by a counter that cannot be set, and a leap of the wall
clock is believed only after the clock has stood by it for a while. Small corrections, as NTP makes
them, are followed at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

LEAP = timedelta(seconds=30)
"""What is more than this is not followed at once."""
BELIEVED_AFTER_S = 300.0
"""A clock that was wrong is mostly set right sooner; one that was right and set wrong costs an hour
of alerts, one that was wrong and set right these minutes."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def counter() -> float:
    """Seconds that nobody can set; where the system has such a counter, those that the machine
    slept are among them, for waking is no leap."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class SteadyClock:
    """A wall clock without leaps. Safe to use from every thread.

    `leapt` is called, by whoever asks for the time then, whenever the wall clock has leapt, and
    when it is back.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = utc_now,
        seconds: Callable[[], float] = counter,
        leapt: Callable[[], None] = lambda: None,
    ) -> None:
        self._wall = wall
        self._seconds = seconds
        self.leapt = leapt
        self._lock = threading.Lock()
        self._zero = wall() - timedelta(seconds=seconds())
        """What the time was when the counter began."""
        self._off = timedelta()
        self._since = 0.0

    def now(self) -> datetime:
        with self._lock:
            wall, at = self._wall(), self._seconds()
            before = self._off
            time_ = self._believed(wall, at)
            off = self._off
        if abs(off - before) > LEAP:
            self._tell(off)
        return time_

    @property
    def off_s(self) -> float:
        """Seconds that the wall clock is ahead of the time that counts; 0 while it is believed."""
        return self._off.total_seconds()

    def _believed(self, wall: datetime, at: float) -> datetime:
        steady = self._zero + timedelta(seconds=at)
        off = wall - steady
        if abs(off - self._off) > LEAP:
            self._since = at
        if abs(off) > LEAP and at - self._since < BELIEVED_AFTER_S:
            self._off = off
            return steady
        self._zero += off
        self._off = timedelta()
        return wall

    def _tell(self, off: timedelta) -> None:
        if off:
            log.warning(
                "the machine's clock leapt and is %+.0f s off: not believed for %.0f s",
                off.total_seconds(),
                BELIEVED_AFTER_S,
            )
        else:
            log.warning("the machine's clock is believed again")
        self.leapt()

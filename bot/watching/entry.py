"""One monitor while it runs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.watching.roster import Listed, bar_of
from knowledge.monitors import MetricMonitor, MonitorState, Watched
from knowledge.records import Look, Signal


@dataclass
class Entry:
    """`lock` is held by whoever reads or changes the state: what is learned changes in place."""

    listed: Listed
    state: MonitorState = field(default_factory=MonitorState)
    polled_at: datetime | None = None
    problem: str = ""
    series: int = 0
    catching_up: bool = False
    """What it missed is being read; until then it is not due."""
    gone: bool = False
    """It was removed or replaced: what is still being read of it counts no more."""
    untold: tuple[Signal, ...] = ()
    """What it found that is not accepted yet; until then its state is not stored either."""
    unseen: tuple[Look, ...] = ()
    """Looks that are not stored yet."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def key(self) -> str:
        return self.listed.key

    @property
    def every_ms(self) -> int:
        return max(round(self.listed.monitor.every.total_seconds() * 1000), 1)

    @property
    def asks(self) -> str:
        """What those have in common that are answered by one request."""
        monitor = self.listed.monitor
        if isinstance(monitor, MetricMonitor):
            return monitor.query or f"{monitor.over.total_seconds():g} {monitor.sql}"
        return self.key

    def firing(self) -> tuple[Signal, ...]:
        with self.lock:
            return tuple(w.fired for w in self.state.watches.values() if w.fired is not None)

    def ended(self, at: datetime) -> tuple[Signal, ...]:
        """What fires, as over: for a monitor that is no more. What was never told stays untold."""
        with self.lock:
            untold = {(s.fingerprint, s.starts_at) for s in self.untold if s.firing}
            told = [s for s in self.firing() if (s.fingerprint, s.starts_at) not in untold]
            over = [s for s in self.untold if not s.firing]
        return (*over, *(replace(s, ends_at=max(at, s.starts_at), received_at=at) for s in told))

    def watched(self, now: datetime, not_useful: int = 0) -> Watched:
        kept = self.listed.kept
        paused = self.listed.paused(now)
        return Watched(
            key=self.key,
            monitor=self.listed.monitor,
            made_by=kept.changed_by if kept is not None else "",
            last_polled=self.polled_at,
            problem=self.problem,
            firing=len(self.firing()),
            series=self.series,
            paused=paused,
            paused_until=kept.paused_until if kept is not None and paused else None,
            sure=bar_of(self.listed.monitor),
            not_useful=not_useful,
        )


@dataclass(frozen=True)
class Found:
    """What reading one monitor came to."""

    state: MonitorState
    signals: Sequence[Signal] = ()
    looks: Sequence[Look] = ()
    series: int = 0

"""What people may ask of monitors and do to them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from bot.watching.backtests import Backtests, trace_of
from bot.watching.engine import Engine
from bot.watching.entry import Entry
from bot.watching.roster import bar_of, has_bar, write_spec
from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.monitors import (
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    Normal,
    Watched,
    state_key,
    trace,
)
from knowledge.ports import Monitors
from knowledge.records import Backtest, KeptMonitor, Look, Opinion, Signal, Trace

REMEMBER_OPINIONS = timedelta(days=30)
PICTURED_LOOKS = timedelta(days=14)


@runtime_checkable
class Closable(Protocol):
    """Data sources that hold connections."""

    def close(self) -> None: ...


class MonitorWatching:
    """`ports.Watching` over the running engine: what is changed is kept and holds at once."""

    def __init__(
        self,
        engine: Engine,
        monitors: Monitors,
        backtests: Backtests,
        now: Callable[[], datetime],
    ) -> None:
        self.engine = engine
        self._monitors = monitors
        self._backtests = backtests
        self._now = now

    def close(self) -> None:
        """Finish what is being read and write what was learned; before the store is closed."""
        self.engine.stop()
        if isinstance(self.engine.sources, Closable):
            self.engine.sources.close()

    def all(self) -> list[Watched]:
        now = self._now()
        said = Counter(
            opinion.key
            for opinion in self._monitors.opinions(since=now - REMEMBER_OPINIONS)
            if not opinion.useful
        )
        return [entry.watched(now, said[entry.key]) for entry in self.engine.entries()]

    def get(self, name: str) -> Watched:
        return self._watched(self._entry(name))

    def save(self, monitor: AnyMonitor, by: str) -> Watched:
        if isinstance(monitor, MetricMonitor):
            self._check_source(monitor)
        key = state_key(monitor)
        kept = self._kept(key)
        # A raised bar holds on, unless this change is about the bar.
        old = self.engine.entry(key)
        same_bar = old is not None and bar_of(old.listed.monitor) == bar_of(monitor)
        return self._change(
            KeptMonitor(
                key=key,
                changed_by=by,
                changed_at=self._now(),
                spec=write_spec(monitor),
                paused=kept.paused if kept is not None and not kept.removed else False,
                paused_until=kept.paused_until if kept is not None and not kept.removed else None,
                sure=kept.sure if kept is not None and same_bar and not kept.removed else None,
            )
        )

    def remove(self, name: str, by: str) -> None:
        entry = self._entry(name)
        self.engine.change(KeptMonitor(entry.key, by, self._now(), removed=True))

    def pause(self, name: str, until: datetime | None, by: str) -> Watched:
        entry, now = self._entry(name), self._now()
        if until is not None and until <= now:
            raise BadArgs("until", "it is over already", "Give a time to come, such as 1h or 8h")
        return self._change(self._of(entry, by, paused=True, paused_until=until))

    def resume(self, name: str, by: str) -> Watched:
        return self._change(self._of(self._entry(name), by, paused=False, paused_until=None))

    def raise_bar(self, name: str, sure: float, by: str) -> Watched:
        entry = self._entry(name)
        monitor = entry.listed.monitor
        if not 0.5 <= sure < 1:
            raise BadArgs("sure", f"{sure:g} is out of range", "Give a number from 0.5 to 0.99")
        if not has_bar(monitor) or (
            isinstance(monitor, MetricMonitor) and monitor.normal in _CERTAIN
        ):
            raise BadArgs(
                "sure",
                f"{monitor.name} goes by a limit, and beyond it is beyond",
                "Change its limit, or how long it must last",
            )
        return self._change(self._of(entry, by, sure=sure))

    def backtest(self, monitor: AnyMonitor, start: datetime, end: datetime) -> Backtest:
        return self._backtests(monitor, start, end)

    def trace(self, signal: Signal) -> Trace | None:
        entry = self.engine.entry(signal.labels.get("monitor", ""))
        if entry is None:
            return None
        if isinstance(entry.listed.monitor, ModelMonitor):
            model = entry.listed.monitor.model
            looks = self._monitors.looks(model, self._now() - PICTURED_LOOKS)
            return trace_of(looks) if looks else None
        # What was learned changes in place while it is read.
        with entry.lock:
            return trace(entry.state, signal.fingerprint)

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        return self._monitors.looks(model, since, until)

    def last_look(self, model: str) -> Look | None:
        return self._monitors.last_look(model)

    def say(self, opinion: Opinion) -> None:
        self._entry(opinion.key)
        self._monitors.say(opinion)

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        return self._monitors.opinions(key, since)

    def _check_source(self, monitor: MetricMonitor) -> None:
        try:
            self.engine.sources.name(monitor)
        except UserError as error:
            raise BadArgs("source", str(error)) from error

    def _entry(self, name: str) -> Entry:
        exact = self.engine.entry(name)
        if exact is not None:
            return exact
        entries = self.engine.entries()
        found = [e for e in entries if e.listed.monitor.name.lower() == name.strip().lower()]
        if len(found) > 1:
            keys = " or ".join(f"`{entry.key}`" for entry in found)
            raise BadArgs("monitor", f"two are called {name}", f"Write {keys}")
        if not found:
            raise NotFound.among("monitor", name, (e.listed.monitor.name for e in entries))
        return found[0]

    def _kept(self, key: str) -> KeptMonitor | None:
        return next((kept for kept in self._monitors.kept() if kept.key == key), None)

    def _of(self, entry: Entry, by: str, **more: Any) -> KeptMonitor:
        """What is kept of it, with these changes."""
        kept = entry.listed.kept or KeptMonitor(entry.key, by, self._now())
        return replace(kept, changed_by=by, changed_at=self._now(), **more)

    def _change(self, kept: KeptMonitor) -> Watched:
        entry = self.engine.change(kept)
        if entry is None:
            raise NotFound.among("monitor", kept.key, (e.key for e in self.engine.entries()))
        return self._watched(entry)

    def _watched(self, entry: Entry) -> Watched:
        now = self._now()
        said = self._monitors.opinions(entry.key, now - REMEMBER_OPINIONS)
        return entry.watched(now, sum(not opinion.useful for opinion in said))


_CERTAIN = (Normal.LIMIT, Normal.RATE, Normal.SILENCE)
"""What is normal is said by people, so that nothing is more or less sure."""

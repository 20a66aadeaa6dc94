"""A working Watching: monitors, opinions and looks in memory; what a monitor would have found is
worked out from the episodes that the test says there were."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from knowledge.adapters.memory.monitors import MemoryMonitors
from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.monitors import AnyMonitor, MetricMonitor, Watched, state_key
from knowledge.records import Backtest, Episode, Look, Opinion, Signal, Trace


@dataclass
class WatchingDouble:
    """`ports.Watching`. `episodes` are what monitors saw, with the score each reached; a metric
    monitor finds those that reach its bar and last longer than its `for`."""

    watched: dict[str, Watched] = field(default_factory=dict)
    episodes: Sequence[Episode] = ()
    traces: Sequence[Trace] = ()
    problem: str = ""
    kept: MemoryMonitors = field(default_factory=MemoryMonitors)

    def add(self, monitor: AnyMonitor) -> Watched:
        return self.save(monitor, "")

    def all(self) -> list[Watched]:
        return sorted(self.watched.values(), key=lambda w: w.monitor.name)

    def get(self, name: str) -> Watched:
        for watched in self.watched.values():
            if name in (watched.key, watched.monitor.name):
                return watched
        raise NotFound.among("monitor", name, self.watched)

    def save(self, monitor: AnyMonitor, by: str) -> Watched:
        key = state_key(monitor)
        self.watched[key] = Watched(key, monitor, made_by=by, sure=monitor.sure)
        return self.watched[key]

    def remove(self, name: str, by: str) -> None:
        del self.watched[self.get(name).key]

    def pause(self, name: str, until: datetime | None, by: str) -> Watched:
        found = self.get(name)
        self.watched[found.key] = replace(found, paused=True, paused_until=until)
        return self.watched[found.key]

    def resume(self, name: str, by: str) -> Watched:
        found = self.get(name)
        self.watched[found.key] = replace(found, paused=False, paused_until=None)
        return self.watched[found.key]

    def raise_bar(self, name: str, sure: float, by: str) -> Watched:
        if not 0.5 <= sure < 1.0:
            raise BadArgs("sure", f"{sure} is none", "Write a number from 0.5 to below 1")
        found = self.get(name)
        self.watched[found.key] = replace(found, sure=sure, made_by=by)
        return self.watched[found.key]

    def backtest(self, monitor: AnyMonitor, start: datetime, end: datetime) -> Backtest:
        if not isinstance(monitor, MetricMonitor):
            raise UserError("A model's past is in its looks.")
        found = tuple(
            episode
            for episode in self.episodes
            if start <= episode.starts_at < end
            and episode.score >= monitor.sure
            and (episode.ends_at is None or episode.ends_at - episode.starts_at >= monitor.for_)
        )
        return Backtest(start, end, tuple(self.traces), found, self.problem)

    def trace(self, signal: Signal) -> Trace | None:
        return self.traces[0] if self.traces else None

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        return self.kept.looks(model, since, until)

    def last_look(self, model: str) -> Look | None:
        return self.kept.last_look(model)

    def say(self, opinion: Opinion) -> None:
        self.get(opinion.key)
        self.kept.say(opinion)

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        return self.kept.opinions(key, since)

"""Asks one source the questions that are due, in as few requests as can be."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from bot.watching.joined import join, same_series, split
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.monitors import MetricMonitor
from knowledge.records import Sample

QUICK_S = 0.5
"""A query that takes longer by itself is asked alone: it would hold up those it is joined with."""
SMALL = 50
"""Series of an answer. Larger ones are asked alone: uniting copies them."""
HEAVY_S = 5.0
"""When a joined request takes longer, those in it have to show anew that they are quick."""

Ask = Callable[[MetricMonitor, datetime], list[Sample]]


@dataclass
class Asker:
    """One source. Safe to share by threads.

    A query may join others once it was asked by itself and, marked, gave the same series: then it
    is a whole expression, gives a vector and is cheap. When a joined request fails, those in it
    must show that anew, so that the one at fault is found.
    """

    ask: Ask
    may_join: bool = True
    timer: Callable[[], float] = perf_counter
    _shown: dict[str, bool] = field(default_factory=dict, repr=False)
    """Whether a query may join others; those that are not there have to show it."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def joins(self, monitor: MetricMonitor) -> bool:
        with self._lock:
            return bool(monitor.query) and self._shown.get(monitor.query, False)

    def ask_together(
        self, monitors: Sequence[MetricMonitor], at: datetime
    ) -> Mapping[str, list[Sample]]:
        """By query, of which there is one each. Raises what the source raises, and ValueError for
        an answer to something else."""
        queries = [monitor.query for monitor in monitors]
        started = self.timer()
        try:
            answers = split(queries, self.ask(_asking(monitors[0], join(queries)), at))
        except (TandemError, ValueError):
            self._forget(queries)
            raise
        if self.timer() - started > HEAVY_S:
            self._forget(queries)
        return answers

    def ask_alone(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        """Raises what the source raises."""
        started = self.timer()
        samples = self.ask(monitor, at)
        quick = self.timer() - started < QUICK_S and len(samples) <= SMALL
        if self.may_join and quick and monitor.query:
            self._learn(monitor, at, samples)
        return samples

    def _learn(self, monitor: MetricMonitor, at: datetime, samples: Sequence[Sample]) -> None:
        query = monitor.query
        with self._lock:
            if query in self._shown:
                return
        try:
            marked = split([query], self.ask(_asking(monitor, join([query])), at))[query]
        except UserError:
            shown = False
        except (Unavailable, ValueError):
            return
        else:
            shown = same_series(samples, marked)
        with self._lock:
            self._shown[query] = shown

    def _forget(self, queries: Sequence[str]) -> None:
        with self._lock:
            for query in queries:
                self._shown.pop(query, None)


def _asking(monitor: MetricMonitor, query: str) -> MetricMonitor:
    """A monitor that asks this of the same source."""
    return monitor.model_copy(update={"query": query})

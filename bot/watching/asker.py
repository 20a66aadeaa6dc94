"""Asks one source the questions that are due, in as few requests as can be."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from bot.watching.joined import is_whole, join, same_series, split
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.monitors import MetricMonitor
from knowledge.records import Sample

QUICK_S = 0.5
TIMES_USUAL = 4.0
"""A query that takes longer by itself, also in comparison with the others, is asked alone: it would
hold up those it is joined with. Where all are slow, joining them is the remedy."""
SMALL = 50
"""Series of an answer. Larger ones are asked alone: uniting copies them."""
HEAVY_S = 5.0
"""When a joined request takes longer, those in it have to show that they are quick."""
_RECENT = 0.05

Ask = Callable[[MetricMonitor, datetime], list[Sample]]


@dataclass
class Asker:
    """One source. Safe to share by threads.

    A query may join others when its text is a whole (see `is_whole`) and the source has shown once
    that a marked query gives the same series. When a joined request fails, each in it is asked
    alone and has to show by itself that it may join: so the one at fault is found.
    """

    ask: Ask
    may_join: bool = True
    timer: Callable[[], float] = perf_counter
    _marks: bool | None = None
    """Whether the source gives marked queries the same series; None while that is not known."""
    _alone: dict[str, bool] = field(default_factory=dict, repr=False)
    """Queries that join no others: for good, or until they show that they may."""
    _usual_s: float = 0.0
    """How long a query takes by itself."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def joins(self, monitor: MetricMonitor) -> bool:
        with self._lock:
            open_to_it = bool(self._marks) and self.may_join and monitor.query not in self._alone
        return open_to_it and bool(monitor.query) and is_whole(monitor.query)

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
            self._part(queries)
            raise
        heavy = self.timer() - started > HEAVY_S
        self._part([query for query in queries if heavy or len(answers[query]) > SMALL])
        return answers

    def ask_alone(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        """Raises what the source raises."""
        started = self.timer()
        samples = self.ask(monitor, at)
        if self._is_quick(self.timer() - started) and len(samples) <= SMALL:
            self._learn(monitor, at, samples)
        return samples

    def _is_quick(self, took_s: float) -> bool:
        with self._lock:
            quick = took_s <= max(QUICK_S, TIMES_USUAL * self._usual_s)
            self._usual_s += _RECENT * (took_s - self._usual_s)
        return quick

    def _learn(self, monitor: MetricMonitor, at: datetime, samples: Sequence[Sample]) -> None:
        """Ask it again, marked, where that is not known to go well."""
        query = monitor.query
        if not (self.may_join and query and is_whole(query)):
            return
        with self._lock:
            known = self._marks is False or self._alone.get(query)
            fine = self._marks is not None and query not in self._alone
        if known or fine:
            return
        try:
            same = same_series(samples, self._marked(monitor, at))
        except UserError:
            same = False
        except (Unavailable, ValueError):
            return
        with self._lock:
            if same:
                self._alone.pop(query, None)
                self._marks = True if samples else self._marks
            else:
                self._alone[query] = True

    def _marked(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        query = monitor.query
        return split([query], self.ask(_asking(monitor, join([query])), at))[query]

    def _part(self, queries: Sequence[str]) -> None:
        with self._lock:
            for query in queries:
                self._alone.setdefault(query, False)


def _asking(monitor: MetricMonitor, query: str) -> MetricMonitor:
    """A monitor that asks this of the same source."""
    return monitor.model_copy(update={"query": query})

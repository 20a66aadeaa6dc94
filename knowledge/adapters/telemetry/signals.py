"""Signals of services by queries to a Prometheus."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import numpy as np

from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.telemetry.asking import ask_all, log_failure
from knowledge.adapters.telemetry.template import fill, is_name
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.records import Series

MOST_QUESTIONS = 400
"""Of one call: services times signals. Services beyond are left out."""
MOST_POINTS = 2000
"""Of one series; the step is made longer where there would be more."""


class PrometheusSignals:
    """A query for each signal, asked for each service."""

    def __init__(
        self,
        prometheus: Prometheus,
        queries: Mapping[str, str],
        window_s: float = 120.0,
        name: str = "Prometheus",
    ) -> None:
        """`queries` are templates (`knowledge.adapters.telemetry.template`)."""
        self.name = name
        self._prometheus = prometheus
        self._queries = dict(queries)
        self._window_s = window_s

    def signals(
        self,
        services: Sequence[str],
        start: datetime,
        end: datetime,
        step_s: float = 60.0,
        note: Callable[[str], None] = log_failure,
    ) -> dict[str, dict[str, Series]]:
        """Raises Unavailable where nothing at all could be read. A query that Prometheus rejects
        is noted and its signal left out; `check` says it."""
        names = [name for name in dict.fromkeys(services) if is_name(name)]
        most = MOST_QUESTIONS // max(1, len(self._queries))
        if len(names) > most:
            note(f"{self.name}: signals of {most} services at a time, not {len(names)}")
        step = max(step_s, 1.0, (end - start).total_seconds() / MOST_POINTS)
        questions = {
            (service, signal): partial(self._one, query, service, start, end, step)
            for service in names[:most]
            for signal, query in self._queries.items()
        }
        answers, failures = ask_all(questions, system=self.name)
        _deal_with(failures, note, anything=bool(answers))
        found: dict[str, dict[str, Series]] = {}
        for (service, signal), series in answers.items():
            if series is not None:
                found.setdefault(service, {})[signal] = series
        return found

    def check(self, at: datetime) -> None:
        """Asks each query once. Raises UserError naming those that are rejected."""
        rejected = []
        for signal, query in self._queries.items():
            try:
                self._prometheus.instant(fill(query, "tandem-doctor", self._window_s), at)
            except UserError as error:
                rejected.append(f"prometheus.queries.{signal}: {error}")
        if rejected:
            raise UserError("\n".join(rejected))

    def close(self) -> None:
        self._prometheus.close()

    def _one(
        self, query: str, service: str, start: datetime, end: datetime, step: float
    ) -> Series | None:
        # Rates look back over the window, and no further than four steps for a coarse picture.
        window = max(self._window_s, min(step, 4 * self._window_s))
        series = self._prometheus.range(fill(query, service, window), start, end, step)
        return highest(series)


def highest(series: Sequence[Series]) -> Series | None:
    """One series of several: the highest at each moment, since the worst instance is what counts.
    Infinities are left out; None where nothing is left."""
    kept = [one for one in map(_finite, series) if len(one.times)]
    if len(kept) <= 1:
        return kept[0] if kept else None
    times = np.unique(np.concatenate([one.times for one in kept]))
    values = np.full(len(times), -np.inf)
    for one in kept:
        at = np.searchsorted(times, one.times)
        values[at] = np.maximum(values[at], one.values)
    return Series({}, times, values)


def _finite(series: Series) -> Series:
    kept = np.isfinite(series.values)
    return Series(series.labels, series.times[kept], series.values[kept])


def _deal_with(
    failures: Sequence[TandemError], note: Callable[[str], None], *, anything: bool
) -> None:
    if not anything:
        for failure in failures:
            if isinstance(failure, Unavailable):
                raise failure
    for words in dict.fromkeys(str(failure) for failure in failures):
        note(words)

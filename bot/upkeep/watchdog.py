"""Watches the watcher: an alert that always fires must keep coming, or monitoring itself is broken.

prometheus-operator's rules have such an alert, called Watchdog (`vector(1)`, severity none). It
opens no incident. When it stays away for too long (Prometheus is down, it cannot reach its
Alertmanager, or that cannot reach us) nothing else would be heard either, and silence would look
like peace: then an incident is opened, by Tandem itself, and resolved when the alert is back.

Where several Prometheus servers send it, each is expected from its first time on, told apart by its
labels. When it was heard lives in memory: a restart or another replica begins to wait anew.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from knowledge.codec import signals_to_json
from knowledge.durations import say_duration
from knowledge.monitors import SOURCE
from knowledge.ports import Incidents
from knowledge.records import Signal, SignalKind

log = logging.getLogger("tandem.watchdog")

EVERY = timedelta(seconds=20)
PREFIX = "tandem-watchdog:"
ANYONE = ""
"""The key of "from whomever": what is missed while none has come yet."""
MOST_KEPT = 200
"""Senders that are told apart."""
MOST_OPEN = 1_000
SERVICE = "monitoring"

Accept = Callable[[str, bytes, list[Signal]], object]


class Watchdog:
    """Expects the alert `name` every `within`. Safe to share by threads."""

    def __init__(
        self,
        name: str,
        within: timedelta,
        incidents: Incidents,
        accept: Accept,
        now: Callable[[], datetime],
    ) -> None:
        """`accept` stores what it finds durably, as a webhook is."""
        self._name = name
        self._within = within
        self._incidents = incidents
        self._accept = accept
        self._now = now
        self._lock = Lock()
        self._since = self._looked = now()
        self._heard: dict[str, tuple[datetime, Signal]] = {}
        self._told: set[str] = set()

    def hears(self, signal: Signal, at: datetime) -> bool:
        """Whether it is the expected alert, which is nobody's incident. One that says it is over
        was not heard: it must always fire."""
        if signal.name != self._name:
            return False
        key = signal.fingerprint
        with self._lock:
            known = self._heard.get(key)
            if signal.firing and (known or len(self._heard) < MOST_KEPT):
                self._heard[key] = (max(at, known[0]) if known else at, signal)
        return True

    def silent_s(self) -> float:
        """Seconds since it was heard from whoever is silent longest; since the start where nobody
        was heard yet."""
        now = self._now()
        with self._lock:
            oldest = min((at for at, _ in self._heard.values()), default=self._since)
        return max((now - oldest).total_seconds(), 0.0)

    def look(self) -> None:
        """For the schedule: tell of silence once, and of its end. Raises Unavailable."""
        now = self._now()
        found = self._incidents.find(open_only=True, limit=MOST_OPEN)
        open_ = {s.fingerprint: s for i in found for s in i.firing}
        with self._lock:
            if now - self._looked > 3 * EVERY:
                # Somebody else listened meanwhile, or nobody did because we were not there.
                self._since, self._heard = now, {}
            self._looked = now
            silent, there = self._judged(now)
            begin = [
                signal
                for key, signal in silent.items()
                if key not in self._told and signal.fingerprint not in open_
            ]
            self._told = (self._told | set(silent)) - there
        over = [_ended(open_[PREFIX + key], now) for key in there if PREFIX + key in open_]
        if begin or over:
            for signal in begin:
                log.error("%s", signal.summary)
            self._accept(SOURCE, signals_to_json([*begin, *over]), [*begin, *over])

    def _judged(self, now: datetime) -> tuple[dict[str, Signal], set[str]]:
        """What is to be told of those that are silent, and who is there. Under the lock."""
        if not self._heard:
            late = now - self._since > self._within
            return ({ANYONE: self._missing(ANYONE, self._since, {}, now)} if late else {}), set()
        silent: dict[str, Signal] = {}
        there = {ANYONE}
        for key, (at, last) in self._heard.items():
            since = max(at, self._since)
            if now - since > self._within:
                silent[key] = self._missing(key, since, last.labels, now)
            else:
                there.add(key)
        return silent, there

    def _missing(
        self, key: str, since: datetime, labels: Mapping[str, str], now: datetime
    ) -> Signal:
        of = {k: v for k, v in labels.items() if k not in ("alertname", "severity")}
        told = ", ".join(f"{k}={v}" for k, v in sorted(of.items()))
        return Signal(
            PREFIX + key,
            "MonitoringSilent",
            since + self._within,
            now,
            source=SOURCE,
            kind=SignalKind.METRIC,
            service=SERVICE,
            severity="critical",
            summary=f"The monitoring itself is silent: {self._name}, which always fires, has not "
            f"come for {say_duration(now - since)}" + (f" ({told})" if told else ""),
            description="Prometheus, its Alertmanager or the way from there to Tandem is broken. "
            "Until it is back, no alert from there arrives: quiet means nothing.",
            labels=of,
        )


def _ended(signal: Signal, now: datetime) -> Signal:
    return replace(signal, ends_at=max(now, signal.starts_at), received_at=now)

"""Webhooks in: keep them, correlate their alerts, change incidents, have their cards told.

`accept` is on the sender's path and only stores. `work` and `tick` are called by one worker; what
they do and the inbox's row that caused it are one transaction, so a crash anywhere loses nothing
and does nothing twice. The correlation lives in memory and is derived: it is rebuilt from the
history of alerts at the start and after a transaction that failed.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cases import Casework
from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Outcome, subject_of
from knowledge.errors import Unavailable
from knowledge.escalation import is_own_page
from knowledge.incidents import instance
from knowledge.ports import Silences, Store
from knowledge.records import Batch, Change, Incident, Signal
from knowledge.silences import Silencer, holds, released

log = logging.getLogger(__name__)

REMEMBER = timedelta(hours=24)
"""How much history the correlation is rebuilt from."""
MOST_REMEMBERED = 200_000
MOST_OPEN = 1_000
MOST_NAMED = 50_000
"""Fingerprints whose service is remembered."""
READ_AHEAD = 5_000
"""Batches that are kept decoded between their acceptance and their turn."""

Read = Callable[[str, bytes, datetime], Sequence[Signal]]
"""Source, body as it came, time of arrival -> its signals. Raises UserError."""


class Intake:
    """`on_resolved` is told of each incident that resolved itself, after that is stored."""

    def __init__(
        self,
        store: Store,
        read: Read,
        now: Callable[[], datetime],
        *,
        catalogue: Catalogue | None = None,
        silences: Silences | None = None,
        on_resolved: Callable[[Incident], None] = lambda incident: None,
        quiet: timedelta = timedelta(),
    ) -> None:
        self._store = store
        self._catalogue = catalogue or Catalogue()
        self._silences = silences or store.silences
        self._read = read
        self._now = now
        self._on_resolved = on_resolved
        self._quiet = quiet
        self._lock = threading.RLock()
        self._correlator: Correlator | None = None
        self._decoded: OrderedDict[int, Sequence[Signal]] = OrderedDict()
        self._services: OrderedDict[str, str] = OrderedDict()
        self._holding: set[str] = set()

    def accept(self, source: str, body: bytes, signals: Sequence[Signal]) -> int:
        """Store durably; returns the batch's id. The sender may be answered after that."""
        batch = self._store.inbox.put(source, body, self._now())
        self._decoded[batch] = signals
        while len(self._decoded) > READ_AHEAD:
            self._decoded.popitem(last=False)
        return batch

    def work(self, limit: int = 1_000) -> int:
        """Deal with the oldest batches; returns how many left the inbox.

        They are taken together, so that a backlog changes each incident once and not once for
        each batch. A batch that cannot be dealt with is set aside and holds up no other. Raises
        Unavailable, everything still waiting, when the store is out of reach.
        """
        batches = self._store.inbox.waiting(limit)
        if not batches:
            self.tick()
            return 0
        try:
            self._deal_with(batches)
        except Unavailable:
            raise
        except Exception:
            # One of them is bad; taken one by one, it shows which.
            log.warning("%s batches failed together", len(batches), exc_info=True)
            return sum(self._deal_with_one(batch) for batch in batches)
        return len(batches)

    def tick(self) -> None:
        """Time passes without alerts: patience runs out, evidence expires."""
        now = self._now()
        with self._lock:
            passed = self._correlator.advance(now) if self._correlator else None
            if passed == Outcome():
                return
            with self._round(now) as work:
                work.apply(passed or work.correlator.advance(now), now)

    def settle(self) -> int:
        """Resolve what has been quiet for long enough, hear again what was silenced; for the
        schedule. Returns how many resolved."""
        now = self._now()
        with self._round(now) as work:
            self._hear_again(work, now)
            for incident in self._store.incidents.find(open_only=True, limit=MOST_OPEN):
                work.settle(incident.id, now)
        return len(work.resolved)

    def change(self, change: Change) -> None:
        """A deploy or the like: kept, and put on the open incidents that it may explain."""
        self._store.changes.add(change)
        now = self._now()
        with self._round(now) as work:
            work.attach(change, now)

    def noticed(self, incident: Incident) -> None:
        """A person changed it: the correlation follows."""
        with self._lock:
            if self._correlator is None:
                return
            if incident.is_open:
                self._correlator.reopen(incident.id)
            else:
                self._correlator.close(incident.id)

    @contextmanager
    def correlating(self) -> Iterator[Casework]:
        """A round of one's own, for what people decide. Raises Unavailable."""
        with self._round(self._now()) as work:
            yield work

    def _deal_with_one(self, batch: Batch) -> bool:
        try:
            self._deal_with([batch])
        except Unavailable:
            raise
        except Exception as error:
            # The last stop before the outside: one bad batch must not hold up the others.
            log.exception("batch %s of %s set aside", batch.id, batch.source)
            self._store.inbox.poison(batch.id, f"{type(error).__name__}: {error}")
            return False
        return True

    def _deal_with(self, batches: Sequence[Batch]) -> None:
        read = [(batch, self._signals(batch)) for batch in batches]
        now = max(batch.received_at for batch in batches)
        with self._round(now) as work:
            silencer = self._silencer(now)
            for batch, signals in read:
                self._feed(work, signals, batch.received_at, silencer)
            self._store.inbox.done([batch.id for batch in batches])
        for batch in batches:
            self._decoded.pop(batch.id, None)

    def _silencer(self, now: datetime) -> Silencer | None:
        silences = self._silences.find(at=now)
        return Silencer(silences, self._catalogue.team) if silences else None

    def _feed(
        self, work: Casework, signals: Sequence[Signal], at: datetime, silencer: Silencer | None
    ) -> None:
        # What PagerDuty or Opsgenie tell of our own pages is no news.
        signals = [s if s.service else self._named(s) for s in signals if not is_own_page(s)]
        if silencer is not None:
            signals = [s for s in signals if not self._hidden(work, s, silencer, at)]
        # The time of arrival is the clock, so that a backlog, or history, decides as it would have.
        work.apply(work.correlator.feed(signals, at), at)
        work.note(signals)

    def _hear_again(self, work: Casework, now: datetime) -> None:
        """Alerts whose silence is over and that fire still count from now on, also those whose
        sender tells an alert once."""
        holding = {s.id for s in self._silences.find(at=now) if holds(s, now)}
        over, self._holding = self._holding - holding, holding
        if not over:
            return
        history = self._store.alerts.find(since=now - REMEMBER, limit=MOST_REMEMBERED)
        hidden = [r for r in history if r.silence in over]
        signals = [r.signal for r in released(hidden, self._silencer(now) or Silencer(()), now)]
        work.apply(work.correlator.feed(signals, now), now)

    def _named(self, signal: Signal) -> Signal:
        """With the service that its labels and the catalogue let guess."""
        service = self._services.get(signal.fingerprint)
        if service is None:
            service = subject_of(signal, self._catalogue).service
            self._services[signal.fingerprint] = service
            while len(self._services) > MOST_NAMED:
                self._services.popitem(last=False)
        return replace(signal, service=service) if service else signal

    def _hidden(self, work: Casework, signal: Signal, silencer: Silencer, at: datetime) -> bool:
        """An alert that was there before its silence goes on, and its end is heard."""
        if not signal.firing or work.correlator.placed(instance(signal)) is not None:
            return False
        silence = silencer.hides(signal, at)
        if silence is None:
            return False
        work.silenced(signal, silence.id)
        return True

    def _signals(self, batch: Batch) -> Sequence[Signal]:
        decoded = self._decoded.get(batch.id)
        return (
            self._read(batch.source, batch.body, batch.received_at) if decoded is None else decoded
        )

    @contextmanager
    def _round(self, now: datetime) -> Iterator[Casework]:
        """One transaction. After an error the correlation knows more than the store: it is
        dropped and rebuilt."""
        with self._lock:
            try:
                with self._store.together():
                    if self._correlator is None:
                        self._correlator = self._rebuilt(now)
                    work = Casework(self._store, self._correlator, self._quiet)
                    yield work
                    work.finish(now)
            except BaseException:
                self._correlator = None
                raise
        for incident in work.resolved:
            self._resolved(incident)

    def _rebuilt(self, now: datetime) -> Correlator:
        correlator = Correlator(self._catalogue, self._store.lessons.all())
        history = self._store.alerts.find(since=now - REMEMBER, limit=MOST_REMEMBERED)
        correlator.restore(((r.signal, r.incident) for r in history), now)
        for incident_id in {r.incident for r in history if r.incident}:
            incident = self._store.incidents.get(incident_id)
            if not incident.is_open:
                correlator.close(incident_id, incident.resolved_at)
        return correlator

    def _resolved(self, incident: Incident) -> None:
        try:
            self._on_resolved(incident)
        except Exception:
            # It is resolved and stored; what follows from it can be made up for later.
            log.exception("after the resolution of %s", incident.id)

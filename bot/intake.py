"""Webhooks in: keep them, correlate their alerts, change incidents, have their cards told.

`accept` is on the sender's path and only stores. `work` and `tick` are called by one worker; what
they do and the inbox's row that caused it are one transaction, so a crash anywhere loses nothing
and does nothing twice. The correlation lives in memory and is derived: it is rebuilt from the
history of alerts at the start and after a transaction that failed.

Of several replicas one feeds the correlation; the others change incidents as people tell them, and
note it for the one that does. Each round begins with the next number of `ports.Rounds`, which
admits one at a time: who finds numbers missing follows the notes, or rebuilds.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from time import monotonic

from bot.cases import Casework
from bot.upkeep.leftovers import Leftovers
from bot.upkeep.outage_notes import put_set_aside
from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Outcome, carry_out, subject_of
from knowledge.errors import TandemError, Unavailable
from knowledge.escalation import is_own_page
from knowledge.incidents import instance
from knowledge.ports import Seen, Silences, Store
from knowledge.records import AlertRecord, Batch, Change, Deciding, Decision, Incident, Signal
from knowledge.silences import Silencer, holds, released

log = logging.getLogger(__name__)

REMEMBER = timedelta(hours=24)
"""How much history the correlation is rebuilt from."""
MOST_REMEMBERED = 200_000
MOST_AT_ONCE = 20_000
"""Alerts that are read before the first round; the rest of the history is taken in behind it."""
MOST_OF_ONE = 200
"""Alerts of an open incident that are read with them, however old."""
MOST_KNOWN = 5_000
"""Alerts of an incident that a person's word about it may concern."""
MOST_OPEN = 1_000
UNHEARD = timedelta(minutes=15)
"""Silences that ended this long before a start may have ended without anybody noticing."""
ALIVE_S = 1.0
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
        feeds: Callable[[], bool] = lambda: True,
        seen: Seen | None = None,
        at_once: int = MOST_AT_ONCE,
    ) -> None:
        """`feeds` says whether this replica is the one that feeds the correlation; `seen` counts
        how often what an earlier run left behind was tried; `at_once`: so many alerts of the
        history are read before the first round."""
        self._store = store
        self._catalogue = catalogue or Catalogue()
        self._silences = silences or store.silences
        self._read = read
        self._now = now
        self._on_resolved = on_resolved
        self._quiet = quiet
        self.feeds = feeds
        self._at_once = at_once
        self._leftovers = Leftovers(seen)
        self.aside: Callable[[Signal, datetime], bool] = lambda signal, at: False
        """Alerts that somebody else expects and that are no trouble (`bot.upkeep.watchdog`)."""
        self.give_way: Callable[[], None] = lambda: None
        """Called before each batch: what is more urgent goes first."""
        self._lock = threading.RLock()
        self._correlator: Correlator | None = None
        self._decoded: OrderedDict[int, Sequence[Signal]] = OrderedDict()
        self._services: OrderedDict[str, str] = OrderedDict()
        self._holding: set[str] | None = None
        """Silences that held when it was last looked; None until then."""
        self._round_done = 0
        """The number of the round up to which the correlation has followed."""
        self._behind: threading.Thread | None = None
        self._overtaken = False
        """Whether others were in a round since the last one here."""

    def accept(self, source: str, body: bytes, signals: Sequence[Signal]) -> int:
        """Store durably; returns the batch's id. The sender may be answered after that."""
        batch = self._store.inbox.put(source, body, self._now())
        if not self.feeds():
            return batch
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
        if not self.feeds():
            self.forget()
            return 0
        batches = self._store.inbox.waiting(limit)
        if not batches:
            self._leftovers.none()
            self.tick()
            return 0
        taken, hopeless = self._leftovers.choose(batches, self._now())
        if hopeless:
            self._set_aside(taken[0], hopeless)
            return 1
        try:
            self._deal_with(taken)
        except Unavailable:
            raise
        except Exception:
            # One of them is bad; taken one by one, it shows which.
            log.warning("%s batches failed together", len(taken), exc_info=True)
            return sum(self._deal_with_one(batch) for batch in taken)
        return len(taken)

    def forget(self) -> None:
        """Another replica feeds the correlation now."""
        with self._lock:
            self._correlator = None
            self._holding = None
        self._decoded.clear()
        self._leftovers.begin()

    def tick(self) -> None:
        """Time passes without alerts: patience runs out, evidence expires."""
        now = self._now()
        with self._lock:
            if not self.feeds():
                return
            passed, before = None, self._correlator
            if before is not None and self._store.rounds.latest() == self._round_done:
                passed = before.advance(now)
                if passed == Outcome():
                    return
            with self._round(now) as work:
                if work.correlator is not before or passed is None:
                    passed = work.correlator.advance(now)
                work.apply(passed, now)

    def settle(self) -> int:
        """Resolve what has been quiet for long enough, hear again what was silenced; for the
        schedule. Returns how many resolved."""
        now = self._now()
        with self._lock:
            if not self.feeds():
                return 0
            # Read before the round: others wait for a round.
            heard_again = self._heard_again(now)
            with self._round(now) as work:
                work.apply(work.correlator.feed(heard_again, now), now)
                for incident in self._store.incidents.find(open_only=True, limit=MOST_OPEN):
                    work.settle(incident.id, now)
        return len(work.resolved)

    def change(self, change: Change) -> None:
        """A deploy or the like: kept, and put on the open incidents that it may explain."""
        self._store.changes.add(change)
        now = self._now()
        with self._round(now, ()) as work:
            work.attach(change, now)

    def noticed(self, incident: Incident) -> None:
        """A person changed it: the correlation follows."""
        kind = Deciding.REOPEN if incident.is_open else Deciding.CLOSE
        decision = Decision(kind, incident.id)
        with self._lock:
            if self.feeds():
                if self._correlator is not None:
                    carry_out(self._correlator, decision, self._now())
                return
        try:
            with self._store.together():
                self._store.rounds.note(self._store.rounds.begin(), [decision])
        except TandemError as error:
            log.warning("the correlation is not told of %s: %s", incident.id, error)

    @contextmanager
    def correlating(self, about: Collection[str]) -> Iterator[Casework]:
        """A round of one's own, for what people decide about these incidents. Raises
        Unavailable."""
        now = self._now()
        with self._round(now, about) as work:
            if work.stands_at is None:
                work.apply(work.correlator.advance(now), now)
            yield work

    def _deal_with_one(self, batch: Batch) -> bool:
        try:
            self._deal_with([batch])
        except Unavailable:
            raise
        except Exception as error:
            # The last stop before the outside: one bad batch must not hold up the others.
            log.exception("batch %s of %s cannot be dealt with", batch.id, batch.source)
            self._set_aside(batch, f"{type(error).__name__}: {error}")
            return False
        return True

    def _set_aside(self, batch: Batch, why: str) -> None:
        """It is kept, holds up no other, and people are told."""
        log.error("batch %s of %s set aside: %s", batch.id, batch.source, why)
        with self._store.together():
            self._store.inbox.poison(batch.id, why)
            put_set_aside(self._store.outbox, batch.source, self._now())

    def _deal_with(self, batches: Sequence[Batch]) -> None:
        read = [(batch, self._signals(batch)) for batch in batches]
        now = max(batch.received_at for batch in batches)
        with self._round(now) as work:
            # Another replica that fed until now may have been in the middle of them.
            if self._overtaken:
                there = self._store.inbox.still([batch.id for batch in batches])
                read = [(batch, signals) for batch, signals in read if batch.id in there]
            silencer = self._silencer(now)
            said = monotonic()
            for batch, signals in read:
                self.give_way()
                self._feed(work, signals, batch.received_at, silencer)
                if monotonic() - said > ALIVE_S:
                    self._store.rounds.alive()
                    said = monotonic()
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
        signals = [s for s in signals if not is_own_page(s) and not self.aside(s, at)]
        signals = [s if s.service else self._named(s) for s in signals]
        if silencer is not None:
            signals = [s for s in signals if not self._hidden(work, s, silencer, at)]
        # The time of arrival is the clock, so that a backlog, or history, decides as it would have.
        work.apply(work.correlator.feed(signals, at), at)
        work.note(signals)

    def _heard_again(self, now: datetime) -> list[Signal]:
        """Alerts whose silence is over and that fire still: they count from now on, also those
        whose sender tells an alert once."""
        holding = {s.id for s in self._silences.find(at=now) if holds(s, now)}
        if self._holding is None:
            lately = self._silences.find(at=now - UNHEARD)
            self._holding = {s.id for s in lately if s.starts_at <= now} - holding
        over, self._holding = self._holding - holding, holding
        if not over:
            return []
        history = self._store.alerts.find(since=now - REMEMBER, limit=MOST_REMEMBERED)
        hidden = [r for r in history if r.silence in over]
        return [r.signal for r in released(hidden, self._silencer(now) or Silencer(()), now)]

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
    def _round(self, now: datetime, about: Collection[str] | None = None) -> Iterator[Casework]:
        """One transaction, and no other round on any replica meanwhile. After an error the
        correlation knows more than the store: it is dropped and rebuilt. With `about` it is one
        about these incidents, for which a replica that feeds nothing need not know more."""
        with self._lock:
            feeds = about is None or self.feeds()
            try:
                if feeds and self._correlator is None:
                    # Before the round, which others wait for.
                    self._round_done = self._store.rounds.latest()
                    self._correlator = self._rebuilt(now)
                with self._store.together():
                    number = self._store.rounds.begin()
                    work = self._work(number, now) if feeds else self._aside(about or (), now)
                    yield work
                    work.finish(now)
                    if not feeds:
                        self._store.rounds.note(number, work.decisions)
            except BaseException:
                self._correlator = None
                raise
            if feeds:
                self._round_done = number
        for incident in work.resolved:
            self._resolved(incident)

    def _work(self, number: int, now: datetime) -> Casework:
        """On the correlation as it must be for this round. Raises Unavailable where another
        replica took over while this one waited, or slept."""
        if not self.feeds():
            raise Unavailable("the intake", "another replica has taken over")
        missed = number - 1 - self._round_done
        self._overtaken = missed > 0
        notes = self._store.rounds.notes(self._round_done, number) if missed else {}
        if self._correlator is None or len(notes) != missed:
            log.warning("another replica was at work: the correlation is rebuilt")
            self._correlator = self._rebuilt(now)
            self._store.rounds.alive()
            notes = {}
        work = Casework(self._store, self._correlator, self._quiet)
        if notes:
            work.apply(work.correlator.advance(now), now)
            for decision in chain.from_iterable(notes.values()):
                carry_out(work.correlator, decision, now)
        return work

    def _aside(self, about: Collection[str], now: datetime) -> Casework:
        """For a person's word at a replica that feeds nothing: a correlation of these incidents
        alone. The one that feeds follows the note of it."""
        found = [r for i in about for r in self._store.alerts.find(incident=i, limit=MOST_KNOWN)]
        alerts = _in_order(found)
        first = alerts[0].signal.received_at if alerts else now
        correlator = Correlator(self._catalogue)
        correlator.restore(((r.signal, r.incident) for r in alerts), first)
        return Casework(self._store, correlator, self._quiet, stands_at=first)

    def known(self) -> int:
        """How many alert instances the correlation knows; 0 where it is not this replica's."""
        correlator = self._correlator
        return 0 if correlator is None else correlator.size()["instances"]

    def _rebuilt(self, now: datetime) -> Correlator:
        """From the newest alerts and those of open incidents; where there is more history, the
        rest is taken in behind."""
        correlator = Correlator(self._catalogue, self._store.lessons.all())
        history = self._store.alerts.find(since=now - REMEMBER, limit=self._at_once)
        is_all = len(history) < self._at_once
        self._restore(correlator, history if is_all else self._with_open_ones(history), now)
        if not is_all:
            self._behind = threading.Thread(
                target=self._complete, args=(correlator, now), name="history", daemon=True
            )
            self._behind.start()
        return correlator

    def wait_for_history(self, timeout_s: float = 60.0) -> None:
        """Until the rest of the history is taken in, where that is under way."""
        if self._behind is not None:
            self._behind.join(timeout_s)

    def _complete(self, partial: Correlator, now: datetime) -> None:
        """Read all of the history beside the rounds, and go on with that. What came meanwhile is
        taken in between two rounds."""
        try:
            lessons = self._store.lessons.all()
            full = Correlator(self._catalogue, lessons)
            history = self._store.alerts.find(since=now - REMEMBER, limit=MOST_REMEMBERED)
            older = history[: -self._at_once // 2]
            if not older:
                return
            full.restore(((r.signal, r.incident) for r in older), now)
            with self._lock:
                if self._correlator is not partial:
                    return
                since = older[-1].first_received_at
                newer = self._store.alerts.find(since=since, limit=MOST_REMEMBERED)
                self._restore(full, newer, self._now(), {r.incident for r in older})
                for lesson in self._store.lessons.all()[len(lessons) :]:
                    full.teach(lesson)
                self._correlator = full
        except TandemError as error:
            log.warning("the correlation goes on without its older history: %s", error)
        except Exception:
            # The thread's last stop; the rounds go on with what they have.
            log.exception("the older history")

    def _with_open_ones(self, newest: Sequence[AlertRecord]) -> list[AlertRecord]:
        """Before them, those of incidents that are open: what follows belongs to them."""
        found = {instance(r.signal): r for r in newest}
        for incident in self._store.incidents.find(open_only=True, limit=MOST_OPEN):
            for record in self._store.alerts.find(incident=incident.id, limit=MOST_OF_ONE):
                found.setdefault(instance(record.signal), record)
        return _in_order(found.values())

    def _restore(
        self,
        correlator: Correlator,
        history: Sequence[AlertRecord],
        now: datetime,
        earlier: Collection[str] = (),
    ) -> None:
        """`earlier` are incidents that it knows already."""
        correlator.restore(((r.signal, r.incident) for r in history), now)
        names = {*earlier, *(r.incident for r in history)} - {""}
        over = self._store.incidents.over(names)
        for incident_id, since in over.items():
            correlator.close(incident_id, since)

    def _resolved(self, incident: Incident) -> None:
        try:
            self._on_resolved(incident)
        except Exception:
            # It is resolved and stored; what follows from it can be made up for later.
            log.exception("after the resolution of %s", incident.id)


def _in_order(records: Iterable[AlertRecord]) -> list[AlertRecord]:
    """Of their arrival."""
    return sorted(records, key=lambda r: r.signal.received_at)

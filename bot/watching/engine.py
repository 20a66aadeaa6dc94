"""Reads thousands of monitors in one process.

The schedule's clock calls `tick`, which only asks a heap who is due and puts them into the lane of
their data source; the lanes' few threads do the rest. Models' data has a lane of its own, so that a
look that takes a minute delays no metric.

States live in memory and are written a few seconds after they changed, many at once. What a monitor
found is written with its state in one transaction: a crash before it finds the same again, a crash
after it has told it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic, perf_counter, sleep

from bot.upkeep.outage_notes import put_blind
from bot.watching.asker import Asker
from bot.watching.beat import Beat, first_ms
from bot.watching.charge import Always, Charge
from bot.watching.entry import Entry, Found
from bot.watching.health import Health
from bot.watching.lane import Due, Lane, Work
from bot.watching.meters import NoMeters, PollMeters
from bot.watching.past import read_range
from bot.watching.roster import Listed, learns_anew, list_one, roster
from bot.watching.sources import Sources
from bot.watching.tell import put
from knowledge.codec import signals_to_json
from knowledge.durations import say_duration
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.monitors import (
    SOURCE,
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    MonitorState,
    catch_up,
    decide_metric,
    dump_state,
    load_state,
    missed,
    problem_of,
    recall,
    state_key,
)
from knowledge.ports import Store
from knowledge.records import KeptMonitor, Look, Sample, Signal

log = logging.getLogger("tandem.watching")

MODELS = "model data"
"""The name of the lane in which models are looked at."""
METRIC_WORKERS = 4
"""Requests to one source at a time; with many questions in each, more would only queue there."""
MODEL_WORKERS = 1
"""A look keeps a core busy: more at once would take turns on it."""
PAST_WORKERS = 2
"""What was missed is read beside what is due, and holds none of it up."""
STORED_AT_ONCE = 200
"""States in one transaction: what found something waits no longer than one takes."""
MOST_OPEN = 1_000
VIEW_S = 2.0
"""How old what is shown may be where another replica reads the monitors."""
MISSED_POLLS = 3
STORED_WITHIN = timedelta(seconds=30)
"""States are written some seconds after they changed."""

Accept = Callable[[str, bytes, Sequence[Signal]], int]
"""Source, body, signals -> the inbox row, written by the thread's transaction."""
LookAt = Callable[[ModelMonitor, MonitorState, datetime], Found]


@dataclass
class _Source:
    """One data source: who asks it, its lane, and whether it is there."""

    name: str
    asker: Asker
    lane: Lane
    past: Lane
    """For what was missed."""
    health: Health = field(default_factory=Health)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Engine:
    """It begins with the first `tick`; `stop` waits for what is being read. Safe to share by
    threads."""

    def __init__(
        self,
        of_file: Sequence[AnyMonitor],
        store: Store,
        sources: Sources,
        look: LookAt,
        accept: Accept,
        now: Callable[[], datetime],
        *,
        accepted: Callable[[], object] = lambda: None,
        meters: PollMeters | None = None,
        metric_workers: int = METRIC_WORKERS,
        may_join: bool = True,
        charge: Charge | None = None,
    ) -> None:
        """`accepted` is called once what was accepted is committed; `charge` says whether this
        process is the one that reads. Others show what is stored."""
        self.of_file: Mapping[str, AnyMonitor] = {state_key(m): m for m in of_file}
        self.accepted = accepted
        self._store = store
        self.sources = sources
        self._look_at = look
        self._accept = accept
        self._now = now
        self._meters: PollMeters = meters or NoMeters()
        self._metric_workers = metric_workers
        self._may_join = may_join
        self.charge: Charge = charge or Always()
        self._era: int | None = None
        """In which what is in memory was loaded."""
        self._viewed_at = 0.0
        self._lock = threading.RLock()
        """Over what follows. Taken last: nobody who holds it waits for another lock."""
        self._entries: dict[str, Entry] = {}
        self._beat = Beat()
        self._lanes: dict[str, _Source] = {}
        self._models = Lane(MODELS, self._timed("model", self._look), MODEL_WORKERS)
        self._dirty: set[str] = set()
        self._writing = threading.RLock()
        """One writer of states at a time: none may write an older state over a newer one."""
        self._loaded = False
        self._store_is_down = False

    # What the schedule calls ---------------------------------------------------------------------

    def tick(self) -> None:
        """Hand over who is due; never waits for a data source."""
        era = self.charge.era()
        if era != self._era:
            self.rest()
            self._era = era
        self.load()
        now = self._now()
        with self._lock:
            due = [(self._entries.get(key), at_ms) for key, at_ms in self._beat.due(to_ms(now))]
        to: dict[str, tuple[Lane, list[Due]]] = {}
        for entry, at_ms in due:
            if entry is None or entry.listed.paused(now) or entry.catching_up:
                continue
            placed = self._place(entry, at_ms)
            if placed is not None:
                lane, one = placed
                to.setdefault(lane.name, (lane, []))[1].append(one)
        # All of a moment at once, so that they can be asked together.
        for lane, dues in to.values():
            left_out = lane.add(dues)
            if left_out:
                self._meters.skipped(lane.name, left_out)

    def flush(self) -> None:
        """Write the states that changed, and what could not be told before."""
        with self._lock:
            keys = list(self._dirty)
        for start in range(0, len(keys), STORED_AT_ONCE):
            with self._lock:
                some = [self._entries.get(key) for key in keys[start : start + STORED_AT_ONCE]]
            if not self._keep([entry for entry in some if entry is not None]):
                return

    def rest(self) -> None:
        """Forget what is in memory: another replica reads the monitors now, or did."""
        with self._writing:
            with self._lock:
                entries = list(self._entries.values())
                self._entries, self._beat, self._loaded = {}, Beat(), False
                self._dirty.clear()
            for entry in entries:
                with entry.lock:
                    entry.gone = True

    def follow(self) -> None:
        """Take over what people changed about monitors at other replicas."""
        self.load()
        for kept in self._store.monitors.kept():
            entry = self.entry(kept.key)
            now_is = list_one(kept, self.of_file.get(kept.key))
            if entry is None and now_is is None:
                continue
            if entry is None or entry.listed.kept != kept:
                self._changed(kept)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Let what is being read finish, then write all states. May be called twice."""
        for lane in self._all_lanes():
            lane.stop(timeout_s)
        self.flush()

    def wait(self, timeout_s: float = 20.0) -> None:
        """Until nothing waits or is being read. Raises TimeoutError."""
        until = monotonic() + timeout_s
        while self.busy():
            if monotonic() > until:
                raise TimeoutError(f"monitors are still being read after {timeout_s:g} s")
            sleep(0.002)

    def busy(self) -> bool:
        return any(lane.busy() for lane in self._all_lanes())

    def _all_lanes(self) -> list[Lane]:
        with self._lock:
            pairs = [(source.past, source.lane) for source in self._lanes.values()]
        return [self._models, *(lane for pair in pairs for lane in pair)]

    # What people ask and do ----------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """By name."""
        self.load()
        with self._lock:
            found = list(self._entries.values())
        return sorted(found, key=lambda e: (e.listed.monitor.name.lower(), e.key))

    def entry(self, key: str) -> Entry | None:
        self.load()
        with self._lock:
            return self._entries.get(key)

    def change(self, kept: KeptMonitor) -> Entry | None:
        """Keep what people changed about a monitor; it holds from now on. None: it is gone.

        What fires ends where the change makes the monitor another one. Raises Unavailable, with
        everything as it was, when the store is out of reach.
        """
        self.load()
        return self._changed(kept, keep=True)

    def _changed(self, kept: KeptMonitor, *, keep: bool = False) -> Entry | None:
        now = self._now()
        listed = list_one(kept, self.of_file.get(kept.key))
        with self._writing:
            old = self.entry(kept.key)
            anew = old is None or listed is None or learns_anew(old.listed.plain, listed.plain)
            over = old.ended(now) if old is not None and anew else ()
            with self._store.together():
                if keep:
                    self._store.monitors.keep(kept)
                if over:
                    self._accept(SOURCE, signals_to_json(over), over)
                if anew:
                    self._store.monitors.drop_states([kept.key])
            entry = self._put(kept.key, old, listed, anew, now)
        if over:
            self.accepted()
        return entry

    def _put(
        self, key: str, old: Entry | None, listed: Listed | None, anew: bool, now: datetime
    ) -> Entry | None:
        if old is not None and anew:
            with old.lock:
                old.gone, old.untold = True, ()
        with self._lock:
            if anew:
                self._dirty.discard(key)
            if listed is None:
                self._entries.pop(key, None)
                self._beat.remove(key)
                return None
            entry = Entry(listed) if old is None or anew else old
            entry.listed = listed
            self._entries[key] = entry
            self._beat.add(key, entry.every_ms, entry.asks, to_ms(now))
        return entry

    # At the start --------------------------------------------------------------------------------

    def load(self) -> None:
        """Read what is kept: once where monitors are read, else whenever it is older than
        VIEW_S. Raises Unavailable; the next caller tries again."""
        if self._is_fresh():
            return
        with self._writing:
            if self._is_fresh():
                return
            in_charge = self.charge.now()
            listed = roster(tuple(self.of_file.values()), self._store.monitors.kept())
            states = self._store.monitors.states()
            if in_charge:
                self._end_orphans({key: body for key, body in states.items() if key not in listed})
            entries = [self._restored(one, states.get(one.key)) for one in listed.values()]
            self._recall([entry for entry in entries if entry.key not in states])
            now_ms = to_ms(self._now())
            if not in_charge:
                self._show(entries)
                return
            with self._lock:
                for entry in entries:
                    self._entries[entry.key] = entry
                    first = self._first_ms(entry, len(entries), now_ms)
                    self._beat.add(entry.key, entry.every_ms, entry.asks, first)
                self._loaded = True

    def _is_fresh(self) -> bool:
        if self.charge.now():
            return self._loaded
        return monotonic() - self._viewed_at < VIEW_S

    def _show(self, entries: Sequence[Entry]) -> None:
        """What the replica that reads them has stored; nothing of it is read or written here."""
        now = self._now()
        for entry in entries:
            entry.series = len(entry.state.series)
            entry.problem = problem_of(entry.state)
            late = entry.polled_at is not None and now - entry.polled_at > (
                MISSED_POLLS * entry.listed.monitor.every + STORED_WITHIN
            )
            if late and entry.polled_at is not None and not entry.listed.paused(now):
                entry.problem = f"It was last read {say_duration(now - entry.polled_at)} ago"
        with self._lock:
            self._entries = {entry.key: entry for entry in entries}
            self._loaded, self._viewed_at = False, monotonic()

    def _restored(self, listed: Listed, body: bytes | None) -> Entry:
        state = load_state(body, listed.key) if body is not None else None
        if state is None:
            return Entry(listed)
        return Entry(listed, state, state.polled_at)

    def _recall(self, entries: Sequence[Entry]) -> None:
        """Without a state: what open incidents say is firing counts as told."""
        if not entries:
            return
        told = [
            signal
            for incident in self._store.incidents.find(open_only=True, limit=MOST_OPEN)
            for signal in incident.firing
            if signal.source == SOURCE
        ]
        for entry in entries if told else ():
            entry.state = recall(entry.listed.monitor, told)

    def _end_orphans(self, states: Mapping[str, bytes]) -> None:
        """Monitors that left the file while nobody watched: what they told is over."""
        if not states:
            return
        now = self._now()
        over: list[Signal] = []
        for key, body in states.items():
            state = load_state(body, key) or MonitorState()
            fired = [w.fired for w in state.watches.values() if w.fired is not None]
            over += [replace(s, ends_at=max(now, s.starts_at), received_at=now) for s in fired]
        with self._store.together():
            if over:
                self._accept(SOURCE, signals_to_json(over), over)
            self._store.monitors.drop_states(list(states))

    def _first_ms(self, entry: Entry, count: int, now_ms: int) -> int:
        """One that was read less than an interval ago keeps to its rhythm."""
        polled = to_ms(entry.polled_at) if entry.polled_at is not None else None
        soon = first_ms(entry.asks, entry.every_ms, count, now_ms)
        if polled is None or polled > now_ms:
            return soon
        return max(soon, polled + entry.every_ms)

    # Handing over --------------------------------------------------------------------------------

    def _place(self, entry: Entry, at_ms: int) -> tuple[Lane, Due] | None:
        """Where it waits; None, with its problem noted, where there is no such source."""
        monitor = entry.listed.monitor
        if isinstance(monitor, ModelMonitor):
            return self._models, Due(entry.key, entry.key, at_ms)
        try:
            source = self._source(monitor)
        except UserError as error:
            self._fail([entry], str(error))
            return None
        if missed(monitor, entry.state, from_ms(at_ms)) is not None:
            entry.catching_up = True
            return source.past, Due(entry.key, entry.key, at_ms)
        return source.lane, Due(entry.key, entry.asks, at_ms, source.asker.joins(monitor))

    def _source(self, monitor: MetricMonitor) -> _Source:
        """Raises UserError."""
        name = self.sources.name(monitor)
        with self._lock:
            if name not in self._lanes:
                self._lanes[name] = self._open(name)
            return self._lanes[name]

    def _open(self, name: str) -> _Source:
        shown = name or "prometheus"

        def ask(dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
            return self._ask(source, dues, at_ms)

        def catch_up(dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
            return self._catch_up(source, dues[0])

        source = _Source(
            shown,
            Asker(self.sources.instant, self._may_join),
            Lane(shown, self._timed("metric", ask), self._metric_workers),
            Lane(f"{shown} past", catch_up, PAST_WORKERS),
        )
        return source

    def _timed(self, kind: str, work: Work) -> Work:
        def timed(dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
            started = perf_counter()
            try:
                return work(dues, at_ms)
            finally:
                self._meters.spent(kind, perf_counter() - started)

        return timed

    # Reading metrics -----------------------------------------------------------------------------

    def _ask(self, source: _Source, dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
        """One request's worth of questions; called on a thread of the source's lane."""
        at = from_ms(at_ms)
        entries = self._alive(dues)
        monitors = {entry.asks: _metric(entry) for entry in entries}
        if not monitors:
            return ()
        if len(monitors) > 1 and not all(map(source.asker.joins, monitors.values())):
            # One was changed while it waited: its new query has shown nothing.
            return [replace(due, joins=False) for due in dues]
        if not self._may_ask(source):
            self._fail(entries, self._why_down(source))
            return ()
        try:
            if len(monitors) == 1:
                ((asks, monitor),) = monitors.items()
                answers: Mapping[str, Sequence[Sample]] = {
                    asks: source.asker.ask_alone(monitor, at)
                }
            else:
                answers = source.asker.ask_together(list(monitors.values()), at)
        except Unavailable as error:
            self._count_failure(source, error)
            self._fail(entries, str(error))
            return ()
        except (UserError, ValueError) as error:
            self._count_answer(source)
            if len(monitors) > 1:
                return [replace(due, joins=False) for due in dues]
            self._fail(entries, str(error))
            return ()
        self._count_answer(source)
        for entry in entries:
            self._decide(entry, answers[entry.asks], at)
        self._keep([entry for entry in entries if entry.untold])
        self._count(dues)
        return ()

    def _decide(self, entry: Entry, samples: Sequence[Sample], at: datetime) -> None:
        with self._judging(entry), entry.lock:
            if entry.gone or (entry.polled_at is not None and at <= entry.polled_at):
                return
            state, signals = decide_metric(_metric(entry), entry.state, samples, at)
            self._took(entry, Found(state, signals, (), len(samples)), at)
            entry.problem = problem_of(state)

    def _catch_up(self, source: _Source, due: Due) -> Sequence[Due]:
        """Read what one monitor missed, then poll it; on the thread of the source's past."""
        (entry,) = self._alive([due]) or (None,)
        if entry is None:
            return ()
        try:
            if not self._may_ask(source):
                self._fail([entry], self._why_down(source))
                return ()
            self._read_missed(source, entry)
        except Unavailable as error:
            # It is tried again when the monitor is due next.
            self._count_failure(source, error)
            self._fail([entry], str(error))
            return ()
        finally:
            entry.catching_up = False
        source.lane.add([replace(due, asks=entry.asks)])
        return ()

    def _read_missed(self, source: _Source, entry: Entry) -> None:
        """Raises Unavailable."""
        monitor, now = _metric(entry), self._now()
        span = missed(monitor, entry.state, now)
        if span is None:
            return
        try:
            series = read_range(self.sources.range, monitor, span.start, span.end, span.step_s)
        except UserError as error:
            log.info("what %s missed cannot be read: %s", monitor.name, error)
            series = []
        self._count_answer(source)
        with self._judging(entry), entry.lock:
            state, signals = catch_up(monitor, entry.state, series, now)
            self._took(entry, Found(state, signals, (), entry.series), state.polled_at)

    # Looking at models ---------------------------------------------------------------------------

    def _look(self, dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
        """One look at one model; called on the thread of the models' lane."""
        (entry,) = self._alive(dues) or (None,)
        if entry is None:
            return ()
        monitor, at = entry.listed.monitor, from_ms(at_ms)
        assert isinstance(monitor, ModelMonitor)
        found = None
        with self._judging(entry):
            found = self._look_at(monitor, entry.state, at)
        if found is None:
            self._fail([entry], entry.problem)
            return ()
        with entry.lock:
            self._took(entry, found, at)
        self._keep([entry])
        self._count(dues)
        return ()

    # What came of it -----------------------------------------------------------------------------

    @contextmanager
    def _judging(self, entry: Entry) -> Iterator[None]:
        """One monitor that cannot be judged spoils no other's reading."""
        try:
            yield
        except TandemError as error:
            entry.problem = str(error)
        except Exception as error:
            # The last stop for this monitor; the others of the request go on.
            log.exception("monitor %s cannot be judged", entry.listed.monitor.name)
            entry.problem = f"It cannot be judged: {type(error).__name__}: {error}"

    def _took(self, entry: Entry, found: Found, at: datetime | None) -> None:
        if entry.gone:
            return
        entry.state, entry.series = found.state, found.series
        entry.untold += tuple(found.signals)
        entry.unseen += tuple(found.looks)
        entry.polled_at, entry.problem = at, ""
        with self._lock:
            self._dirty.add(entry.key)

    def _keep(self, entries: Sequence[Entry]) -> bool:
        """Write their states, what they found and what they saw, all or nothing. False when the
        store is out of reach: then it is tried again at the next flush."""
        if not entries:
            return True
        with self._writing:
            bodies: dict[str, bytes] = {}
            taken: list[tuple[Entry, int, int]] = []
            signals: list[Signal] = []
            to_tell: list[Signal] = []
            looks: list[Look] = []
            for entry in entries:
                with entry.lock:
                    if entry.gone:
                        continue
                    with self._lock:
                        self._dirty.discard(entry.key)
                    bodies[entry.key] = self._dumped(entry)
                    taken.append((entry, len(entry.untold), len(entry.unseen)))
                    signals += entry.untold
                    if entry.listed.monitor.tell:
                        to_tell += [signal for signal in entry.untold if signal.firing]
                    looks += entry.unseen
            try:
                with self._store.together():
                    if not self.charge.stands(self._era):
                        raise Unavailable("the monitors", "another replica reads them now")
                    if signals:
                        self._accept(SOURCE, signals_to_json(signals), signals)
                    put(self._store.outbox, to_tell, self._now())
                    for look in looks:
                        self._store.monitors.add_look(look)
                    self._store.monitors.put_states(bodies)
            except TandemError as error:
                self._could_not_write(error, [entry for entry, _, _ in taken])
                return False
            self._store_is_down = False
            for entry, told, seen in taken:
                with entry.lock:
                    entry.untold, entry.unseen = entry.untold[told:], entry.unseen[seen:]
        if signals:
            self.accepted()
        return True

    def _dumped(self, entry: Entry) -> bytes:
        """Its state; without what was learned where that cannot be written, so that at least what
        was told is known after a restart and no other monitor's state is held up."""
        body = None
        with self._judging(entry):
            body = dump_state(entry.state)
        return dump_state(replace(entry.state, series={})) if body is None else body

    def _could_not_write(self, error: TandemError, entries: Sequence[Entry]) -> None:
        with self._lock:
            self._dirty.update(entry.key for entry in entries)
        if not self._store_is_down:
            log.warning("what monitors found waits to be written: %s", error)
        self._store_is_down = True

    def _alive(self, dues: Sequence[Due]) -> list[Entry]:
        with self._lock:
            found = [self._entries.get(due.key) for due in dues]
        return [entry for entry in found if entry is not None]

    def _fail(self, entries: Sequence[Entry], why: str) -> None:
        for entry in entries:
            if entry.problem != why:
                log.info("monitor %s: %s", entry.listed.monitor.name, why)
            entry.problem = why
            self._meters.polled(entry.listed.monitor.name, "failed")

    def _count(self, dues: Sequence[Due]) -> None:
        now_ms = to_ms(self._now())
        for due in dues:
            entry = self.entry(due.key)
            if entry is not None:
                late_s = max(now_ms - due.at_ms, 0) / 1000
                self._meters.polled(entry.listed.monitor.name, "ok", late_s)

    # Whether a source is there -------------------------------------------------------------------

    def _may_ask(self, source: _Source) -> bool:
        with source.lock:
            return source.health.may_ask(self._now())

    def _why_down(self, source: _Source) -> str:
        with source.lock:
            return source.health.why

    def _count_failure(self, source: _Source, error: Unavailable) -> None:
        now = self._now()
        with source.lock:
            went_down = source.health.failed(str(error), now)
            if source.health.tell(now) and not self._tell(source, back=False):
                source.health.told_since = None
        if went_down:
            log.warning("%s is left alone for a while: %s", source.name, error)
        self._meters.source(source.name, source.health.down_since is None)

    def _count_answer(self, source: _Source) -> None:
        with source.lock:
            was_down = source.health.answered(self._now())
            if source.health.told_since is not None and self._tell(source, back=True):
                source.health.told_since = None
        if was_down is not None:
            log.warning("%s answers again after %s", source.name, say_duration(was_down))
        self._meters.source(source.name, True)

    def _tell(self, source: _Source, *, back: bool) -> bool:
        """Have people told; False when that cannot be stored now, and is tried again later."""
        since = source.health.told_since
        assert since is not None, "it is told of an outage that has a beginning"
        with self._lock:
            monitors = [entry.listed.monitor for entry in self._entries.values()]
        blind = sum(isinstance(m, MetricMonitor) and self._reads(m, source) for m in monitors)
        try:
            put_blind(self._store.outbox, source.name, since, blind, self._now(), back=back)
        except TandemError as error:
            log.warning("that %s is away cannot be told yet: %s", source.name, error)
            return False
        return True

    def _reads(self, monitor: MetricMonitor, source: _Source) -> bool:
        try:
            return self._source(monitor) is source
        except UserError:  # Its source is not set up: it reads nothing.
            return False


def _metric(entry: Entry) -> MetricMonitor:
    monitor = entry.listed.monitor
    assert isinstance(monitor, MetricMonitor), "the lanes of sources hold nothing else"
    return monitor


def to_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def from_ms(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)

"""Counts and times, observed where things happen, most of them by wrapping a port."""

import logging
import platform
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from threading import local
from time import perf_counter
from time import time as unix_time
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from bot.metrics.definitions import definition
from bot.metrics.watched import Watched
from bot.ports import Gone, RateLimited
from bot.schedule import Job
from bot.spans import NoSpans, Spans
from bot.upkeep.pulse import Pulse
from knowledge.errors import TandemError, Unavailable
from knowledge.on_behalf import behalf
from knowledge.ports import Inbox, Incidents, Ledger, Spent
from knowledge.records import AuditEntry, Batch, Incident, Prices
from knowledge.tracing import Trace, adopt, begun, of_name, trace, traced
from skills.contract import Context, Reply, Skill

log = logging.getLogger("tandem.metrics")

T = TypeVar("T")

_NO_ANSWER = "no answer within"
"""How `knowledge.deadline` begins when time ran out."""
MOST_NOTED = 20_000
"""Webhooks whose time of arrival is remembered between their reading and their end."""
ANOTHERS_S = 600.0
_ACTS = {"post": "posted", "edit": "edited"}
_SLACK = ("post", "edit", "delete", "find", "whisper", "respond", "home", "ask_in", "thread")
"""Calls whose time is shown; the others are counted when they fail."""


class Metrics:
    """What is observed as it happens. Safe to use from every thread."""

    def __init__(self, version: str = "", spans: Spans | None = None) -> None:
        self.registry = CollectorRegistry()
        self.spans: Spans = spans or NoSpans()
        self._here = local()
        self._caused: OrderedDict[str, Trace] = OrderedDict()
        self.pulse = Pulse()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._batches = self._histogram("tandem_correlation_seconds")
        self._intake_lag = self._histogram("tandem_intake_lag_seconds")
        self._poisoned = self._counter("tandem_batches_poisoned")
        self._opened = self._counter("tandem_incidents_opened")
        self._merged = self._counter("tandem_incidents_merged")
        self._resolved = self._counter("tandem_incidents_resolved")
        self._reopened = self._counter("tandem_incidents_reopened")
        self._cards = self._counter("tandem_cards")
        self._slack_seconds = self._histogram("tandem_slack_seconds")
        self._slack_errors = self._counter("tandem_slack_errors")
        self._slack_limited = self._counter("tandem_slack_rate_limited")
        self._turns = self._counter("tandem_turns")
        self._turn_seconds = self._histogram("tandem_turn_seconds")
        self._polls = self._counter("tandem_monitor_polls")
        self._polls_late = self._histogram("tandem_monitor_lateness_seconds")
        self._polls_skipped = self._counter("tandem_monitor_skipped")
        self._detection = self._histogram("tandem_monitor_seconds")
        self._source_up = self._gauge("tandem_monitor_source_up")
        self._jobs = self._counter("tandem_job_runs")
        self._job_seconds = self._histogram("tandem_job_seconds")
        self._job_delay = self._histogram("tandem_job_delay_seconds")
        self._job_ok = self._gauge("tandem_job_last_ok_timestamp_seconds")
        self._llm = self._counter("tandem_llm_calls")
        self._llm_seconds = self._histogram("tandem_llm_seconds")
        self._llm_answers = self._counter("tandem_llm_answers")
        self._llm_tokens = self._counter("tandem_llm_tokens")
        self._llm_cost = self._counter("tandem_llm_cost")
        self._lag = self._histogram("tandem_event_loop_lag_seconds")
        self._heartbeat = self._gauge("tandem_heartbeat_timestamp_seconds")
        self._gauge("tandem_build_info").labels(version, platform.python_version()).set(1)
        for act in ("posted", "edited"):
            self._cards.labels(act)
        for outcome in ("ok", "timeout", "failed"):
            self._llm.labels(outcome)

    def _counter(self, name: str) -> Counter:
        told = definition(name)
        return Counter(name, told.says, told.labels, registry=self.registry)

    def _gauge(self, name: str) -> Gauge:
        told = definition(name)
        return Gauge(name, told.says, told.labels, registry=self.registry)

    def _histogram(self, name: str) -> Histogram:
        told = definition(name)
        return Histogram(name, told.says, told.labels, buckets=told.buckets, registry=self.registry)

    # Observed as it happens

    def observe_turn(self, seconds: float) -> None:
        self._turn_seconds.observe(seconds)

    def observe_card(self, act: str) -> None:
        """`act` is "posted" or "edited"."""
        self._cards.labels(act).inc()

    def observe_lag(self, seconds: float) -> None:
        """How much later than it should the event loop came back."""
        self._lag.observe(seconds)

    def heart_beat(self) -> None:
        """Somebody outside was told that all is well."""
        self._heartbeat.set(unix_time())

    def polled(self, monitor: str, outcome: str, late_s: float | None = None) -> None:
        """`outcome` is "ok" or "failed"; `late_s`: how long after it was due it was decided."""
        self._polls.labels(monitor, outcome).inc()
        if late_s is not None:
            self._polls_late.observe(late_s)

    def skipped(self, source: str, count: int) -> None:
        self._polls_skipped.labels(source).inc(count)

    def source(self, name: str, is_up: bool) -> None:
        self._source_up.labels(name).set(is_up)

    def spent(self, kind: str, seconds: float) -> None:
        """One request to a source ("metric") or one look at a model ("model")."""
        self._detection.labels(kind).observe(seconds)

    # Wrapped around what does it

    def loop(self, name: str, work: Callable[[], T]) -> Callable[[], T]:
        """The work of a loop, whose progress /healthz watches; each round is a trace."""

        def round_() -> T:
            with traced(begun()), ExitStack() as stack:
                self._here.stack = stack
                try:
                    return work()
                finally:
                    self._here.stack = None

        return self.pulse.loop(name, round_)

    def took_up(self, name: str, causes: Sequence[Trace]) -> None:
        """The round that this thread is in has work to do, which these caused. What one thing
        caused belongs to its trace."""
        stack: ExitStack | None = getattr(self._here, "stack", None)
        if stack is None:
            return
        if len(causes) == 1:
            adopt(causes[0])
        span = self.spans.span(name, causes if len(causes) > 1 else (), causes=len(causes))
        stack.enter_context(span)

    def note_cause(self, key: str) -> None:
        """What this delivery will tell was caused by the work at hand."""
        if trace().id:
            self._caused.pop(key, None)
            self._caused[key] = trace()
            while len(self._caused) > MOST_NOTED:
                self._caused.popitem(last=False)

    def timed_batches(self, work: Callable[[], int]) -> Callable[[], int]:
        """The intake's `work`; rounds that found nothing waiting are not counted."""

        def timed() -> int:
            started = perf_counter()
            did = work()
            if did:
                self._batches.observe(perf_counter() - started)
            return did

        return timed

    def job(self, job: Job) -> Job:
        """The same job, counted and timed. One whose `run` returns a TandemError failed, and has
        told the log."""
        last: list[float] = []
        every_s = job.every.total_seconds()

        def run() -> object:
            started = perf_counter()
            # Long ago another replica ran it meanwhile.
            if last and started - last[0] < max(10 * every_s, ANOTHERS_S):
                self._job_delay.labels(job.name).observe(max(started - last[0] - every_s, 0.0))
            last[:] = [started]
            outcome = "failed"
            try:
                did = job.run()
                outcome = "failed" if isinstance(did, TandemError) else "ok"
            finally:
                self._jobs.labels(job.name, outcome).inc()
                self._job_seconds.labels(job.name).observe(perf_counter() - started)
            if outcome == "ok":
                self._job_ok.labels(job.name).set(unix_time())
            return did

        return replace(job, run=run)

    def turns(self, inner: T) -> T:
        """A Turn whose `handle` is timed."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            if call != "handle":
                return run()
            started = perf_counter()
            ask = given.get("0", given.get("ask"))
            name = str(getattr(ask, "id", ""))
            way = str(getattr(ask, "way", ""))
            try:
                with (
                    self.pulse.turn(name),
                    traced(of_name(name) if name else begun()),
                    self.spans.span("turn", way=way, ask=name),
                ):
                    return run()
            finally:
                self.observe_turn(perf_counter() - started)

        return cast(T, Watched(inner, watch))

    def messenger(self, inner: T) -> T:
        """A Messenger whose calls are timed, and whose cards, failures and 429s are counted."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            started = perf_counter()
            key = str(given.get("key", ""))
            at = self._caused.get(key.partition("#")[0]) or trace()
            try:
                with traced(at), self.below(f"slack {call}", key=key):
                    answer = run()
            except RateLimited:
                self._slack_limited.labels(call).inc()
                raise
            except Unavailable as error:
                self._slack_errors.labels(call, _kind(error)).inc()
                raise
            finally:
                self.pulse.progress()
                if call in _SLACK:
                    self._slack_seconds.labels(call).observe(perf_counter() - started)
            if call in _ACTS and key.startswith("card:"):
                self.observe_card(_ACTS[call])
                with traced(at):
                    log.info("%s %s", key, _ACTS[call])
            return answer

        return cast(T, Watched(inner, watch))

    def llm(self, inner: T) -> T:
        """An LLM whose calls are counted and timed."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            if call not in ("choose", "write"):
                return run()
            started = perf_counter()
            outcome = "failed"
            try:
                answer = run()
                outcome = "ok"
            except Unavailable as error:
                outcome = "timeout" if error.why.startswith(_NO_ANSWER) else "failed"
                raise
            finally:
                self._llm.labels(outcome).inc()
                self._llm_seconds.observe(perf_counter() - started)
            return answer

        return cast(T, Watched(inner, watch))

    def ledger(self, inner: Ledger) -> Ledger:
        """A Ledger whose answers, refusals, tokens and costs are counted."""
        return _CountedLedger(inner, self)

    def observe_answer(self, outcome: str, tokens_in: int, tokens_out: int, cost: float) -> None:
        """One entry of the ledger; `outcome` is "ok", "failed" or "refused"."""
        purpose = behalf().purpose or "unnamed"
        self._llm_answers.labels(purpose, outcome).inc()
        for direction, tokens in (("in", tokens_in), ("out", tokens_out)):
            self._llm_tokens.labels(purpose, direction).inc(tokens)
        self._llm_cost.labels(purpose).inc(cost)

    def port(self, name: str, inner: T) -> T:
        """A port whose calls are spans below whatever they are part of."""
        if not self.spans.on:
            return inner

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            with self.below(f"{name} {call}"):
                return run()

        return cast(T, Watched(inner, watch))

    def skills(self, skills: Sequence[Skill[Any]]) -> tuple[Skill[Any], ...]:
        """The same skills, each run a span."""
        return tuple(map(self._skill, skills)) if self.spans.on else tuple(skills)

    def _skill(self, skill: Skill[Any]) -> Skill[Any]:
        def run(ctx: Context, args: Any) -> Reply:
            with self.below(f"skill {skill.name}"):
                return skill.run(ctx, args)

        return replace(skill, run=run)

    def below(self, name: str, **attributes: str) -> AbstractContextManager[object]:
        """A span of something that is only worth one as a part of something else."""
        return self.spans.span(name, (), **attributes) if trace().span else nullcontext()

    def audit(self, inner: T) -> T:
        """An Audit whose entries are counted: each turn that reached a skill makes one."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            answer = run()
            entry = given.get("0", given.get("entry"))
            if call == "add" and isinstance(entry, AuditEntry):
                self._turns.labels(entry.skill, entry.outcome).inc()
                log.debug("audit skill=%s outcome=%s", entry.skill, entry.outcome)
            return answer

        return cast(T, Watched(inner, watch))

    def observe_incident(self, before: Incident | None, after: Incident) -> None:
        """One change of an incident; `before` is None when it is new."""
        if before is None:
            self._opened.inc()
        elif after.merged_into and not before.merged_into:
            self._merged.inc()
        elif before.is_open and not after.is_open:
            self._resolved.inc()
        elif after.is_open and not before.is_open:
            self._reopened.inc()

    def incidents(self, inner: T) -> T:
        """A store of incidents whose openings, merges and ends are counted. What a transaction
        takes back later has been counted all the same."""
        return cast(T, _CountedIncidents(cast(Incidents, inner), self))

    def inbox(self, inner: T, now: Callable[[], datetime]) -> T:
        """An Inbox whose webhooks' waits are observed as they leave it. What a transaction takes
        back later has been counted all the same."""
        return cast(T, _TimedInbox(cast(Inbox, inner), self, now))

    def observe_intake(self, waited: timedelta) -> None:
        self._intake_lag.observe(max(waited.total_seconds(), 0.0))
        self.pulse.progress()

    def observe_poisoned(self, source: str) -> None:
        self._poisoned.labels(source).inc()
        self.pulse.progress()


def _kind(error: Unavailable) -> str:
    if isinstance(error, Gone):
        return "gone"
    return "away" if error.retry else "refused"


class _CountedIncidents:
    """`ports.Incidents`: `open` and `change` are counted, the rest is handed on."""

    def __init__(self, inner: Incidents, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        opened = self._inner.open(draft, tell)
        self._metrics.observe_incident(None, opened)
        self._note(opened, tell)
        log.info("%s opened: %s", opened.id, opened.title)
        return opened

    def _note(self, incident: Incident, tell: Sequence[str]) -> None:
        for kind in tell:
            self._metrics.note_cause(f"{kind}:{incident.id}")

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        before: list[Incident] = []

        def noted(incident: Incident) -> Incident:
            before[:] = [incident]
            return by(incident)

        after = self._inner.change(incident_id, noted, tell)
        if before:
            self._metrics.observe_incident(before[0], after)
        self._note(after, tell)
        return after


class _TimedInbox:
    """`ports.Inbox`: what leaves it is counted, the rest is handed on."""

    def __init__(self, inner: Inbox, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._inner = inner
        self._metrics = metrics
        self._now = now
        self._came: OrderedDict[int, Batch] = OrderedDict()
        self._traces: OrderedDict[int, Trace] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, source: str, body: bytes, received_at: datetime) -> int:
        """On the sender's path: nothing but a note of its trace."""
        batch_id = self._inner.put(source, body, received_at)
        if trace().id:
            self._traces[batch_id] = trace()
            while len(self._traces) > MOST_NOTED:
                self._traces.popitem(last=False)
            log.debug("accepted source=%s batch=%d", source, batch_id)
        return batch_id

    def waiting(self, limit: int = 100) -> list[Batch]:
        found = self._inner.waiting(limit)
        if found:
            traces = (self._traces.get(batch.id) for batch in found)
            self._metrics.took_up("intake round", [at for at in traces if at is not None])
        for batch in found:
            # Without its body: that may be large, and has been read.
            self._came[batch.id] = replace(batch, body=b"")
        while len(self._came) > MOST_NOTED:
            self._came.popitem(last=False)
        return found

    def done(self, batch_ids: Sequence[int]) -> None:
        self._inner.done(batch_ids)
        now = self._now()
        for batch_id in batch_ids:
            batch = self._came.pop(batch_id, None)
            self._traces.pop(batch_id, None)
            if batch is not None:
                self._metrics.observe_intake(now - batch.received_at)

    def poison(self, batch_id: int, why: str) -> None:
        self._inner.poison(batch_id, why)
        batch = self._came.pop(batch_id, None)
        self._traces.pop(batch_id, None)
        self._metrics.observe_poisoned(batch.source if batch else "unknown")


class _CountedLedger:
    """`ports.Ledger`: each answer is counted when it is booked or refused."""

    def __init__(self, inner: Ledger, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def prices(self) -> Prices:
        return self._inner.prices

    @contextmanager
    def answer(self, model: str, prompt: str, most_in: int, most_out: int) -> Iterator[Spent]:
        note = _Note()
        outcome = "refused"
        try:
            with self._inner.answer(model, prompt, most_in, most_out) as spent:
                outcome = "failed"
                note.inner = spent
                with self._metrics.below("llm answer", model=model, prompt=prompt):
                    yield note
                outcome = "ok"
        finally:
            cost = self._inner.prices.cost(note.tokens_in, note.tokens_out)
            self._metrics.observe_answer(outcome, note.tokens_in, note.tokens_out, cost)


class _Note:
    """`ports.Spent`, remembered."""

    def __init__(self) -> None:
        self.inner: Spent | None = None
        self.tokens_in = self.tokens_out = 0

    def took(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens_in, self.tokens_out = tokens_in, tokens_out
        if self.inner is not None:
            self.inner.took(tokens_in, tokens_out)

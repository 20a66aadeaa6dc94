"""What Tandem tells a Prometheus about itself, at /metrics.

The registry is its own, nothing is global. Counts and times are observed where things happen, most
of them by wrapping a port; what is a state (queues, open incidents) is read when it is scraped.
docs/reference/metrics.md lists every series.
"""

import hmac
import logging
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic, perf_counter
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.ports import RateLimited
from knowledge.errors import TandemError, Unavailable
from knowledge.ports import Alerts, Documents, Inbox, Incidents, Outbox
from knowledge.records import AuditEntry, Incident, Severity

log = logging.getLogger("tandem.metrics")

T = TypeVar("T")

_FAST = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_NO_ANSWER = "no answer within"
"""How `knowledge.deadline` begins when time ran out."""
_LONG_AGO = timedelta(days=3660)
MOST_OPEN = 1_000
REMEMBER_S = 300.0
"""How long a count is kept that reads many rows."""


class Metrics:
    """The definitions, and what is observed as it happens. Safe to use from every thread."""

    def __init__(self, version: str = "") -> None:
        self.registry = registry = CollectorRegistry()
        given: Any = {"registry": registry}
        self._batches = Histogram(
            "tandem_correlation_seconds",
            "Time to correlate and store what was taken from the inbox at once.",
            buckets=_FAST,
            **given,
        )
        self._opened = Counter("tandem_incidents_opened", "Incidents opened.", **given)
        self._merged = Counter("tandem_incidents_merged", "Incidents merged into another.", **given)
        self._resolved = Counter("tandem_incidents_resolved", "Incidents resolved.", **given)
        self._reopened = Counter("tandem_incidents_reopened", "Incidents reopened.", **given)
        self._cards = Counter(
            "tandem_cards", "Cards posted to Slack and edited there.", ["act"], **given
        )
        self._slack_errors = Counter(
            "tandem_slack_errors", "Calls to Slack that failed.", ["call"], **given
        )
        self._slack_limited = Counter(
            "tandem_slack_rate_limited", "Calls that Slack answered with 429.", ["call"], **given
        )
        self._turns = Counter(
            "tandem_turns", "Requests of people, by skill and outcome.", ["skill", "outcome"],
            **given,
        )  # fmt: skip
        self._turn_seconds = Histogram(
            "tandem_turn_seconds", "Time to answer a person.", buckets=_SLOW, **given
        )
        self._polls = Counter(
            "tandem_monitor_polls", "Polls of monitors.", ["monitor", "outcome"], **given
        )
        self._polls_late = Histogram(
            "tandem_monitor_lateness_seconds",
            "How long after it was due a monitor was decided.",
            buckets=_SLOW,
            **given,
        )
        self._polls_skipped = Counter(
            "tandem_monitor_skipped",
            "Polls left out because the one before was not over.",
            ["source"],
            **given,
        )
        self._source_up = Gauge(
            "tandem_monitor_source_up",
            "1 while the data source answers, 0 while it is left alone.",
            ["source"],
            **given,
        )
        self._llm = Counter(
            "tandem_llm_calls", "Calls of the language model.", ["outcome"], **given
        )
        self._llm_seconds = Histogram(
            "tandem_llm_seconds", "Time of a call of the language model.", buckets=_SLOW, **given
        )
        info = Gauge("tandem_build_info", "1, with the version.", ["version", "python"], **given)
        info.labels(version, platform.python_version()).set(1)
        for act in ("posted", "edited"):
            self._cards.labels(act)
        for outcome in ("ok", "timeout", "failed"):
            self._llm.labels(outcome)

    # Observed as it happens

    def observe_turn(self, seconds: float) -> None:
        self._turn_seconds.observe(seconds)

    def observe_card(self, act: str) -> None:
        """`act` is "posted" or "edited"."""
        self._cards.labels(act).inc()

    def polled(self, monitor: str, outcome: str, late_s: float | None = None) -> None:
        """`outcome` is "ok" or "failed"; `late_s`: how long after it was due it was decided."""
        self._polls.labels(monitor, outcome).inc()
        if late_s is not None:
            self._polls_late.observe(late_s)

    def skipped(self, source: str, count: int) -> None:
        self._polls_skipped.labels(source).inc(count)

    def source(self, name: str, is_up: bool) -> None:
        self._source_up.labels(name).set(is_up)

    # Wrapped around what does it

    def timed_batches(self, work: Callable[[], int]) -> Callable[[], int]:
        """The intake's `work`; rounds that found nothing waiting are not counted."""

        def timed() -> int:
            started = perf_counter()
            did = work()
            if did:
                self._batches.observe(perf_counter() - started)
            return did

        return timed

    def turns(self, inner: T) -> T:
        """A Turn whose `handle` is timed."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            if call != "handle":
                return run()
            started = perf_counter()
            try:
                return run()
            finally:
                self.observe_turn(perf_counter() - started)

        return cast(T, _Watched(inner, watch))

    def messenger(self, inner: T) -> T:
        """A Messenger whose cards, failures and 429s are counted."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            try:
                answer = run()
            except RateLimited:
                self._slack_limited.labels(call).inc()
                raise
            except Unavailable:
                self._slack_errors.labels(call).inc()
                raise
            if call in _ACTS and str(given.get("key", "")).startswith("card:"):
                self.observe_card(_ACTS[call])
            return answer

        return cast(T, _Watched(inner, watch))

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

        return cast(T, _Watched(inner, watch))

    def audit(self, inner: T) -> T:
        """An Audit whose entries are counted: each turn that reached a skill makes one."""

        def watch(call: str, run: Callable[[], Any], given: Mapping[str, Any]) -> Any:
            answer = run()
            entry = given.get("0", given.get("entry"))
            if call == "add" and isinstance(entry, AuditEntry):
                self._turns.labels(entry.skill, entry.outcome).inc()
            return answer

        return cast(T, _Watched(inner, watch))

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


_ACTS = {"post": "posted", "edit": "edited"}

Watch = Callable[[str, Callable[[], Any], Mapping[str, Any]], Any]


class _Watched:
    """Hands everything on; calls go through `watch(name, run, arguments)`, with the arguments by
    name, and by place under "0", "1", ..."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """That of what it stands for: `isinstance` sees no difference."""
        return type(self._inner)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            given = {**{str(n): value for n, value in enumerate(args)}, **kwargs}
            return self._watch(name, lambda: found(*args, **kwargs), given)

        return call


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
        return opened

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
        return after


# What is read when it is scraped ---------------------------------------------------------------


@dataclass(eq=False)
class State(Collector):
    """The state of the queues and stores, one set of gauges per scrape.

    A store that is out of reach shows as `tandem_up 0` and as missing gauges, never as zeros.
    """

    inbox: Inbox
    outbox: Outbox
    incidents: Incidents
    alerts: Alerts
    documents: Documents
    now: Callable[[], datetime]
    accepted: Mapping[str, int] = field(default_factory=dict)
    """Signals by source since the start, counted where they come in."""
    refused: Mapping[str, int] = field(default_factory=dict)
    _kept: dict[str, tuple[float, int]] = field(default_factory=dict, repr=False)

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not read the stores."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield from self._received()
        try:
            read = [*self._queues(), *self._incidents(), *self._sizes()]
        except TandemError as error:
            log.warning("the stores cannot be read for /metrics: %s", error)
            read = []
        yield _gauge("tandem_up", "1 while the stores can be read.", float(bool(read)))
        yield from read

    def _received(self) -> Iterator[Metric]:
        for name, counts in (("accepted", self.accepted), ("refused", self.refused)):
            metric = CounterMetricFamily(
                f"tandem_signals_{name}", f"Signals and changes {name}.", labels=["source"]
            )
            for source, count in sorted(dict(counts).items()):
                metric.add_metric([source], count)
            yield metric

    def _queues(self) -> Iterator[Metric]:
        now = self.now()
        yield _gauge("tandem_inbox_waiting", "Webhooks that wait.", self.inbox.count())
        yield _gauge(
            "tandem_inbox_oldest_seconds",
            "Age of the oldest webhook that waits.",
            _age(now, [batch.received_at for batch in self.inbox.waiting(1)]),
        )
        yield _gauge("tandem_outbox_due", "Deliveries that are due.", self.outbox.count_due(now))
        yield _gauge(
            "tandem_outbox_oldest_seconds",
            "How long the oldest delivery has been due.",
            _age(now, [delivery.due_at for delivery in self.outbox.due(now, 1)]),
        )

    def _incidents(self) -> Iterator[Metric]:
        found = self.incidents.find(open_only=True, limit=MOST_OPEN)
        metric = GaugeMetricFamily(
            "tandem_incidents_open", "Incidents that are not resolved.", labels=["severity"]
        )
        for severity in Severity:
            metric.add_metric([severity], sum(i.severity is severity for i in found))
        yield metric

    def _sizes(self) -> Iterator[Metric]:
        yield _gauge(
            "tandem_alerts_stored",
            "Alert instances in the history, single or as daily counts.",
            self._remembered("alerts", self._count_alerts),
        )
        yield _gauge(
            "tandem_library_documents",
            "Past incidents and runbooks in the search library.",
            self._remembered("documents", lambda: len(self.documents.all())),
        )

    def _count_alerts(self) -> int:
        now = self.now()
        return sum(t.instances for t in self.alerts.tally(now - _LONG_AGO, now))

    def _remembered(self, name: str, count: Callable[[], int]) -> int:
        at, value = self._kept.get(name, (float("-inf"), 0))
        if monotonic() - at > REMEMBER_S:
            value = count()
            self._kept[name] = (monotonic(), value)
        return value


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _age(now: datetime, moments: Sequence[datetime]) -> float:
    return max(((now - moment).total_seconds() for moment in moments), default=0.0)


# The address -----------------------------------------------------------------------------------


def metrics_route(registry: CollectorRegistry, token: str = "") -> Route:
    """/metrics, in the text format or OpenMetrics, as the scraper asks. `token` must come as a
    bearer token, as with webhooks; empty means no check."""

    async def metrics(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
        if token and not known:
            return PlainTextResponse("the bearer token is missing or wrong\n", 401)
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(await run_in_threadpool(encode, registry), media_type=kind)

    return Route("/metrics", metrics)

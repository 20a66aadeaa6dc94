from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from bot.metrics import DEFINITIONS, Metrics, State, Vitals, metrics_route
from bot.ports import Gone, RateLimited
from bot.schedule import Job
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.llm import ScriptedLLM
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import open_from, reopen, resolve
from knowledge.ledger import StoreLedger
from knowledge.on_behalf import on_behalf
from knowledge.records import (
    AlertRecord,
    AuditEntry,
    Document,
    Limit,
    Limits,
    Prices,
    Signal,
)
from skills.contract import Reply
from skills.testing import NOON

SIGNAL = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")


def state_of(store: MemoryStore, **given: Any) -> State:
    values: dict[str, Any] = {"accepted": {}, "refused": {}, "now": lambda: NOON, **given}
    return State(
        store.inbox, store.outbox, store.incidents, store.alerts, store.documents, **values
    )


async def scraped(metrics: Metrics, token: str = "", **headers: str) -> httpx.Response:
    app = Starlette(routes=[metrics_route(metrics.registry, token)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        return await client.get("/metrics", headers=headers)


async def samples(metrics: Metrics) -> dict[str, float]:
    """Every sample as `name{label="value"}`, as Prometheus' own parser reads them."""
    text = (await scraped(metrics)).text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_what_waits_and_how_long() -> None:
    store, metrics = MemoryStore(), Metrics()
    store.inbox.put("alertmanager", b"{}", NOON - timedelta(seconds=40))
    store.inbox.put("alertmanager", b"{}", NOON - timedelta(seconds=9))
    store.outbox.put("card:INC-1", NOON - timedelta(seconds=5))
    store.outbox.put("card:INC-2", NOON + timedelta(seconds=5))
    metrics.registry.register(state_of(store))
    found = await samples(metrics)
    assert found["tandem_inbox_waiting"] == 2
    assert found["tandem_inbox_oldest_seconds"] == 40
    assert found["tandem_outbox_due"] == 1
    assert found["tandem_outbox_oldest_seconds"] == 5


async def test_empty_queues_are_zero_and_up() -> None:
    metrics = Metrics()
    metrics.registry.register(state_of(MemoryStore()))
    found = await samples(metrics)
    assert found["tandem_up"] == 1
    assert found["tandem_inbox_oldest_seconds"] == 0
    assert found['tandem_incidents_open{severity="SEV1"}'] == 0


async def test_incidents_alerts_and_documents() -> None:
    store, metrics = MemoryStore(), Metrics()
    incidents = metrics.incidents(store.incidents)
    one, two, three = (incidents.open(open_from([SIGNAL], NOON)) for _ in range(3))
    incidents.change(one.id, lambda i: resolve(i, "U1", NOON))
    incidents.change(one.id, lambda i: reopen(i, "U1", NOON))
    incidents.change(two.id, lambda i: resolve(i, "U1", NOON))
    incidents.change(three.id, lambda i: replace(resolve(i, "U1", NOON), merged_into=one.id))
    incidents.change(one.id, lambda i: i)
    store.alerts.record([AlertRecord(SIGNAL, NOON - timedelta(days=2))])
    store.documents.put([Document("NP-1", "title", "text")])
    metrics.registry.register(state_of(store))
    found = await samples(metrics)
    assert found["tandem_incidents_opened_total"] == 3
    assert found["tandem_incidents_resolved_total"] == 2
    assert found["tandem_incidents_merged_total"] == 1
    assert found["tandem_incidents_reopened_total"] == 1
    assert found['tandem_incidents_open{severity="SEV1"}'] == 1
    assert found["tandem_alerts_stored"] == 1
    assert found["tandem_library_documents"] == 1


async def test_signals_by_source() -> None:
    metrics, accepted = Metrics(), Counter({"alertmanager": 7})
    metrics.registry.register(
        state_of(MemoryStore(), accepted=accepted, refused=Counter({'odd"name\n': 1}))
    )
    accepted["alertmanager"] += 1
    found = await samples(metrics)
    assert found['tandem_signals_accepted_total{source="alertmanager"}'] == 8
    assert found['tandem_signals_refused_total{source="odd"name\n"}'] == 1


class LostStore(MemoryStore):
    """Its inbox is out of reach."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox.count = self._fail  # type: ignore[method-assign]

    def _fail(self) -> int:
        raise Unavailable("the database", "it does not answer")


async def test_a_store_out_of_reach_is_down_and_not_zero() -> None:
    metrics = Metrics()
    metrics.registry.register(state_of(LostStore()))
    found = await samples(metrics)
    assert found["tandem_up"] == 0
    assert "tandem_inbox_waiting" not in found


async def test_cards_errors_and_rate_limits_of_slack() -> None:
    metrics, chat = Metrics(), MemoryMessenger()
    messenger = metrics.messenger(chat)
    channel, ts = messenger.post("#incidents", Reply("one"), key="card:INC-1")
    messenger.edit(channel, ts, Reply("two"), key="card:INC-1")
    messenger.post("#incidents", Reply("an answer"))
    chat.before = raising(RateLimited("slack", 3))
    with pytest.raises(RateLimited):
        messenger.edit(channel, ts, Reply("three"), key="card:INC-1")
    chat.before = raising(Unavailable("slack", "is away"))
    with pytest.raises(Unavailable):
        messenger.post("#incidents", Reply("four"), key="card:INC-2")
    found = await samples(metrics)
    assert found['tandem_cards_total{act="posted"}'] == 1
    assert found['tandem_cards_total{act="edited"}'] == 1
    assert found['tandem_slack_rate_limited_total{call="edit"}'] == 1
    assert found['tandem_slack_errors_total{call="post",kind="away"}'] == 1
    assert found['tandem_slack_seconds_count{call="post"}'] == 3
    assert found['tandem_slack_seconds_count{call="edit"}'] == 2
    assert chat.shown[0].reply.title == "two"


def raising(error: Exception) -> Callable[[str], None]:
    def fail(method: str) -> None:
        raise error

    return fail


class Turns:
    def __init__(self, answered: list[str]) -> None:
        self.handle = answered.append


def test_what_is_watched_passes_for_what_it_is() -> None:
    metrics, chat = Metrics(), MemoryMessenger()
    assert isinstance(metrics.messenger(chat), MemoryMessenger)
    assert metrics.messenger(chat).channels == chat.channels


async def test_turns_by_skill_and_outcome() -> None:
    metrics, store = Metrics(), MemoryStore()
    audit = metrics.audit(store.audit)
    audit.add(AuditEntry(NOON, "U1", "stats", {}, "ok"))
    audit.add(AuditEntry(NOON, "U1", "stats", {}, "BadArgs"))
    answered: list[str] = []
    metrics.turns(Turns(answered)).handle("ask")
    found = await samples(metrics)
    assert found['tandem_turns_total{outcome="ok",skill="stats"}'] == 1
    assert found['tandem_turns_total{outcome="BadArgs",skill="stats"}'] == 1
    assert found["tandem_turn_seconds_count"] == 1
    assert answered == ["ask"]
    assert [entry.outcome for entry in audit.find()] == ["BadArgs", "ok"]


async def test_rounds_of_the_intake_count_when_there_was_work() -> None:
    metrics = Metrics()
    rounds = iter([3, 0, 1])
    work = metrics.timed_batches(lambda: next(rounds))
    assert [work(), work(), work()] == [3, 0, 1]
    assert (await samples(metrics))["tandem_correlation_seconds_count"] == 2


async def test_polls_and_their_failures() -> None:
    metrics = Metrics()
    metrics.polled("queue", "ok", 0.2)
    metrics.polled("queue", "failed")
    metrics.skipped("prometheus", 3)
    metrics.source("prometheus", False)
    metrics.spent("model", 0.3)
    found = await samples(metrics)
    assert found['tandem_monitor_polls_total{monitor="queue",outcome="ok"}'] == 1
    assert found['tandem_monitor_polls_total{monitor="queue",outcome="failed"}'] == 1
    assert found["tandem_monitor_lateness_seconds_count"] == 1
    assert found['tandem_monitor_lateness_seconds_bucket{le="0.25"}'] == 1
    assert found['tandem_monitor_skipped_total{source="prometheus"}'] == 3
    assert found['tandem_monitor_source_up{source="prometheus"}'] == 0
    assert found['tandem_monitor_seconds_count{kind="model"}'] == 1


async def test_calls_of_the_language_model() -> None:
    metrics = Metrics()
    answers = ["fine", Unavailable("llm", "no answer within 8 s"), Unavailable("llm", "is away")]
    llm = metrics.llm(ScriptedLLM(answers))
    assert llm.write("be short", "hello") == "fine"
    for _ in range(2):
        with pytest.raises(Unavailable):
            llm.write("be short", "hello")
    found = await samples(metrics)
    assert found['tandem_llm_calls_total{outcome="ok"}'] == 1
    assert found['tandem_llm_calls_total{outcome="timeout"}'] == 1
    assert found['tandem_llm_calls_total{outcome="failed"}'] == 1
    assert found["tandem_llm_seconds_count"] == 3


async def test_what_slack_refuses_for_good_is_told_apart() -> None:
    metrics, chat = Metrics(), MemoryMessenger()
    messenger = metrics.messenger(chat)
    for error in (Gone("slack", "no such message"), Unavailable("slack", "no", retry=False)):
        chat.before = raising(error)
        with pytest.raises(Unavailable):
            messenger.edit("C1", "1.0", Reply("x"))
    found = await samples(metrics)
    assert found['tandem_slack_errors_total{call="edit",kind="gone"}'] == 1
    assert found['tandem_slack_errors_total{call="edit",kind="refused"}'] == 1


async def test_how_long_a_webhook_took_into_its_incident() -> None:
    store, metrics = MemoryStore(), Metrics()
    inbox = metrics.inbox(store.inbox, lambda: NOON)
    first = inbox.put("alertmanager", b"{}", NOON - timedelta(seconds=2))
    second = inbox.put("datadog", b"{}", NOON)
    assert [batch.body for batch in inbox.waiting()] == [b"{}", b"{}"]
    inbox.done([first])
    inbox.poison(second, "it cannot be read")
    found = await samples(metrics)
    assert found["tandem_intake_lag_seconds_count"] == 1
    assert found["tandem_intake_lag_seconds_sum"] == 2
    assert found['tandem_batches_poisoned_total{source="datadog"}'] == 1
    assert inbox.count() == 0


async def test_jobs_their_time_and_their_failures() -> None:
    metrics = Metrics()
    results = iter([None, Unavailable("prometheus", "is away"), ZeroDivisionError("oh")])

    def run() -> object:
        result = next(results)
        if isinstance(result, ZeroDivisionError):
            raise result
        return result

    job = metrics.job(Job("tidy", timedelta(hours=1), run, prompt=True))
    assert (job.name, job.prompt) == ("tidy", True)
    job.run()
    job.run()
    with pytest.raises(ZeroDivisionError):
        job.run()
    found = await samples(metrics)
    assert found['tandem_job_runs_total{job_name="tidy",outcome="ok"}'] == 1
    assert found['tandem_job_runs_total{job_name="tidy",outcome="failed"}'] == 2
    assert found['tandem_job_seconds_count{job_name="tidy"}'] == 3
    assert found['tandem_job_delay_seconds_count{job_name="tidy"}'] == 2
    assert found['tandem_job_last_ok_timestamp_seconds{job_name="tidy"}'] > 1e9


async def test_what_the_ledger_books_and_refuses() -> None:
    metrics, store = Metrics(), MemoryStore()
    limits = Limits(everyone=Limit(tokens=1000))
    prices = Prices(10.0, 20.0, "EUR")
    ledger = metrics.ledger(StoreLedger(store.uses, lambda: NOON, prices, limits))
    with on_behalf(purpose="root_cause"):
        with ledger.answer("small", "why@1", 300, 100) as spent:
            spent.took(200, 50)
        with pytest.raises(Unavailable), ledger.answer("small", "why@1", 900, 100):
            raise AssertionError("it is beyond the limit")
    found = await samples(metrics)
    assert found['tandem_llm_answers_total{outcome="ok",purpose="root_cause"}'] == 1
    assert found['tandem_llm_answers_total{outcome="refused",purpose="root_cause"}'] == 1
    assert found['tandem_llm_tokens_total{direction="in",purpose="root_cause"}'] == 200
    assert found['tandem_llm_tokens_total{direction="out",purpose="root_cause"}'] == 50
    cost = found['tandem_llm_cost_total{purpose="root_cause"}']
    assert cost == pytest.approx(prices.cost(200, 50))
    assert ledger.allowances()[0].tokens == 250


async def test_the_process_and_its_loops() -> None:
    metrics = Metrics()
    metrics.registry.register(
        Vitals(
            metrics.pulse,
            checks=lambda: {"loops": True, "database": False},
            ready=lambda: False,
            socket=lambda: True,
            leases=lambda: {"intake": True},
            watchdog=lambda: 12.0,
        )
    )
    metrics.observe_lag(0.2)
    during: dict[str, float] = {}
    metrics.loop("intake", lambda: during.update(metrics.pulse.stuck()))()
    found = await samples(metrics)
    assert found['tandem_check{check="database"}'] == 0
    assert found['tandem_check{check="loops"}'] == 1
    assert found["tandem_ready"] == 0
    assert found['tandem_loop_stuck_seconds{loop="intake"}'] == 0
    assert set(during) == {"intake"}
    assert found["tandem_socket_connected"] == 1
    assert found['tandem_lease_held{lease="intake"}'] == 1
    assert found["tandem_watchdog_silent_seconds"] == 12
    assert found["tandem_event_loop_lag_seconds_count"] == 1
    assert found["process_resident_memory_bytes"] > 1e6
    assert found["process_open_fds"] > 3
    assert found['python_gc_collections_total{generation="0"}'] >= 0


async def test_what_is_shown_is_what_is_defined() -> None:
    metrics, store = Metrics(), MemoryStore()
    metrics.registry.register(state_of(store))
    metrics.registry.register(
        Vitals(metrics.pulse, socket=lambda: True, watchdog=lambda: 1.0, leases=lambda: {"a": True})
    )
    shown = {
        (family.name, family.type, family.documentation)
        for family in metrics.registry.collect()
        if family.name.startswith("tandem_")
    }
    assert shown == {(d.name, d.kind, d.says) for d in DEFINITIONS}


async def test_two_bots_in_one_process_share_nothing() -> None:
    one, other = Metrics("1.0"), Metrics("2.0")
    one.observe_card("posted")
    assert (await samples(other))['tandem_cards_total{act="posted"}'] == 0


async def test_the_address_asks_for_the_token() -> None:
    metrics = Metrics()
    assert (await scraped(metrics, "secret")).status_code == 401
    assert (await scraped(metrics, "secret", authorization="Bearer wrong")).status_code == 401
    assert (await scraped(metrics, "secret", authorization="Bearer secret")).status_code == 200


async def test_speaks_open_metrics_when_asked() -> None:
    answer = await scraped(Metrics(), accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")

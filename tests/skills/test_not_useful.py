"""Opinions, the proposal they lead to, and keeping it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import open_from, with_signals
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import (
    AlertRecord,
    Backtest,
    Episode,
    Incident,
    Look,
    Signal,
    SignalKind,
    Trace,
)
from skills import not_useful, raise_bar
from skills.contract import BadArgs, Button, Call, Context, NotFound, Reply, Role, Style, User
from skills.testing import NOON, context
from tests.skills.watching_double import WatchingDouble

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TUESDAY = NOON.replace(hour=3, minute=10) - 2 * DAY
SLOW = Signal(
    "slow",
    "p99",
    NOON - HOUR,
    NOON,
    source="monitor",
    kind=SignalKind.METRIC,
    service="checkout",
    severity="warning",
    summary="p99 of checkout is far above its usual",
    labels={"monitor": "metric:p99", "sure": "0.64"},
)
PAGE = Signal("page", "HighErrorRate", TUESDAY, TUESDAY, service="checkout", severity="page")


def episode(start: timedelta, score: float) -> Episode:
    return Episode(NOON - start, NOON - start + 5 * MINUTE, {}, score, "")


def flat() -> Trace:
    times = np.arange((NOON - 7 * DAY).timestamp(), NOON.timestamp(), 3600.0)
    ones = np.ones(len(times))
    return Trace({}, times, ones, ones * 0, ones * 2, ones * 0)


@dataclass
class World:
    store: MemoryStore
    watching: WatchingDouble
    user: str = "U1"

    def ctx(self, **given: Any) -> Context:
        return context(
            user=User(self.user, self.user, Role.OPERATE),
            incidents=self.store.incidents,
            alerts=self.store.alerts,
            watching=self.watching,
            **given,
        )

    def find(self, finding: Signal, *others: Signal) -> Incident:
        incident = self.store.incidents.open(open_from([finding, *others], finding.starts_at))
        record = AlertRecord(finding, finding.starts_at, incident=incident.id)
        self.store.alerts.record([record])
        return incident

    def call(self, incident: Incident, label: str = "Not useful", note: str = "") -> Reply:
        skill = not_useful.skill if label == "Not useful" else not_useful.useful
        return skill.run(
            self.ctx(via_button=True), not_useful.Args(incident=incident.id, note=note)
        )

    def press(self, reply: Reply, label: str) -> Reply:
        call = button(reply, label).call
        assert call is not None
        skill = {s.name: s for s in (raise_bar.skill, raise_bar.bar_keep)}[call.skill]
        return skill.run(self.ctx(via_button=True), skill.args(**call.args))  # type: ignore[arg-type]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


@pytest.fixture
def world() -> World:
    """A monitor that found nine things in a week: seven it was hardly sure of."""
    unsure = [episode(timedelta(hours=7 + 9 * n), 0.55 + 0.02 * n) for n in range(7)]
    sure = [Episode(TUESDAY, TUESDAY + HOUR, {}, 0.97, ""), episode(5 * DAY + HOUR, 0.91)]
    double = WatchingDouble(episodes=[*unsure, *sure], traces=(flat(),))
    double.add(MetricMonitor(name="p99", query="p99{job='checkout'}"))
    double.add(ModelMonitor(model="fraud", name="fraud"))
    return World(MemoryStore(), double)


def twice(world: World) -> Reply:
    world.call(world.find(SLOW))
    again = replace(SLOW, starts_at=NOON - 30 * MINUTE, labels={**SLOW.labels, "sure": "0.72"})
    return world.call(world.find(again))


def test_the_first_time_it_is_counted(world: World) -> None:
    incident = world.find(SLOW)
    reply = world.call(incident, note="a deploy,  known")
    assert reply.title == "Noted: not useful"
    assert reply.fields == {"Last 30 days": "1 not useful, 0 useful"}
    assert [b.label for b in reply.buttons] == ["Propose one now"]
    (opinion,) = world.watching.opinions("metric:p99")
    assert (opinion.by, opinion.useful, opinion.score) == ("U1", False, 0.64)
    assert (opinion.fingerprint, opinion.note) == ("slow", "a deploy, known")
    last = world.store.incidents.get(incident.id).timeline[-1]
    assert (last.kind, last.text) == ("opinion", "called it not useful: a deploy, known")


def test_pressed_twice_it_counts_once_and_may_be_taken_back(world: World) -> None:
    incident = world.find(SLOW)
    world.call(incident)
    assert world.call(incident).title == "Noted: not useful"
    kinds = [e.kind for e in world.store.incidents.get(incident.id).timeline]
    assert kinds.count("opinion") == 1
    assert world.call(incident, "Useful").title == "Noted: useful"
    (opinion,) = world.watching.opinions("metric:p99")
    assert opinion.useful


def test_the_second_time_a_raised_bar_is_proposed_with_its_effect(world: World) -> None:
    incident = world.find(replace(SLOW, fingerprint="tue", starts_at=TUESDAY), PAGE)
    reply = twice(world)
    assert reply.title == "Raise the bar of p99?"
    assert reply.text == (
        "With sure 0.8 instead of 0.50 it would have fired 2 times instead of 9 in the last 7 d; "
        f"the 2 include Tuesday 03:10, which became {incident.id}."
    )
    assert [s.heading for s in reply.sections] == [
        "It would still have found",
        "It would have kept quiet about",
    ]
    assert reply.sections[0].lines[0].text == (
        f"Tuesday 03:10, 1 h, became {incident.id} (SEV1) checkout: High error rate"
    )
    assert reply.sections[1].lines[-1].text == "and 2 more"
    assert len(reply.pictures) == 1
    assert [b.label for b in reply.buttons] == ["Keep sure 0.8", "Leave as it is"]
    assert world.watching.get("p99").sure == 0.5


def test_kept_it_holds_and_a_second_press_says_so(world: World) -> None:
    reply = twice(world)
    done = world.press(reply, "Keep sure 0.8")
    assert done.title == "p99: sure 0.8 instead of 0.50"
    assert done.replace
    assert world.watching.get("p99").sure == 0.8
    assert "kept already" in world.press(reply, "Keep sure 0.8").text


def test_left_as_it_is_nothing_changes(world: World) -> None:
    done = world.press(twice(world), "Leave as it is")
    assert done.title == "p99 stays as it is"
    assert world.watching.get("p99").sure == 0.5


def test_a_proposal_that_was_overtaken_is_refused(world: World) -> None:
    reply = twice(world)
    world.watching.raise_bar("p99", 0.9, "U2")
    with pytest.raises(BadArgs, match=r"sure of p99 is 0\.90 now, and was 0\.50"):
        world.press(reply, "Keep sure 0.8")


def test_what_was_grave_is_warned_of_before_it_is_given_up(world: World) -> None:
    unsure = NOON - timedelta(hours=7)
    grave = replace(SLOW, fingerprint="grave", starts_at=unsure)
    incident = world.find(grave, replace(PAGE, starts_at=unsure))
    keep = button(twice(world), "Keep sure 0.8")
    assert keep.style is Style.DANGER
    assert keep.confirm == f"It would have kept quiet about {incident.id}. Keep it all the same?"


def test_asked_for_it_is_proposed_at_once(world: World) -> None:
    first = world.call(world.find(SLOW))
    assert world.press(first, "Propose one now").title == "Raise the bar of p99?"


def test_a_limit_may_wait_longer(world: World) -> None:
    disk = MetricMonitor(name="p99", query="p99", above=1.0)
    world.watching.add(disk)
    short = [episode(HOUR, 1.0), episode(30 * MINUTE, 1.0)]
    long = Episode(TUESDAY, TUESDAY + 3 * HOUR, {}, 1.0, "")
    world.watching.episodes = [*short, long]
    reply = twice(world)
    assert "With for 10 min rather than at once it would have fired 1 time instead of 3" in (
        reply.text
    )
    world.press(reply, "Keep for 10m")
    kept = world.watching.get("p99").monitor
    assert isinstance(kept, MetricMonitor)
    assert kept.for_ == 10 * MINUTE
    assert "kept already" in world.press(reply, "Keep for 10m").text


def test_a_model_asks_for_one_more_window(world: World) -> None:
    drift = replace(
        SLOW,
        fingerprint="d",
        kind=SignalKind.DRIFT,
        labels={"monitor": "model:fraud", "sure": "0.66"},
    )
    for n, wrong in enumerate([0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0]):
        at = NOON - (12 - n) * HOUR
        figures = {"sure drift": 0.9 if n > 5 else 0.66} if wrong else {"sure drift": 0.0}
        look = Look("fraud", at, at - HOUR, at, 1000, "", figures=figures)
        world.watching.kept.add_look(look)
    world.call(world.find(drift))
    reply = world.call(world.find(replace(drift, starts_at=NOON)))
    assert reply.text.splitlines() == [
        "With needs 3 of 4 windows instead of 2 of 3 it would have fired 1 time instead of 2 in "
        "the last 7 d.",
        "With sure 0.7 instead of 0.50 it would have fired 1 time instead of 2 in the last 7 d.",
    ]
    world.press(reply, "Keep needs 3 of 4")
    kept = world.watching.get("model:fraud").monitor
    assert isinstance(kept, ModelMonitor)
    assert kept.needs == "3 of 4"


def test_where_no_setting_helps_that_is_said(world: World) -> None:
    world.watching.episodes = []
    reply = twice(world)
    assert reply.title == "No other setting of p99 is proposed"
    assert "Pause it, or tune it by hand" in reply.text
    assert [b.call for b in reply.buttons] == [
        Call("monitors", {"monitor": "p99"}),
        Call("monitor_pause", {"monitor": "p99"}),
    ]


@dataclass
class _NoPast(WatchingDouble):
    def backtest(self, monitor: Any, start: Any, end: Any) -> Backtest:
        raise Unavailable("prometheus", "took too long")


def test_without_the_past_nothing_is_proposed_and_the_opinion_is_kept(world: World) -> None:
    world.watching = _NoPast(world.watching.watched)
    reply = twice(world)
    assert "cannot be worked out now: prometheus" in reply.text
    assert reply.fields == {"Last 30 days": "2 not useful, 0 useful"}


def test_bad_input_names_the_remedy(world: World) -> None:
    alert = world.store.incidents.open(open_from([PAGE], NOON))
    with pytest.raises(BadArgs, match="Press Not related"):
        world.call(alert)
    gone = world.find(replace(SLOW, labels={"monitor": "metric:gone"}))
    with pytest.raises(NotFound):
        world.call(gone)
    args = raise_bar.KeepArgs(monitor="p99", field="sure", value="7", was="0.50")
    with pytest.raises(BadArgs, match="value"):
        raise_bar.bar_keep.run(world.ctx(), args)


def test_a_finding_among_alerts_can_be_judged_too(world: World) -> None:
    incident = world.find(SLOW)
    world.store.incidents.change(incident.id, lambda i: with_signals(i, [PAGE], NOON))
    assert world.call(incident).title == "Noted: not useful"


def test_saying_is_free_and_keeping_needs_an_operator() -> None:
    assert not_useful.skill.needs is Role.READ
    assert raise_bar.bar_keep.needs is Role.OPERATE

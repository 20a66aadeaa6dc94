"""Runs followed over stores in memory, a system that can fail, and a chat: restarts included."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.courier import Courier
from bot.testing import MemoryMessenger, Shown
from bot.training import TOLD, TrainingCards, TrainingWatch
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import declare
from knowledge.records import ModelVersion, Run, RunState, Severity, Training
from knowledge.training import Recipe

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
ID = "0c9f" * 8
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TRAINING = Training(ID, "eta-model", "7", "drift", {}, "U1", "ada", NOON)
AWAY = Unavailable("Airflow", "it did not answer in time")


@dataclass
class System:
    """`ports.Trainer`: one run by its id, whose state tests set."""

    name: str = "airflow"
    starts: int = 0
    looks: int = 0
    state: RunState = RunState.RUNNING
    detail: str = ""
    fails: Unavailable | None = None

    def recipe(self, model: str) -> Recipe:
        return Recipe(model)

    def start(self, training: Training) -> Run:
        self.starts += 1
        if self.fails:
            raise self.fails
        return Run(training, RunState.ASKED, "airflow", "airflow:1", "https://a.example/1")

    def look(self, run: Run) -> Run:
        self.looks += 1
        if self.fails:
            raise self.fails
        return replace(run, state=self.state, detail=self.detail)

    def secret(self, run: Run) -> str:
        return ""


@dataclass
class World:
    now: datetime = NOON
    system: System = field(default_factory=System)
    models: MemoryModels = field(default_factory=MemoryModels)
    store: MemoryStore = field(default_factory=MemoryStore)
    chat: MemoryMessenger = field(default_factory=MemoryMessenger)

    def __post_init__(self) -> None:
        self.models.add(ModelVersion("eta-model", "7", NOON - HOUR, ("champion",)))
        self.restart()

    def restart(self) -> None:
        """Nothing is left but what is stored."""
        self.watch = self.watcher()
        self.courier = Courier(
            outbox=self.store.outbox,
            messenger=self.chat,
            subjects=(TrainingCards(self.store.runs, "#incidents").subjects,),
            started=self.now,
        )

    def watcher(self) -> TrainingWatch:
        return TrainingWatch(
            self.store, self.system, self.models, self.store.seen, lambda: self.now
        )

    def asked(self, handle: str = "airflow:1", **given: str) -> None:
        run = Run(TRAINING, RunState.ASKED, "airflow", handle, updated_at=self.now, **given)
        self.store.runs.put(run, tell=TOLD)

    def go_on(self, span: timedelta, step: timedelta = 5 * SECOND) -> None:
        until = self.now + span
        while self.now < until:
            self.now += step
            self.watch.work()
            self.courier.work(self.now)

    @property
    def run(self) -> Run:
        return self.store.runs.get(ID)

    @property
    def cards(self) -> list[Shown]:
        return [s for s in self.chat.shown if not s.thread]

    @property
    def told(self) -> list[str]:
        replies = [s.reply for s in self.chat.shown if s.thread]
        return [line.text for r in replies for section in r.sections for line in section.lines]


def test_a_run_is_one_message_edited_in_place_with_its_news_below() -> None:
    world = World()
    world.asked(channel="C1")
    world.go_on(MINUTE)
    world.system.detail = "in fit"
    world.go_on(MINUTE)
    (card,) = world.cards
    assert (card.channel, card.reply.title) == ("C1", "eta-model: training running")
    assert card.reply.fields["now"] == "in fit"
    world.system.state, world.system.detail = RunState.DONE, ""
    world.models.add(ModelVersion("eta-model", "8", world.now))
    world.go_on(MINUTE)
    (card,) = world.cards
    assert card.reply.title == "eta-model: training done after 2 min"
    assert card.reply.buttons[0].label == "Ask for promotion"
    assert world.told == ["it is with airflow", "done after 2 min", "v8 is registered"]


def test_a_version_that_is_registered_a_little_later_is_found() -> None:
    world = World()
    world.asked(channel="C1")
    world.system.state = RunState.DONE
    world.go_on(5 * MINUTE)
    assert world.run.version == ""
    world.models.add(ModelVersion("eta-model", "8", world.now))
    world.go_on(2 * MINUTE)
    assert world.run.version == "8"
    assert world.told[-1] == "v8 is registered"


def test_young_runs_are_looked_at_often_and_old_ones_now_and_then() -> None:
    world = World()
    world.asked()
    world.go_on(MINUTE)
    assert 3 <= world.system.looks <= 5
    world.go_on(HOUR)
    before = world.system.looks
    world.go_on(10 * MINUTE)
    assert world.system.looks - before == 5


def test_it_goes_on_after_a_restart_and_says_nothing_twice() -> None:
    world = World()
    world.asked(channel="C1")
    world.go_on(2 * MINUTE)
    world.restart()
    world.system.state, world.system.detail = RunState.FAILED, "failed in fit"
    world.go_on(MINUTE)
    world.restart()
    world.go_on(MINUTE)
    assert len(world.cards) == 1
    assert world.told == ["it is with airflow", "failed after 2 min: failed in fit"]
    (ended,) = [s.reply for s in world.chat.shown if s.reply.calls]
    assert ended.calls == ("U1",)


def test_two_replicas_that_both_look_tell_it_once() -> None:
    world = World()
    world.asked(channel="C1")
    other = world.watcher()
    for state in (RunState.RUNNING, RunState.DONE):
        world.system.state = state
        for _ in range(20):
            world.now += 5 * SECOND
            world.watch.work()
            other.work()
            world.courier.work(world.now)
    assert len(world.cards) == 1
    assert [text.partition(" after")[0] for text in world.told] == ["it is with airflow", "done"]


def test_a_start_that_the_bot_did_not_live_to_see_is_made_up_for_once() -> None:
    world = World()
    world.asked(handle="")
    other = world.watcher()
    world.go_on(55 * SECOND)
    assert world.system.starts == 0
    for _ in range(4):
        world.now += 5 * SECOND
        world.watch.work()
        other.work()
    assert world.system.starts == 1
    assert world.run.handle == "airflow:1"
    (change,) = world.store.changes.between(NOON - HOUR, NOON + HOUR)
    assert change.id == f"retrain-{ID}"


def test_a_system_that_stays_away_is_not_asked_forever() -> None:
    world = World()
    world.asked(handle="", channel="C1")
    world.system.fails = AWAY
    world.go_on(3 * MINUTE)
    assert "tried again by itself" in world.run.detail
    world.go_on(15 * MINUTE)
    assert world.system.starts == 15
    assert world.run.state is RunState.FAILED
    (card,) = world.cards
    assert card.reply.title == "eta-model: training was not started"
    assert world.told == ["it was not started: Airflow: it did not answer in time"]


def test_a_system_that_refuses_ends_it_at_once() -> None:
    world = World()
    world.asked(handle="")
    world.system.fails = Unavailable("Airflow", "answers 404", retry=False)
    world.go_on(2 * MINUTE)
    assert (world.system.starts, world.run.state) == (1, RunState.FAILED)


def test_a_system_that_is_away_in_the_middle_is_said_and_then_forgotten() -> None:
    world = World()
    world.asked(channel="C1")
    world.go_on(MINUTE)
    world.system.fails = AWAY
    world.go_on(10 * MINUTE)
    (card,) = world.cards
    assert card.reply.fields["now"].startswith("how it stands cannot be asked: Airflow")
    assert world.run.state is RunState.RUNNING
    world.system.fails = None
    world.go_on(5 * MINUTE)
    assert "now" not in card.reply.fields
    assert world.told == ["it is with airflow"]


def test_a_day_without_news_is_lost() -> None:
    world = World()
    world.asked(channel="C1")
    world.go_on(MINUTE)
    world.system.fails = AWAY
    world.go_on(25 * HOUR, 10 * MINUTE)
    assert world.run.state is RunState.LOST
    assert world.told[-1] == "not heard of any more: nothing was heard of it for 24 h"


def test_a_run_that_was_lost_stays_lost_and_is_not_looked_at() -> None:
    world = World()
    world.asked()
    world.system.state = RunState.LOST
    world.go_on(MINUTE)
    before = world.system.looks
    world.go_on(MINUTE)
    assert (world.run.state, world.system.looks) == (RunState.LOST, before)


def test_systems_that_report_by_themselves_are_not_asked() -> None:
    world = World()
    run = Run(TRAINING, RunState.RUNNING, "webhook", "in-house:1", updated_at=NOON)
    world.store.runs.put(run)
    world.go_on(HOUR, MINUTE)
    assert (world.system.looks, world.run) == (0, run)
    world.go_on(24 * HOUR, 10 * MINUTE)
    assert world.run.state is RunState.LOST


def test_how_it_ends_is_on_the_time_line_of_its_incident() -> None:
    world = World()
    incident = world.store.incidents.open(declare("x", "", Severity.SEV3, "U1", NOON))
    world.asked(channel="C1", thread=incident.id)
    world.go_on(2 * MINUTE)
    world.system.state = RunState.DONE
    world.go_on(MINUTE)
    world.models.add(ModelVersion("eta-model", "8", world.now))
    world.go_on(MINUTE)
    events = world.store.incidents.get(incident.id).timeline[1:]
    assert [event.text for event in events] == [
        "training run of eta-model: done after 2 min",
        "training run of eta-model: v8 is registered",
    ]


def test_where_the_bot_cannot_post_it_goes_to_the_channel_of_incidents() -> None:
    world = World()
    world.asked(channel="C-private")
    world.go_on(MINUTE)
    (card,) = world.cards
    assert card.channel == "#incidents"


@pytest.mark.parametrize("method", ["post", "edit"])
def test_a_chat_that_fails_in_between_gets_one_message(method: str) -> None:
    world = World()
    left = iter([Unavailable("slack", "fatal_error")] * 2)

    def before(called: str) -> None:
        error = next(left, None) if called == method else None
        if error is not None:
            raise error

    world.chat.before = before
    world.asked(channel="C1")
    world.go_on(2 * MINUTE)
    assert [card.reply.title for card in world.cards] == ["eta-model: training running"]


def test_without_a_trainer_nothing_is_asked_and_nothing_breaks() -> None:
    world = World()
    world.watch = replace(world.watch, trainer=None)
    world.asked()
    world.go_on(MINUTE)
    assert world.run.state is RunState.ASKED

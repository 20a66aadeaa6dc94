from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound, Unavailable, UserError
from knowledge.incidents import declare
from knowledge.records import ModelVersion, Run, RunState, Severity, Training
from knowledge.training import Parameter, ParameterType, Recipe
from skills.contract import Audience, Context, Role
from skills.retrain import Args, form, run, skill
from skills.testing import NOON, context

ID = "0c9f" * 8
PARAMETERS = (
    Parameter("days", ParameterType.INT, "90", 7, 365, hint="Days of trips"),
    Parameter("loss", ParameterType.CHOICE, "mae", choices=("mae", "rmse")),
    Parameter("warm", ParameterType.BOOL, "false"),
    Parameter("until", ParameterType.DATE),
)


@dataclass
class Trainer:
    """Keeps what it was asked, or is away."""

    parameters: tuple[Parameter, ...] = ()
    name: str = "runs"
    started: dict[str, Training] = field(default_factory=dict)
    fails: Unavailable | None = None
    meanwhile: Callable[[], None] = lambda: None

    def recipe(self, model: str) -> Recipe:
        if model == "churn":
            raise NotFound.among("way to train", model, ["eta-*"])
        free = not self.parameters
        return Recipe(model, "runs", "airflow", parameters=self.parameters, free=free)

    def start(self, training: Training) -> Run:
        if self.fails:
            raise self.fails
        self.started[training.id] = training
        self.meanwhile()
        return Run(training, RunState.ASKED, "airflow", "runs:1", "https://runs.example/1")

    def look(self, run: Run) -> Run:
        return run

    def secret(self, run: Run) -> str:
        return ""


class World:
    def __init__(self, *parameters: Parameter) -> None:
        self.store = MemoryStore()
        self.models = MemoryModels()
        for model in ("eta-model", "churn"):
            self.models.add(ModelVersion(model, "7", NOON, ("champion",)))
        self.trainer = Trainer(parameters)

    def ctx(self, **given: Any) -> Context:
        ports: dict[str, Any] = {
            "trainer": self.trainer,
            "models": self.models,
            "changes": self.store.changes,
            "runs": self.store.runs,
            "incidents": self.store.incidents,
            "via_button": True,
            "channel": "C1",
        }
        return context(**{**ports, **given})

    @property
    def runs(self) -> list[Run]:
        return self.store.runs.find()

    @property
    def due(self) -> list[str]:
        return sorted(d.key for d in self.store.outbox.due(NOON + timedelta(days=1)))


def submitted(**given: str) -> Args:
    """As a form's fields come back."""
    return Args.model_validate({"model": "eta-model", "reason": "drift", "run": ID, **given})


# Asking ----------------------------------------------------------------------------------------


def test_words_start_nothing_but_offer_a_form() -> None:
    world = World()
    reply = run(world.ctx(via_button=False), Args(model="eta-model", reason="because drift"))
    assert world.trainer.started == {}
    assert reply.title == "Train eta-model again?"
    assert reply.fields == {"trained by": "airflow", "serving now": "v7"}
    (button,) = reply.buttons
    assert button.asks
    assert button.call is not None
    assert button.call.args == {"model": "eta-model", "reason": "because drift"}


def test_the_form_has_a_field_for_each_parameter_and_an_id_of_its_own() -> None:
    ctx = World(*PARAMETERS).ctx()
    asked = Args(model="eta-model", reason="because drift", parameters="days=30")
    first, second = form(ctx, asked), form(ctx, asked)
    fields = {f.name: f for f in first.fields}
    assert list(fields) == ["reason", "set.days", "set.loss", "set.warm", "set.until"]
    assert fields["reason"].initial == "drift"
    assert (fields["set.days"].initial, fields["set.days"].hint) == (
        "30",
        "Days of trips. 7 to 365",
    )
    assert fields["set.loss"].options == (("mae", "mae"), ("rmse", "rmse"))
    assert fields["set.warm"].initial == "false"
    assert [f.name for f in first.fields if not f.optional] == ["reason", "set.until"]
    assert dict(first.keep)["run"] != dict(second.keep)["run"]


def test_where_any_parameter_goes_there_is_one_field_for_all() -> None:
    fields = form(World().ctx(), Args(model="eta-model", parameters="days=30")).fields
    assert [(f.name, f.initial) for f in fields] == [("reason", ""), ("parameters", "days=30")]


def test_a_run_that_is_not_over_is_told_before_another_one() -> None:
    world = World()
    run(world.ctx(), submitted())
    later = world.ctx(now=NOON + timedelta(hours=1))
    said = "ada asked for a run 1 h ago, and it is not over: asked for (drift)."
    assert form(later, Args(model="eta-model")).text.startswith(said)
    (asked,) = world.runs
    world.store.runs.put(replace(asked, state=RunState.DONE))
    reply = run(replace(later, via_button=False), Args(model="eta-model"))
    assert reply.text.startswith("ada started a run 1 h ago: training asked for: drift.")


# Starting --------------------------------------------------------------------------------------


def test_a_form_starts_the_run_and_it_is_a_change_of_the_model() -> None:
    world = World(*PARAMETERS)
    given = {"set.days": "030", "set.loss": "rmse", "set.until": "2026-03-01"}
    reply = run(world.ctx(), submitted(**given))
    training = world.trainer.started[ID]
    assert training.parameters == {
        "days": "30",
        "loss": "rmse",
        "warm": "false",
        "until": "2026-03-01",
    }
    assert (training.reason, training.champion, training.by) == ("drift", "7", "U1")
    (kept,) = world.runs
    assert (kept.state, kept.handle, kept.channel) == (RunState.ASKED, "runs:1", "C1")
    assert world.due == [f"training-thread:{ID}", f"training:{ID}"]
    assert reply.audience is Audience.ASKER
    assert reply.text == "How it goes on is told in the channel."
    (change,) = world.store.changes.between(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (change.kind, change.service, change.author) == ("retrain", "eta-model", "ada")


def test_submitting_twice_is_one_run() -> None:
    world = World()
    run(world.ctx(), submitted())
    world.trainer.started.clear()
    run(world.ctx(now=NOON + timedelta(seconds=2)), submitted())
    assert world.trainer.started == {}
    assert len(world.runs) == 1


def test_an_id_that_no_form_made_is_not_taken() -> None:
    world = World()
    run(world.ctx(), submitted(run="../etc"))
    (kept,) = world.runs
    assert len(kept.training.id) == 32


def test_asked_in_an_incident_s_thread_it_is_on_its_time_line() -> None:
    world = World()
    incident = world.store.incidents.open(declare("x", "", Severity.SEV3, "U1", NOON))
    reply = run(world.ctx(thread=incident.id), submitted())
    assert reply.about == incident.id
    event = world.store.incidents.get(incident.id).timeline[-1]
    assert event.text == "asked for a training run of eta-model: drift"
    assert world.runs[0].thread == incident.id


def test_what_it_reported_while_it_was_started_stays() -> None:
    world = World()

    def report() -> None:
        world.store.runs.put(replace(world.runs[0], state=RunState.DONE, version="8"))

    world.trainer.meanwhile = report
    run(world.ctx(), submitted())
    (kept,) = world.runs
    assert (kept.state, kept.version, kept.handle) == (RunState.DONE, "8", "runs:1")


def test_in_the_terminal_the_whole_card_is_the_answer() -> None:
    reply = run(World().ctx(channel=""), submitted())
    assert reply.fields["asked by"] == "ada"
    assert reply.buttons[0].url == "https://runs.example/1"


# What goes wrong -------------------------------------------------------------------------------


def test_a_trainer_that_is_away_for_a_moment_is_asked_again_by_itself() -> None:
    world = World()
    world.trainer.fails = Unavailable("Airflow", "it did not answer in time")
    reply = run(world.ctx(), submitted())
    assert reply.text == "Airflow: it did not answer in time; it is tried again by itself"
    assert world.runs[0].state is RunState.ASKED


@pytest.mark.parametrize(("channel", "retry"), [("C1", False), ("", True)])
def test_a_trainer_that_refuses_or_nobody_who_watches_ends_it(channel: str, retry: bool) -> None:
    world = World()
    world.trainer.fails = Unavailable("Airflow", "answers 401", retry=retry)
    reply = run(world.ctx(channel=channel), submitted())
    assert reply.title == "eta-model: training was not started"
    assert reply.fields["why"] == "Airflow: answers 401"
    assert [b.label for b in reply.buttons] == ["Train again"]
    assert world.runs[0].state is RunState.FAILED
    around = world.store.changes.between(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert around == []


def test_without_a_trainer_it_says_what_to_set() -> None:
    reply = run(World().ctx(trainer=None), submitted())
    assert "TANDEM_TRAINERS" in reply.text
    with pytest.raises(UserError, match="TANDEM_TRAINERS"):
        form(World().ctx(trainer=None), Args(model="eta-model"))


WRONG = [
    ({"parameters": "ninety"}, "cannot read 'ninety'"),
    ({"parameters": "region=us"}, "there is no 'region'"),
    ({"set.region": "us", "set.until": "2026-03-01"}, "there is no 'region'"),
    ({"set.days": "5", "set.until": "2026-03-01"}, "Give a whole number, 7 to 365"),
    ({}, "until: it is missing"),
    ({"reason": "x" * 501, "set.until": "2026-03-01"}, "500 characters at most"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_does_not_fit_starts_nothing(given: dict[str, str], said: str) -> None:
    world = World(*PARAMETERS)
    with pytest.raises(BadArgs, match=said):
        run(world.ctx(), submitted(**given))
    assert (world.trainer.started, world.runs) == ({}, [])


def test_a_model_that_nobody_trains_is_named() -> None:
    with pytest.raises(NotFound, match="way to train 'churn'"):
        run(World().ctx(), Args(model="churn"))


def test_an_unknown_model_is_named_with_what_there_is() -> None:
    class NoFrames:
        def roles(self, model: str) -> None:
            raise NotFound.among("model with known data", model, ["eta-model"])

    with pytest.raises(NotFound, match="eta-modle"):
        run(World().ctx(frames=NoFrames()), Args(model="eta-modle"))


def test_starting_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
    assert skill.asks_first

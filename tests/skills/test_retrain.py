from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.records import ModelVersion, Run, RunState, Training
from knowledge.training import Recipe
from skills.contract import Context, Role
from skills.retrain import Args, run, skill
from skills.testing import NOON, context


@dataclass
class Runs:
    """A trainer that keeps what it was asked, or is away."""

    name: str = "runs"
    started: list[Training] = field(default_factory=list)
    away: bool = False

    def recipe(self, model: str) -> Recipe:
        return Recipe(model, free=True)

    def start(self, training: Training) -> Run:
        if self.away:
            raise Unavailable("runs", "it does not answer")
        self.started.append(training)
        return Run(training, RunState.ASKED, "webhook", training.id, "https://runs.example/1")

    def look(self, run: Run) -> Run:
        return run


def setting(trainer: Runs | None, **given: Any) -> Context:
    models = MemoryModels()
    models.add(ModelVersion("eta-model", "7", NOON, ("champion",)))
    store = MemoryStore()
    return context(trainer=trainer, models=models, changes=store.changes, **given)


def test_words_start_nothing_but_offer_a_form() -> None:
    runs = Runs()
    reply = run(setting(runs), Args(model="eta-model", reason="drift"))
    assert runs.started == []
    assert reply.title == "Train eta-model again?"
    assert reply.fields == {"serving now": "v7"}
    (button,) = reply.buttons
    assert button.call is not None
    assert button.call.args == {"model": "eta-model"}
    assert button.form is not None
    assert [f.name for f in button.form.fields] == [
        "reason",
        "parameters",
    ]


def test_a_click_with_a_reason_starts_the_run_and_is_a_change_of_the_model() -> None:
    runs = Runs()
    ctx = setting(runs, via_button=True)
    reply = run(ctx, Args(model="eta-model", reason=" drift ", parameters="days=90, epochs=5"))
    (training,) = runs.started
    assert training.reason == "drift"
    assert training.parameters == {"days": "90", "epochs": "5"}
    assert (training.champion, training.by) == ("7", "U1")
    assert reply.buttons[0].url == "https://runs.example/1"
    (change,) = ctx.changes.between(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (change.kind, change.service, change.author) == ("retrain", "eta-model", "ada")


def test_a_run_of_an_hour_ago_is_told_before_another_one() -> None:
    ctx = setting(Runs(), via_button=True)
    run(ctx, Args(model="eta-model", reason="drift"))
    later = replace(ctx, via_button=False, now=NOON + timedelta(hours=1))
    text = run(later, Args(model="eta-model")).text
    assert text.startswith("ada started a run 1 h ago: training asked for: drift.")


def test_a_trainer_that_is_away_leaves_no_change_behind() -> None:
    ctx = setting(Runs(away=True), via_button=True)
    with pytest.raises(Unavailable):
        run(ctx, Args(model="eta-model", reason="drift"))
    assert ctx.changes.between(NOON - timedelta(hours=1), NOON + timedelta(hours=1)) == []


def test_without_a_trainer_it_says_what_to_set() -> None:
    reply = run(setting(None, via_button=True), Args(model="eta-model", reason="drift"))
    assert "TANDEM_RETRAIN_URL" in reply.text


def test_parameters_that_cannot_be_read_are_shown() -> None:
    with pytest.raises(BadArgs, match="cannot read 'ninety'"):
        run(setting(Runs()), Args(model="eta-model", parameters="ninety days=90"))


def test_an_unknown_model_is_named_with_what_there_is() -> None:
    class NoFrames:
        def roles(self, model: str) -> None:
            raise NotFound.among("model with known data", model, ["eta-model"])

    with pytest.raises(NotFound, match="eta-modle"):
        run(setting(Runs(), frames=NoFrames()), Args(model="eta-modle"))


def test_starting_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
    assert skill.asks_first

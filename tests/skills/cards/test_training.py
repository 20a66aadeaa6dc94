from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.playground.block_rules import violations
from bot.slack import blocks
from knowledge.records import Run, RunState, Training
from knowledge.training import news
from skills.cards.training import training_card, training_update
from skills.contract import Call, Tone

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
TRAINING = Training(
    "0c9f" * 8, "eta-model", "7", "the feed changed units", {"days": "90"}, "U1", "ada", NOON
)
ASKED = Run(TRAINING, RunState.ASKED, "airflow", "prod:x/1", "https://a.example/1")
OVER = replace(ASKED, updated_at=NOON + timedelta(hours=2, minutes=5))
DONE = replace(OVER, state=RunState.DONE, version="8")
CARDS = [
    (ASKED, "eta-model: training asked for", Tone.NEUTRAL, ["Open the run"]),
    (
        replace(ASKED, state=RunState.RUNNING, detail="in fit"),
        "eta-model: training running",
        Tone.NEUTRAL,
        ["Open the run"],
    ),
    (
        DONE,
        "eta-model: training done after 2 h 5 min",
        Tone.GOOD,
        ["Ask for promotion", "Compare", "Open the run"],
    ),
    (
        replace(DONE, version=""),
        "eta-model: training done after 2 h 5 min",
        Tone.GOOD,
        ["Open the run"],
    ),
    (
        replace(OVER, state=RunState.FAILED, detail="failed in fit"),
        "eta-model: training failed after 2 h 5 min",
        Tone.BAD,
        ["Train again", "Open the run"],
    ),
    (
        replace(OVER, state=RunState.FAILED, handle="", url=""),
        "eta-model: training was not started",
        Tone.BAD,
        ["Train again"],
    ),
    (
        replace(OVER, state=RunState.LOST),
        "eta-model: training not heard of any more",
        Tone.WARNING,
        ["Train again", "Open the run"],
    ),
]


@pytest.mark.parametrize(("run", "title", "tone", "buttons"), CARDS)
def test_the_card_says_how_it_stands(run: Run, title: str, tone: Tone, buttons: list[str]) -> None:
    card = training_card(run)
    assert (card.title, card.tone) == (title, tone)
    assert [button.label for button in card.buttons] == buttons
    assert violations(blocks.blocks(card)) == []
    assert violations(blocks.blocks(training_update(run, news(run)))) == []


def test_it_shows_what_was_asked_and_what_came_of_it() -> None:
    card = training_card(DONE)
    assert card.text == "the feed changed units"
    assert card.fields == {
        "asked by": "ada",
        "trained by": "airflow",
        "parameters": "days=90",
        "served then": "v7",
        "new version": "v8",
    }
    assert card.buttons[0].call == Call("promotion", {"model": "eta-model", "version": "8"})
    form = card.buttons[0].form
    assert form is not None
    assert form.fields[0].initial == "trained again: the feed changed units"
    assert "Nothing changes for users" in card.footer


def test_the_thread_is_told_each_step_and_calls_who_asked_at_the_end() -> None:
    running = replace(ASKED, state=RunState.RUNNING)
    assert news(ASKED) == ()
    assert [e.text for e in news(running)] == ["it is with airflow"]
    assert [e.text for e in news(replace(DONE, detail="all fine"))] == [
        "it is with airflow",
        "done after 2 h 5 min: all fine",
        "v8 is registered",
    ]
    failed = replace(OVER, state=RunState.FAILED, handle="", detail="Airflow: answers 401")
    assert [e.text for e in news(failed)] == ["it was not started: Airflow: answers 401"]
    assert training_update(running, news(running)).calls == ()
    ended = training_update(DONE, news(DONE)[1:])
    assert ended.calls == ("U1",)
    assert [line.text for line in ended.sections[0].lines] == [
        "done after 2 h 5 min",
        "v8 is registered",
    ]

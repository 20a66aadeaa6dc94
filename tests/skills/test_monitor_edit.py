from typing import Any

import pytest

from bot.turn import checked
from bot.watching import MonitorWatching
from bot.watching.testing import series, watching_at
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound
from knowledge.monitors import MetricMonitor, ModelMonitor, Normal
from knowledge.monitors.presets import find_preset
from skills.contract import Call, Form, Reply, Skill
from skills.monitor_edit import monitor_create, monitor_remove, monitor_tune
from skills.testing import NOON, context


def world() -> MonitorWatching:
    p99 = {"name": "p99", "query": "latency", "above": 5, "summary": "{value} s"}
    return watching_at(
        NOON,
        MemoryStore(),
        [
            MetricMonitor.model_validate(p99),
            ModelMonitor.model_validate({"model": "fraud"}),
        ],
        {"latency": {series(): 1.0}},
    )


def run(watching: MonitorWatching, skill: Skill[Any], pressed: bool = True, **args: str) -> Reply:
    ctx = context(watching=watching, via_button=pressed)
    return skill.run(ctx, checked(skill, Call(skill.name, args)))


def window(watching: MonitorWatching, skill: Skill[Any], **args: str) -> Form:
    assert skill.form is not None
    return skill.form(context(watching=watching), checked(skill, Call(skill.name, args)))


def sent(form: Form, **changed: str) -> dict[str, str]:
    """What Slack sends of a window in which only these were typed over."""
    values = {field.name: field.initial for field in form.fields} | changed
    return {name: value for name, value in values.items() if value}


def names(watching: MonitorWatching) -> list[str]:
    return [watched.monitor.name for watched in watching.all()]


# A new one


def test_words_alone_make_nothing_and_offer_the_window() -> None:
    watching = world()
    reply = run(watching, monitor_create, pressed=False, query="q", name="mine")
    (button,) = reply.buttons
    assert button.asks
    assert button.call == Call("monitor_create", {"name": "mine", "query": "q"})
    assert names(watching) == ["fraud", "p99"]


def test_a_window_that_is_sent_makes_the_monitor() -> None:
    watching = world()
    form = window(watching, monitor_create, service="checkout")
    assert form.preview is not None
    reply = run(
        watching,
        monitor_create,
        **sent(form, name="mine", query="latency", limit="> 2", tell="#ml"),
    )
    made = watching.get("mine")
    assert isinstance(made.monitor, MetricMonitor)
    assert (made.monitor.above, made.monitor.service) == (2, "checkout")
    assert (made.made_by, made.monitor.tell) == ("U1", ("#ml",))
    assert reply.title == "mine: starting"


def test_a_whole_preset_makes_all_its_monitors() -> None:
    watching = world()
    preset = find_preset("node")
    form = window(watching, monitor_create)
    reply = run(watching, monitor_create, **sent(form, preset="node", selector='env="prod"'))
    assert reply.title == f"{len(preset.metrics)} monitors of node run from now on"
    made = watching.get("node-down").monitor
    assert isinstance(made, MetricMonitor)
    assert 'env="prod"' in made.query


def test_a_name_that_is_taken_is_refused() -> None:
    watching = world()
    with pytest.raises(BadArgs, match="name: p99 is there already"):
        run(watching, monitor_create, name="p99", query="q")
    assert watching.get("p99").made_by == ""


# Tuning


def test_tuning_starts_from_what_is_and_shows_last_week_at_once() -> None:
    form = window(world(), monitor_tune, monitor="p99")
    assert {f.name: f.initial for f in form.fields}["limit"] == "> 5"
    assert form.preview is not None
    assert form.preview.at_once
    assert form.preview.call.args == {"monitor": "metric:p99"}


def test_a_tuned_monitor_keeps_what_the_window_does_not_show() -> None:
    watching = world()
    form = window(watching, monitor_tune, monitor="p99")
    reply = run(watching, monitor_tune, monitor="p99", **sent(form, limit="> 8", lasting="10m"))
    tuned = watching.get("p99").monitor
    assert isinstance(tuned, MetricMonitor)
    assert (tuned.above, tuned.summary) == (8, "{value} s")
    assert reply.text == "Normal was: at most 5. From now on: at most 8; fires after 10 min."


def test_sending_it_as_it_was_changes_nothing() -> None:
    watching = world()
    form = window(watching, monitor_tune, monitor="p99")
    assert run(watching, monitor_tune, monitor="p99", **sent(form)).text == "Nothing was changed."
    assert watching.get("p99").made_by == ""


def test_a_raised_bar_is_shown_and_can_be_lowered_again() -> None:
    learned = MetricMonitor(name="a", query="latency", normal=Normal.AUTO)
    watching = watching_at(NOON, MemoryStore(), [learned])
    watching.raise_bar("a", 0.8, "U2")
    form = window(watching, monitor_tune, monitor="a")
    assert {f.name: f.initial for f in form.fields}["sure"] == "0.8"
    run(watching, monitor_tune, monitor="a", **sent(form, sure="0.6"))
    assert watching.get("a").sure == 0.6


def test_a_models_monitor_is_tuned_too() -> None:
    watching = world()
    form = window(watching, monitor_tune, monitor="fraud")
    run(watching, monitor_tune, monitor="fraud", **sent(form, needs="3 of 4"))
    tuned = watching.get("fraud").monitor
    assert isinstance(tuned, ModelMonitor)
    assert tuned.needed == (3, 4)


def test_words_alone_tune_nothing() -> None:
    reply = run(world(), monitor_tune, pressed=False, monitor="p99", query="other")
    (button,) = reply.buttons
    assert (button.asks, button.call) == (True, Call("monitor_tune", {"monitor": "metric:p99"}))


def test_without_a_name_it_asks_which() -> None:
    reply = run(world(), monitor_tune, pressed=False)
    assert [button.label for button in reply.buttons] == ["fraud", "p99"]
    with pytest.raises(BadArgs, match="monitor"):
        window(world(), monitor_tune)


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(NotFound, match="p99"):
        run(world(), monitor_tune, monitor="p95")


# Removing


def test_removing_asks_before_it_does() -> None:
    watching = world()
    (button,) = run(watching, monitor_remove, pressed=False, monitor="p99").buttons
    assert button.call == Call("monitor_remove", {"monitor": "metric:p99"})
    assert names(watching) == ["fraud", "p99"]
    assert run(watching, monitor_remove, monitor="metric:p99").title == "p99 is removed"
    assert names(watching) == ["fraud"]


def test_which_one_is_to_go_is_asked_with_a_confirmation() -> None:
    assert all(button.confirm for button in run(world(), monitor_remove, pressed=False).buttons)

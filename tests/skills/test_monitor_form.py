from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from knowledge.errors import BadArgs, UserError
from knowledge.monitors import MetricMonitor, ModelMonitor, Normal
from knowledge.monitors.presets import presets
from skills.contract import Form
from skills.monitor_form import (
    LEFT_OPEN,
    Typed,
    TypedModel,
    create_form,
    parse_limit,
    say_limit,
    tune_form,
    typed_model,
    typed_monitors,
)

P99 = MetricMonitor(
    name="p99", query="q", above=1.5, recover=1.2, for_=timedelta(minutes=5), tell=("#ops",)
)


def typed_of(form: Form, **changed: str) -> Typed:
    """What the window would send when nothing but these is typed over."""
    values = {field.name: field.initial for field in form.fields} | changed
    return Typed(**{name: value for name, value in values.items() if value})


def one(typed: Typed, base: MetricMonitor | None = None) -> MetricMonitor:
    (monitor,) = typed_monitors(typed, base)
    return monitor


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("> 1.5", {"above": 1.5}),
        ("1.5", {"above": 1.5}),
        ("below 20", {"below": 20}),
        ("<= 5%", {"below": 0.05}),
        (">2k", {"above": 2000}),
        ("> 5, < -5", {"above": 5, "below": -5}),
        ("< -1e-3", {"below": -0.001}),
        ("", {}),
    ],
)
def test_limits_are_read_as_people_write_them(text: str, limit: dict[str, float]) -> None:
    assert parse_limit(text) == pytest.approx(limit)


@pytest.mark.parametrize("text", ["high", "> x", "> 1 > 2", "1.5 s", ">", "1..2"])
def test_what_is_no_limit_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"> 1\.5|two limits"):
        parse_limit(text)


def test_a_new_monitor_of_ones_own_query() -> None:
    monitor = one(Typed(name="p99", query="q", limit="> 1.5", lasting="5m", tell="#ml, @ada"))
    assert (monitor.name, monitor.above, monitor.normal) == ("p99", 1.5, Normal.LIMIT)
    assert monitor.for_ == timedelta(minutes=5)
    assert monitor.tell == ("#ml", "@ada")


def test_without_a_limit_what_is_normal_is_learned() -> None:
    assert one(Typed(name="n", query="q", normal=LEFT_OPEN)).normal is Normal.AUTO


def test_a_select_is_sql() -> None:
    monitor = one(Typed(name="n", query="SELECT count(*) AS value FROM orders"))
    assert (monitor.query, monitor.sql[:6]) == ("", "SELECT")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"normal": "limit"}, "limit"),
        ({"normal": "auto", "limit": "> 1"}, "limit"),
        ({"normal": "limit", "limit": "> 2 < 1"}, "limit"),
        ({"normal": "odd"}, "normal"),
        ({"limit": "high"}, "limit"),
        ({"every": "often"}, "every"),
        ({"sure": "1"}, "sure"),
        ({"sure": "very"}, "sure"),
    ],
)
def test_a_mistake_names_the_field_it_was_made_in(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Typed(name="n", query="q", **given)
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "n"}, "query"),
        ({"query": "q"}, "name"),
        ({"preset": "node/nothing"}, "preset"),
        ({"preset": "node", "selector": "{}"}, "selector"),
        ({"name": "n", "query": "q", "every": "0s"}, "every"),
    ],
)
def test_what_goes_together_is_checked_too(given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArgs) as refused:
        typed_monitors(Typed(**given))
    assert refused.value.field == field


def test_an_unknown_preset_is_not_found() -> None:
    with pytest.raises(UserError, match="nothing"):
        typed_monitors(Typed(preset="nothing"))


def test_every_preset_that_is_offered_can_be_made() -> None:
    field = next(f for f in create_form(Typed(), "look").fields if f.name == "preset")
    for _, options in field.grouped:
        (whole, _), *each = options
        assert len(typed_monitors(Typed(preset=whole))) == len(each)
        for value, name in each:
            made = one(typed_of(create_form(Typed(), "look"), preset=value))
            assert made.name == name
            assert made == one(Typed(preset=value)), "what is left open is the preset's"
    assert len(field.grouped) == len(presets())


def test_one_of_a_preset_keeps_its_limit_until_another_is_typed() -> None:
    whole = presets()
    limited = [
        f"{p.name}/{m.name}" for p in whole for m in p.metrics if "above" in m.fields
    ]  # fmt: skip
    plain = one(Typed(preset=limited[0]))
    assert plain.above is not None
    other = one(Typed(preset=limited[0], limit="> 12345", name="mine"))
    assert (other.above, other.normal, other.name) == (12345, plain.normal, "mine")


def test_a_window_that_is_sent_as_it_was_changes_nothing() -> None:
    for monitor in (
        P99,
        MetricMonitor(name="a", query="q", every=timedelta(seconds=90), sure=0.73),
        MetricMonitor(name="f", query="q", normal=Normal.FORECAST, below=0.05),
        MetricMonitor(name="r", query="q", normal=Normal.RATE, above=5, below=-5, percent=True),
        MetricMonitor(name="s", sql="SELECT 1 AS value", normal=Normal.SILENCE, service="x"),
    ):
        form = tune_form(f"metric:{monitor.name}", monitor, monitor.sure, "look")
        assert one(typed_of(form), monitor) == monitor


def test_another_limit_forgets_where_the_old_one_recovered() -> None:
    form = tune_form("metric:p99", P99, 0.5, "look")
    changed = one(typed_of(form, limit="> 3"), P99)
    assert (changed.above, changed.recover) == (3, None)


def test_what_is_normal_may_change_altogether() -> None:
    form = tune_form("metric:p99", P99, 0.5, "look")
    learned = one(typed_of(form, normal="seasonal", limit=""), P99)
    assert (learned.normal, learned.above, learned.recover) == (Normal.SEASONAL, None, None)
    below = one(typed_of(form, limit="< 2"), P99)
    assert (below.above, below.below) == (None, 2)


def test_who_is_told_may_be_nobody_again() -> None:
    assert one(typed_of(tune_form("k", P99, 0.5, "look"), tell=""), P99).tell == ()


def test_limits_are_said_as_they_are_read() -> None:
    assert parse_limit(say_limit(P99)) == {"above": 1.5}
    assert say_limit(MetricMonitor(name="a", query="q")) == ""


def test_a_models_monitor_has_a_window_of_its_own() -> None:
    fraud = ModelMonitor.model_validate({"model": "fraud", "every": "1h", "window": "24h"})
    form = tune_form("model:fraud", fraud, 0.5, "look")
    values = {field.name: field.initial for field in form.fields}
    assert form.preview is not None
    assert typed_model(TypedModel(**values), fraud) == fraud
    assert typed_model(TypedModel(**values | {"needs": "1 of 2"}), fraud).needed == (1, 2)
    with pytest.raises(BadArgs, match="needs"):
        typed_model(TypedModel(**values | {"needs": "some"}), fraud)

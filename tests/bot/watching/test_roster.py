"""Which monitors there are, after what people changed."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watching.roster import has_bar, learns_anew, list_one, read_spec, roster, write_spec
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor
from knowledge.records import KeptMonitor

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def metric(**more: object) -> MetricMonitor:
    return MetricMonitor.model_validate({"name": "p99", "query": "p99", "above": 1, **more})


def model(**more: object) -> ModelMonitor:
    return ModelMonitor.model_validate({"model": "fraud", **more})


def kept(key: str = "metric:p99", **more: object) -> KeptMonitor:
    return KeptMonitor(key, "U1", NOW, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "monitor",
    [
        metric(),
        metric(above=None, normal="seasonal", sure=0.9, zone="Europe/Berlin"),
        metric(**{"for": "1m 30s"}, every="0.5s", silence="2h", tell=("#ml", "ada"), recover=0.25),
        metric(query="", sql="select 1 as value", source="orders", over="90 min"),
        model(),
        model(name="fraud hourly", every="1h30m", rows=500, needs="3 of 5", sure=0.7),
    ],
)
def test_a_monitor_is_read_as_it_was_written(monitor: AnyMonitor) -> None:
    key = "metric:p99" if isinstance(monitor, MetricMonitor) else "model:fraud"
    assert read_spec(kept(key, spec=write_spec(monitor))) == monitor


@given(st.timedeltas(timedelta(milliseconds=1), timedelta(days=400)), st.floats(0.5, 0.999))
def test_intervals_and_bars_survive_to_the_millisecond(every: timedelta, sure: float) -> None:
    monitor = metric(above=None, every=every, sure=sure)
    again = read_spec(kept(spec=write_spec(monitor)))
    assert again is not None
    assert abs(again.every - monitor.every) < timedelta(milliseconds=1)
    assert getattr(again, "sure", None) == monitor.sure


def test_the_file_without_changes() -> None:
    listed = roster((metric(), model()), ())
    assert list(listed) == ["metric:p99", "model:fraud"]
    assert listed["metric:p99"].monitor == metric()
    assert listed["metric:p99"].kept is None


def test_changes_replace_add_and_remove() -> None:
    new = metric(name="new")
    listed = roster(
        (metric(), model()),
        (
            kept(spec=write_spec(metric(above=3))),
            kept("metric:new", spec=write_spec(new)),
            kept("model:fraud", removed=True),
        ),
    )
    assert {key: one.monitor for key, one in listed.items()} == {
        "metric:p99": metric(above=3),
        "metric:new": new,
    }


def test_a_raised_bar_lies_over_the_files_own() -> None:
    learned = metric(above=None)
    one = list_one(kept(sure=0.9), learned)
    assert one is not None
    assert (one.monitor, one.plain) == (metric(above=None, sure=0.9), learned)
    assert has_bar(model())


def test_a_change_of_what_the_file_no_longer_has_waits() -> None:
    assert roster((), (kept(paused=True),)) == {}


@pytest.mark.parametrize(
    ("change", "paused"),
    [
        (kept(), False),
        (kept(paused=True), True),
        (kept(paused=True, paused_until=NOW + MINUTE), True),
        (kept(paused=True, paused_until=NOW), False),
        (kept(paused_until=NOW + MINUTE), False),
    ],
)
def test_paused_until_then_or_until_resumed(change: KeptMonitor, paused: bool) -> None:
    one = list_one(change, metric())
    assert one is not None
    assert one.paused(NOW) is paused


@pytest.mark.parametrize("spec", ["{", '{"name": "p99", "nope": 1}', "[]", '{"every": "soon"}'])
def test_a_change_that_cannot_be_read_leaves_the_files(
    spec: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "tandem.watching"):
        one = list_one(kept(spec=spec), metric())
        assert list_one(kept("metric:new", spec=spec), None) is None
    assert one is not None
    assert one.monitor == metric()
    assert "metric:p99, as changed in chat, cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("after", "anew"),
    [
        (metric(above=2, **{"for": "5m"}, every="5m", severity="page"), False),
        (metric(query="p95"), True),
        (metric(source="far"), True),
        (metric(above=None, normal="seasonal"), True),
        (model(), True),
    ],
)
def test_what_was_learned_holds_while_the_question_does(after: AnyMonitor, anew: bool) -> None:
    assert learns_anew(metric(), after) is anew

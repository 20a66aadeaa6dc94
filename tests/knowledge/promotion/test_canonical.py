import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.promotion.canonical import from_json, to_json
from knowledge.promotion.policy import Freeze, GateRule, Mode, OnWorse, Policy, QuietHours
from knowledge.records import Evaluation, Gate, GateResult, Kind, ModelVersion

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
words = st.text(max_size=8)
times = st.datetimes(timezones=st.just(UTC))
versions = st.builds(
    ModelVersion,
    words,
    words,
    times,
    aliases=st.lists(words).map(tuple),
    metrics=st.dictionaries(words, st.floats(allow_nan=False)),
    tags=st.dictionaries(words, words),
    evaluations=st.lists(
        st.builds(Evaluation, words, words, st.dictionaries(words, st.floats(allow_nan=False)))
    ).map(tuple),
    kind=st.sampled_from(Kind),
)


@given(versions)
def test_what_is_written_reads_back_and_is_written_the_same(version: ModelVersion) -> None:
    text = to_json(version)
    again = from_json(ModelVersion, text)
    assert again == version
    assert to_json(again) == text
    assert text.isascii()


def test_every_kind_of_value_of_a_policy_reads_back() -> None:
    policy = Policy(
        min_gain=0.01,
        max_age=timedelta(days=90, microseconds=1),
        approvers=("@ml-leads", "U01ABC"),
        sign_offs={"risk": ("@risk",)},
        quiet=(QuietHours(frozenset({5, 6}), time(0), time(23, 59), "Europe/Berlin"),),
        freezes=(Freeze(NOON, NOON + timedelta(days=1), "Easter 🐣"),),
        gates={"calibration": GateRule(Mode.WARN, override=("@risk",), settings={"most": 0.05})},
    )
    again = from_json(Policy, to_json(policy))
    assert again == policy
    assert again.canary.on_worse is OnWorse.OFFER


def test_order_does_not_matter() -> None:
    one = Evaluation("d", "x", {"auc": 0.9, "f1": 0.8})
    other = Evaluation("d", "x", {"f1": 0.8, "auc": 0.9})
    assert to_json(one) == to_json(other)


def test_unusual_numbers_are_words() -> None:
    text = to_json(Evaluation("d", "x", {"a": math.nan, "b": math.inf, "c": -math.inf}))
    assert json.loads(text)["metrics"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    read = from_json(Evaluation, text).metrics
    assert math.isnan(read["a"])
    assert (read["b"], read["c"]) == (math.inf, -math.inf)


def test_the_same_moment_elsewhere_keeps_its_offset() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert from_json(ModelVersion, to_json(ModelVersion("m", "1", berlin))).created_at == NOON


@dataclass(frozen=True)
class Later:
    name: str
    result: GateResult
    detail: str
    note: str = "none was kept"
    tags: tuple[str, ...] = field(default_factory=tuple)


def test_fields_that_came_or_went_are_forgiven() -> None:
    kept = to_json(Gate("auc", GateResult.WARN, "fell", ("a line",)))
    assert from_json(Later, kept) == Later("auc", GateResult.WARN, "fell")


@pytest.mark.parametrize("text", ["", "[1", "{}", '{"name": 1, "result": "odd", "detail": ""}'])
def test_what_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(Gate, text)

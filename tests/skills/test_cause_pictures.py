from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from knowledge.causes.case import Case, Symptom
from knowledge.causes.ranking import Ranking, Suspect
from knowledge.diagnosis import Gathered
from knowledge.records import Change, Series
from skills.cause_pictures import suspects_picture

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RANKING = Ranking((Suspect("pay", 2.0, 0.7), Suspect("pod-1", 1.0, 0.2)), NOON)


def series(start: datetime, rows: int, value: float) -> Series:
    times = start.timestamp() + 60.0 * np.arange(rows, dtype=np.float64)
    return Series({}, times, np.asarray(value + 0.01 * np.sin(times), dtype=np.float64))


@pytest.fixture
def found() -> Gathered:
    began, before = NOON - 10 * MINUTE, NOON - 70 * MINUTE
    case = Case(
        "pay", NOON, MINUTE, Symptom("pay"),
        window={"pay": {"cpu": series(began, 30, 0.5), "latency_p95": series(began, 30, 4.0)}},
        calm={"pay": {"cpu": series(before, 60, 0.5), "latency_p95": series(before, 60, 0.1)}},
    )  # fmt: skip
    change = Change("C1", NOON - 3 * MINUTE, "deploy", "pay", "retries")
    return Gathered("pay", NOON, NOON + 20 * MINUTE, changes=(change,), case=case)


def test_the_farthest_signal_of_each_measured_suspect_is_drawn(found: Gathered) -> None:
    picture = suspects_picture(RANKING, found)
    assert picture is not None
    assert picture.png.startswith(b"\x89PNG")
    assert (
        picture.alt
        == "pay · latency p95, from 11:03 to 12:19 UTC, with the band of the hour before"
    )


def test_what_stays_as_it_was_is_not_drawn(found: Gathered) -> None:
    assert found.case is not None
    calm = replace(found.case, window={"pay": {"cpu": found.case.window["pay"]["cpu"]}})
    assert suspects_picture(RANKING, replace(found, case=calm)) is None


def test_without_telemetry_there_is_no_picture(found: Gathered) -> None:
    assert suspects_picture(RANKING, Gathered("pay", NOON, NOON)) is None
    nobody = Ranking((Suspect("elsewhere", 1.0, 0.5),), NOON)
    assert suspects_picture(nobody, found) is None

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from knowledge.adapters.telemetry import open_telemetry
from knowledge.adapters.telemetry.file import parse_telemetry
from knowledge.diagnosis.model_side import Subject, gather_side, joined, subject_of
from knowledge.errors import NotFound
from knowledge.model_or_infra import Case, Kind, Reading, Side, Watched, What, assess
from knowledge.model_or_infra.measure import read
from knowledge.records import Series, Signal, SignalKind
from skills.testing import NOON
from tests.skills.side_world import BROKE, MODEL, SideWorld, SteadyTelemetry

SUBJECT = Subject(MODEL, MODEL, ("chloe", "risk-ml"), "ml-platform")


def gathered(world: SideWorld, subject: Subject = SUBJECT) -> Case:
    return gather_side(world.ctx(), subject, NOON)


def readings(world: SideWorld, subject: Subject = SUBJECT) -> dict[str, Reading]:
    return {reading.name: reading for reading in read(gathered(world, subject))}


def test_it_reads_the_endpoint_the_looks_and_the_metrics_people_watch() -> None:
    found = readings(SideWorld({"latency": 9.0, "realised rmse": 2.0}))
    assert found["latency p99"].unusual > 10
    assert found["latency p99"].unit == "s"
    assert found["realised rmse"].unusual > 10
    assert found["orders"].kind is Kind.BUSINESS
    assert found["orders"].unusual < 3
    assert found["missing values"].kind is Kind.QUALITY


def test_telemetry_adds_the_machine_and_what_it_calls() -> None:
    moved = {("feature-store", "latency_p95"): 8.0, (MODEL, "cpu"): 2.0}
    found = readings(SideWorld(telemetry=SteadyTelemetry(moved)))
    called = found["latency p95 of feature-store"]
    assert called.kind is Kind.NEIGHBOURS
    assert called.place == "feature-store"
    assert called.unusual > 10
    assert found["cpu"].unusual > 10
    assert found["memory"].unusual < 3
    assert "latency p95" not in found, "the endpoint's own query tells of its latency"


def test_telemetry_that_is_down_is_named() -> None:
    down = parse_telemetry('[prometheus]\nname = "eu"\nurl = "http://127.0.0.1:9"')
    with closing(open_telemetry(down, lambda name: "")) as telemetry:
        missing = gathered(SideWorld(telemetry=telemetry)).missing
    (line,) = (line for line in missing if line.startswith("telemetry"))
    assert line.startswith("telemetry: Prometheus eu: ")


def test_what_is_not_connected_is_said() -> None:
    missing = " ".join(gathered(SideWorld()).missing)
    assert "no telemetry is connected" in missing
    assert "no deploy was ever told" in missing
    bare = gathered(SideWorld(), Subject("other", "other"))
    assert "no figures of its endpoint" in " ".join(bare.missing)


def test_changes_are_sorted_by_whose_they_are() -> None:
    world = SideWorld()
    world.moved(BROKE)
    world.deployed(MODEL, BROKE)
    world.deployed("feature-store", BROKE)
    world.deployed("tracking-api", BROKE)
    world.deployed("", BROKE, kind="holiday")
    case = gathered(world)
    assert sorted(h.what for h in case.happened) == sorted(
        [What.ALIAS, What.DEPLOY, What.UPSTREAM, What.CALENDAR]
    )
    assert case.asked == frozenset(What)


def test_where_nobody_tells_of_deploys_silence_means_nothing() -> None:
    assert gathered(SideWorld()).asked == {What.ALIAS}


def test_an_incident_says_since_when_and_its_alerts_count() -> None:
    world = SideWorld()
    gpu = Signal("f2", "GpuClockThrottled", BROKE, BROKE, service=MODEL)
    drift = Signal("f3", "ModelDrift", BROKE, BROKE, kind=SignalKind.DRIFT, labels={"model": MODEL})
    elsewhere = Signal("f4", "HighErrorRate", BROKE, BROKE, service="feature-store")
    unrelated = Signal("f5", "HighErrorRate", BROKE, BROKE, service="payments")
    incident = world.incident(signals=(gpu, drift, elsewhere, unrelated))
    case = gathered(world, Subject(MODEL, MODEL, incident=incident))
    assert {r.kind for r in case.readings} == {Kind.GPU, Kind.INPUTS, Kind.NEIGHBOURS}
    assert case.began < BROKE


def test_the_model_is_found_by_its_name_its_service_or_the_incident() -> None:
    world = SideWorld()
    assert subject_of(world.ctx(), model="eta") == SUBJECT
    assert subject_of(world.ctx(), service="ETA-model") == SUBJECT
    incident = world.incident()
    found = subject_of(world.ctx(), incident=incident)
    assert found is not None
    assert (found.model, found.incident) == (MODEL, incident)
    assert subject_of(world.ctx(), service="payments") is None
    with pytest.raises(NotFound, match="eta-model"):
        subject_of(world.ctx(), model="eta-modle")


def test_a_slow_endpoint_after_a_new_champion_is_the_model() -> None:
    world = SideWorld({"latency": 9.0, "orders": 0.6})
    world.moved(BROKE - timedelta(minutes=2))
    world.deployed("feature-store", NOON - timedelta(days=9))
    assert assess(gathered(world)).side is Side.MODEL


def test_the_newest_part_of_a_series_is_the_finer_one() -> None:
    coarse = Series({"gpu": "0"}, np.array([0.0, 300.0, 600.0]), np.array([1.0, 2.0, 3.0]))
    fine = Series({"gpu": "0"}, np.array([600.0, 620.0]), np.array([30.0, 31.0]))
    new = Series({"gpu": "1"}, np.array([620.0]), np.array([9.0]))
    both, only_fine = joined([coarse], [fine, new])
    assert both.times.tolist() == [0.0, 300.0, 600.0, 620.0]
    assert both.values.tolist() == [1.0, 2.0, 30.0, 31.0]
    assert only_fine == new
    assert joined([coarse], []) == [coarse]


def test_of_trouble_two_minutes_old_the_value_since_it_began_is_told() -> None:
    began = NOON - timedelta(minutes=2)
    times = np.arange(NOON.timestamp() - 4 * 3_600, NOON.timestamp(), 20.0)
    values = np.where(times < began.timestamp(), 0.1, 0.9)
    seen = Watched(Kind.LATENCY, "latency p99", times, values, unit="s")
    case = Case(NOON, NOON - timedelta(hours=1), (seen,), noticed=began)
    (now,) = read(case)
    assert (now.now, now.usual) == (0.9, 0.1)
    (late,) = read(replace(case, noticed=None))
    assert late.now == 0.1

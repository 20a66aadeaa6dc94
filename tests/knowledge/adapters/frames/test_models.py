from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from knowledge.adapters.frames import FileFrames, ProfileCache
from knowledge.errors import UserError

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROWS = 1000

TOML = """
[models.fraud]
reference = "reference.parquet"
current = "log.parquet"
time = "at"
exclude = ["id"]
prediction = "answer"
probability = "score"
label = "truth"
label_delay = "3d"
task = "binary"
version = "version"
slices = ["city"]
groups = ["city"]
weights = { x = 2 }
owners = ["U123", "@ml"]
service = "fraud-scorer"
[models.fraud.endpoint]
latency = "histogram_quantile(0.99, rate(x_bucket[5m]))"
cost = "cost_per_call"
"""


def rows(start: datetime, seed: int, **moved: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    made = {
        "at": start + MINUTE * np.arange(ROWS),
        "id": np.arange(ROWS),
        "x": rng.normal(size=ROWS),
        "city": np.array(["Bonn", "Köln"], dtype=object)[rng.integers(0, 2, ROWS)],
        "score": rng.random(ROWS),
        "answer": rng.integers(0, 2, ROWS),
        "truth": rng.integers(0, 2, ROWS),
        "version": np.full(ROWS, 7),
    }
    return {**made, **moved}


def models(folder: Path, **moved: Any) -> FileFrames:
    pq.write_table(pa.table(rows(NOON - timedelta(days=30), 1)), folder / "reference.parquet")
    pq.write_table(pa.table(rows(NOON, 2, **moved)), folder / "log.parquet")
    (folder / "models.toml").write_text(TOML)
    return FileFrames.from_toml(folder / "models.toml", ProfileCache(folder / "cache"))


def test_what_the_file_says_of_a_model_is_read(tmp_path: Path) -> None:
    frames = models(tmp_path)
    roles, facts = frames.roles("fraud"), frames.about("Fraud")
    assert (roles.prediction, roles.probability, roles.label) == ("answer", "score", "truth")
    assert (roles.task, roles.version) == ("binary", "version")
    assert (roles.slices, roles.groups, roles.weights) == (("city",), ("city",), {"x": 2})
    assert (facts.owners, facts.service) == (("U123", "@ml"), "fraud-scorer")
    assert facts.label_delay == timedelta(days=3)
    assert sorted(facts.endpoint) == ["cost", "latency"]


def test_labels_and_versions_are_no_drift_and_answers_are_told_apart(tmp_path: Path) -> None:
    frames = models(
        tmp_path, truth=np.ones(ROWS, int), version=np.full(ROWS, 8), score=np.full(ROWS, 0.9)
    )
    report = frames.report("fraud", NOON, NOON + MINUTE * ROWS)
    assert {column.name for column in report.inputs} == {"x", "city"}
    assert {column.name for column in report.predictions} == {"answer", "score"}
    assert [finding.column for finding in report.quality] == ["score"]
    kept = frames.current("fraud", NOON, NOON + MINUTE)
    assert {"truth", "version", "score", "city"} < set(kept)
    assert not {"at", "id"} & set(kept)


def test_a_window_is_compared_with_another_one(tmp_path: Path) -> None:
    x = np.concatenate((np.zeros(500), np.ones(500))) + np.random.default_rng(3).normal(0, 1, ROWS)
    frames = models(tmp_path, x=x)
    half = NOON + MINUTE * 500
    report = frames.report("fraud", half, half + MINUTE * 500, against=(NOON, half))
    assert [column.name for column in report.drifted] == ["x"]
    assert (report.reference_rows, report.current_rows) == (500, 500)
    assert "truth" not in {column.name for column in report.columns}


def test_windows_by_count(tmp_path: Path) -> None:
    frames = models(tmp_path, x=np.arange(ROWS))
    assert frames.last("fraud", 3)["x"].tolist() == [997, 998, 999]


def test_a_reference_newer_than_the_window_is_said(tmp_path: Path) -> None:
    frames = models(tmp_path)
    early = NOON - timedelta(days=60)
    report = frames.report("fraud", early, early + MINUTE)
    assert report.quality[0].detail == (
        "the reference reaches to 2026-02-04 04:39 UTC, past the end of this window "
        "(2026-01-04 12:01 UTC): it is newer than the data it judges"
    )
    assert frames.report("fraud", NOON, NOON + MINUTE * ROWS).quality == ()


def test_newest_rows_of_a_database_need_the_name_of_their_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table log (at, x)"))
        for hour in (2, 0, 3, 1):
            stamp = 1000 * int((NOON + timedelta(hours=hour)).timestamp())
            connection.execute(
                sa.text("insert into log values (:at, :x)"), {"at": stamp, "x": hour}
            )
    engine.dispose()
    source = (
        f'{{ url = "{url}", query = "select at, x from log where at >= :start and at < :end" }}'
    )
    reference = f'{{ url = "{url}", query = "select x from log" }}'
    text = f'[models.m]\nreference = {reference}\ncurrent = {source}\ntime_format = "epoch_ms"\n'
    (tmp_path / "m.toml").write_text(text + 'time = "at"')
    frames = FileFrames.from_toml(tmp_path / "m.toml")
    assert frames.last("m", 2)["x"].tolist() == [2, 3]
    assert frames.current("m", NOON, NOON + timedelta(hours=2))["x"].tolist() == [0, 1]
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(UserError, match="time is missing; name the column of the query"):
        FileFrames.from_toml(tmp_path / "m.toml").last("m", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('current = { ibis = "duckdb://" }', "models.m.current.table: missing"),
        ('current = { ibis = "duckdb://", table = "t" }', "time is missing"),
        ('current = { url = "sqlite://" }', "models.m.current.query: missing"),
        ('current = "c"\ntime = "t"\ntime_zone = "Berlin"', "models.m.time_zone: 'Berlin' is not"),
        ('current = "c"\ntime = "t"\ntime_format = "epoch_days"', "models.m.time_format: Input"),
        ('current = "c"\ntime = "t"\nlabel_delay = "soon"', "models.m.label_delay: 'soon' is not"),
        ('current = "c"\ntime = "t"\nendpoint = { p99 = "x" }', "models.m.endpoint.p99: no such"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "models.toml").write_text(f'[models.m]\nreference = "r"\n{text}')
    with pytest.raises(UserError) as raised:
        FileFrames.from_toml(tmp_path / "models.toml")
    assert said in str(raised.value)

"""Counting where the data lives gives the verdicts of reading it: on DuckDB's Parquet files and in
a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from knowledge.adapters.frames import FileFrames, TimeColumn, Window
from knowledge.adapters.frames.lakes import LakeTable
from knowledge.adapters.frames.settings import LakeSource, ModelData
from knowledge.drift import DriftReport, Profile, compare, profile
from knowledge.drift.profile import LATTICE
from knowledge.errors import Unavailable, UserError
from knowledge.records import ColumnRoles

pytest.importorskip("ibis")
# Ibis 12 calls what DuckDB 2 has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2026, 3, 5, tzinfo=UTC)
ROWS = 4000
CELL = 1 / (len(LATTICE) - 1)


def rows(seed: int, moved: bool = False) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    size = 3.0 if moved else 0.0
    x = rng.normal(10, 2, ROWS) + size / 4
    x[rng.random(ROWS) < 0.03] = np.nan
    x[0] = np.inf if moved else 0.0
    cities = np.array(["Bonn", "Köln", "Aachen", None], dtype=object)
    city = cities[rng.choice(4, ROWS, p=[0.5, 0.2, 0.2, 0.1])]
    if moved:
        city[:100] = "Mars"
    return {
        "at": START + timedelta(seconds=1) * np.arange(ROWS),
        "x": x,
        "amount": rng.lognormal(size / 10, 1, ROWS),
        "count": rng.poisson(3, ROWS),
        "zeros": np.where(rng.random(ROWS) < 0.8, 0.0, rng.exponential(size=ROWS)),
        "code": rng.integers(0, 6, ROWS),
        "ok": rng.random(ROWS) < 0.9,
        "city": city,
        "fixed": np.full(ROWS, 7.5),
        "label": rng.integers(0, 2, ROWS),
    }


ROLES = ColumnRoles(categorical=("code",), prediction="x", label="label")
AT = TimeColumn("at")
Place = Callable[[str, dict[str, Any]], LakeTable]


@pytest.fixture(params=["duckdb", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Puts a frame where it can be counted."""
    if request.param == "duckdb":

        def files(name: str, frame: dict[str, Any]) -> LakeTable:
            (tmp_path / name).mkdir()
            whole = pa.table(frame)
            for i in range(4):
                part = whole.slice(i * ROWS // 4, ROWS // 4)
                pq.write_table(part, tmp_path / name / f"{i}.parquet")
            return LakeTable("duckdb://", f"{name}/*.parquet", tmp_path)

        return files
    url = request.getfixturevalue("spare_postgresql")
    return lambda name, frame: in_postgresql(url, name, frame)


def in_postgresql(url: str, name: str, frame: dict[str, Any]) -> LakeTable:
    kinds = {"at": "timestamptz", "city": "text", "ok": "boolean", "count": "integer",
             "code": "integer", "label": "smallint"}  # fmt: skip
    engine = sa.create_engine(url)
    described = ", ".join(f'"{c}" {kinds.get(c, "double precision")}' for c in frame)
    slots = ", ".join(f":c{i}" for i in range(len(frame)))
    plain = [list(values.tolist()) for values in frame.values()]
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE TABLE {name} ({described})"))
        connection.execute(
            sa.text(f"INSERT INTO {name} VALUES ({slots})"),
            [{f"c{i}": v for i, v in enumerate(row)} for row in zip(*plain, strict=True)],
        )
    engine.dispose()
    return LakeTable(url.replace("postgresql+psycopg://", "postgres://"), name)


def in_memory(frame: dict[str, Any]) -> Profile:
    kept = {name: np.asarray(values) for name, values in frame.items() if name != "at"}
    return profile(kept, exclude=["label"], categorical=["code"], predictions=["x"])


def assert_same(counted: DriftReport, read: DriftReport) -> None:
    """PSI and what else counts decide is the same; KS is known to a cell of the grid."""
    assert (counted.verdict, counted.current_rows) == (read.verdict, read.current_rows)
    assert {c.name for c in counted.drifted} == {c.name for c in read.drifted}
    assert set(counted.quality) == set(read.quality)
    known = {column.name: column for column in read.columns}
    for column in counted.columns:
        other = known[column.name]
        for name in ("psi", "psi_adj", "js", "tvd", "missing_change"):
            expected = getattr(other, name)
            found = getattr(column, name)
            assert found == (expected if expected is None else pytest.approx(expected, abs=1e-12))
        if other.ks is not None and other.wasserstein is not None:
            assert column.ks is not None
            assert other.ks - CELL <= column.ks <= other.ks + 1e-12
            assert column.wasserstein == pytest.approx(other.wasserstein, rel=0.05, abs=0.02)
        assert (column.role, column.severity) == (other.role, other.severity)


def test_counting_gives_the_verdicts_of_reading(place: Place) -> None:
    reference = rows(1)
    known = in_memory(reference)
    stored = place("reference", reference)
    from_lake = stored.profile(ROLES, ["at"])
    for name, moved in (("same", False), ("moved", True)):
        frame = rows(2, moved)
        read = compare(known, {n: np.asarray(v) for n, v in frame.items() if n != "at"})
        lake = place(name, frame)
        columns = lake.columns(None, known)
        assert_same(compare(known, without(columns, "at")), read)
        assert_same(compare(from_lake, without(lake.columns(None, from_lake), "at")), read)
        assert read.verdict == ("drifting" if moved else "stable")


def without(columns: Any, name: str) -> Any:
    return {key: columns[key] for key in columns if key != name}


def test_windows_newest_rows_and_spans(place: Place) -> None:
    lake = place("log", rows(3))
    window = Window(AT, START + timedelta(seconds=10), START + timedelta(seconds=13))
    assert len(lake.read(window)["x"]) == 3
    assert list(lake.read(window, names=["x", "ok"])) == ["x", "ok"]
    assert lake.span(AT) == (START, START + timedelta(seconds=ROWS - 1))
    newest = lake.last(AT, 5)
    assert newest["at"][-1] == np.datetime64(START.replace(tzinfo=None)) + np.timedelta64(
        ROWS - 1, "s"
    )
    assert lake.columns(Window(AT, START, START), in_memory(rows(1))).rows == 0


def test_a_changed_type_and_codes_are_told_where_the_data_lives(place: Place) -> None:
    known = in_memory({**rows(1), "city": rows(1)["x"]})
    lake = place("typed", {**rows(2), "count": rows(2)["count"]})
    report = compare(known, without(lake.columns(None, known), "at"))
    assert [(f.column, f.kind, f.detail) for f in report.quality if f.kind == "type"] == [
        ("city", "type", "numeric in the reference, categorical now")
    ]


def test_a_models_report_is_counted_where_its_log_lives(tmp_path: Path) -> None:
    pq.write_table(pa.table(rows(1)), tmp_path / "reference.parquet")
    (tmp_path / "log").mkdir()
    pq.write_table(pa.table(rows(2, True)), tmp_path / "log" / "1.parquet")
    made = ModelData(
        reference="reference.parquet",
        current=LakeSource(ibis="duckdb://", table="log/*.parquet"),
        time="at",
        categorical=("code",),
        label="label",
        prediction="x",
    )
    frames = FileFrames({"fraud": made}, tmp_path)
    report = frames.report("fraud", START, START + timedelta(days=1))
    assert report.verdict == "drifting"
    assert [column.name for column in report.predictions] == ["x"]
    assert "label" not in {column.name for column in report.columns}
    half = START + timedelta(seconds=ROWS // 2)
    same = frames.report("fraud", half, START + timedelta(days=1), against=(START, half))
    assert "amount" not in {column.name for column in same.drifted}
    assert frames.last("fraud", 10)["x"].shape == (10,)


def test_rare_categories_beyond_the_most_are_one(tmp_path: Path) -> None:
    names = np.array([f"id {i}" for i in range(30_000)], dtype=object)
    pq.write_table(pa.table({"who": names}), tmp_path / "c.parquet")
    known = profile({"who": names})
    lake = LakeTable("duckdb://", "c.parquet", tmp_path)
    report = compare(known, lake.columns(None, known))
    assert report.verdict == "stable"
    assert report.columns[0].tvd == pytest.approx(0.0, abs=1e-9)


def test_what_is_wrong_with_a_lake_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no table 'gone'"):
        LakeTable("duckdb://", "gone").read()
    with pytest.raises(Unavailable, match="duckdb://"):
        LakeTable("duckdb://", "gone/*.parquet", tmp_path).read()
    with pytest.raises(UserError, match="nosuch://host/db is no usable URL"):
        LakeTable("nosuch://host/db", "t").read()
    with pytest.raises(Unavailable, match=r"postgres://nobody\.invalid"):
        LakeTable("postgres://me:secret@nobody.invalid/db", "t").read()
    pq.write_table(pa.table({"at": ["soon"]}), tmp_path / "t.parquet")
    lake = LakeTable("duckdb://", "t.parquet", tmp_path)
    with pytest.raises(UserError, match="'at' is of type string, not a time"):
        lake.read(Window(AT, START, START))
    with pytest.raises(UserError, match="no time column 'when'; the columns are at"):
        lake.span(TimeColumn("when"))

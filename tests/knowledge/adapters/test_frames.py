import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from knowledge.adapters.frames import FileFrames, TimeColumn, Window, read_frame
from knowledge.errors import NotFound, Unavailable, UserError

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def table() -> pa.Table:
    return pa.table(
        {
            "at": pa.array([NOON + HOUR * i for i in range(4)], pa.timestamp("ms", "UTC")),
            "n": [1, None, 3, 4],
            "x": [0.5, 1.5, None, 2.5],
            "who": ["a", None, "b", "a"],
            "ok": [True, False, True, True],
        }
    )


def test_formats_give_the_same_columns(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "t.parquet")
    pyarrow.csv.write_csv(table().drop(["who"]), tmp_path / "t.csv")
    rows = '{"n": 1, "x": 0.5, "who": "a"}\n{"n": null, "x": 1.5, "who": null}\n'
    (tmp_path / "t.jsonl").write_text(rows)
    parquet = read_frame(tmp_path / "t.parquet", exclude=["at"])
    assert list(parquet) == ["n", "x", "who", "ok"]
    assert parquet["who"].tolist() == ["a", None, "b", "a"]
    assert parquet["ok"].dtype == bool
    for name in ("t.csv", "t.jsonl"):
        frame = read_frame(tmp_path / name)
        assert np.isnan(frame["n"][1])
        assert frame["x"][:2].tolist() == [0.5, 1.5]


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_only_the_window_is_read(tmp_path: Path, name: str) -> None:
    flat = table().drop(["who"])
    if name.endswith("csv"):
        pyarrow.csv.write_csv(flat, tmp_path / name)
    else:
        pq.write_table(flat, tmp_path / name)
    window = Window(TimeColumn("at"), NOON + HOUR, NOON + 3 * HOUR)
    assert read_frame(tmp_path / name, window=window)["x"].tolist()[0] == 1.5
    assert len(read_frame(tmp_path / name, window=window)["x"]) == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("gone.parquet", "does not exist. Beside it are: bad.parquet"),
        ("bad.parquet", "cannot be read"),
        ("notes.txt", "no known format"),
        ("empty", "holds no data files"),
        ("sqlite:///x.db", "needs a query"),
        ("nosuch://host/db", "no usable database URL"),
    ],
)
def test_wrong_sources_are_named_with_the_remedy(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "bad.parquet").write_text("not parquet")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    query = "select 1" if source.startswith("nosuch") else ""
    with pytest.raises(UserError, match=said):
        read_frame(source if "://" in source else tmp_path / source, query=query)


def models(folder: Path, text: str) -> FileFrames:
    (folder / "models.toml").write_text(text)
    return FileFrames.from_toml(folder / "models.toml")


def test_a_folder_of_parts_is_read_as_it_grows(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "ref.parquet")
    (tmp_path / "log").mkdir()
    pq.write_table(table().slice(0, 2), tmp_path / "log" / "1.parquet")
    made = models(
        tmp_path,
        '[models.fraud]\nreference = "ref.parquet"\ncurrent = "log"\ntime = "at"\n'
        'exclude = ["who"]\nweights = { x = 2 }\nprediction = "x"',
    )
    assert len(made.current("fraud", NOON, NOON + 9 * HOUR)["x"]) == 2
    pq.write_table(table().slice(2), tmp_path / "log" / "2.parquet")
    (tmp_path / "log" / "_unfinished.parquet").write_text("half")
    assert len(made.current("Fraud", NOON, NOON + 9 * HOUR)["x"]) == 4
    assert list(made.current("fraud", NOON, NOON + HOUR)) == ["n", "x", "ok"]
    assert made.span("fraud") == (NOON, NOON + 3 * HOUR)
    assert made.roles("fraud").weights == {"x": 2}
    first = made.profile("fraud")
    assert made.profile("fraud") is first
    pq.write_table(table().slice(0, 3), tmp_path / "ref.parquet")
    assert made.profile("fraud").rows == 3
    with pytest.raises(NotFound, match="fraud"):
        made.reference("frod")


@pytest.mark.parametrize("epoch", [False, True])
def test_sql_reads_the_window(tmp_path: Path, epoch: bool) -> None:
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("create table log (at, x, who)")
        for hour in range(4):
            at = NOON + HOUR * hour
            stamp = at.timestamp() if epoch else at.strftime("%Y-%m-%d %H:%M:%S.%f")
            db.execute("insert into log values (?, ?, ?)", (stamp, hour / 2, None))
    db.close()
    url = f"sqlite:///{tmp_path}/x.db"
    made = models(
        tmp_path,
        f'[models.m]\nreference = {{ url = "{url}", query = "select x, who from log" }}\n'
        f'time_format = "{"epoch" if epoch else "timestamp"}"\n[models.m.current]\nurl = "{url}"\n'
        'query = "select x, who from log where at >= :start and at < :end"\n'
        'span_query = "select min(at), max(at) from log"',
    )
    assert made.current("m", NOON + HOUR, NOON + 3 * HOUR)["x"].tolist() == [0.5, 1.0]
    assert made.reference("m")["who"].tolist() == [None] * 4
    assert made.span("m") == (NOON, NOON + 3 * HOUR)
    with pytest.raises(Unavailable, match="no such table"):
        read_frame(url, query="select * from gone")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[models.m]\nreference = "r.csv"', "models.m.current: missing"),
        ('[models.m]\nreference = "r.csv"\ncurrent = "c.csv"', "time is missing"),
        (
            '[models.m]\nreference = "r"\ncurrent = "c"\ntime = "t"\ntyme = 1',
            "models.m.tyme: no such",
        ),
        ("[models", "not valid TOML"),
    ],
)
def test_a_wrong_file_of_models_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=r"models\.toml") as raised:
        models(tmp_path, text)
    assert said in str(raised.value)

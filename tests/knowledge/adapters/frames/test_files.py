from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from knowledge.adapters.frames import FileTable, TimeColumn, Window
from knowledge.drift import Categories, compare
from knowledge.errors import UserError
from knowledge.records import ColumnRoles

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = TimeColumn("at")


def write(path: Path, **columns: Any) -> FileTable:
    pq.write_table(pa.table(columns), path)
    return FileTable(path)


@pytest.mark.parametrize(
    ("times", "time"),
    [
        (pa.array([NOON + HOUR * i for i in range(5)], pa.timestamp("ms", "UTC")), AT),
        (pa.array([NOON + HOUR * i for i in range(5)], pa.timestamp("s", "Asia/Tokyo")), AT),
        (pa.array([f"2026-03-05T{12 + i}:00:00" for i in range(5)]), AT),
        (pa.array([f"2026-03-05T{13 + i}:00:00+01:00" for i in range(5)]), AT),
        (
            pa.array([datetime(2026, 3, 5, 13 + i) for i in range(5)], pa.timestamp("us")),
            TimeColumn("at", zone="Europe/Berlin"),
        ),
        (
            pa.array([1000 * int((NOON + HOUR * i).timestamp()) for i in range(5)]),
            TimeColumn("at", "auto"),
        ),
        (pa.array([(NOON + HOUR * i).timestamp() for i in range(5)]), TimeColumn("at", "s")),
    ],
)
def test_windows_are_the_same_however_times_are_written(
    tmp_path: Path, times: Any, time: TimeColumn
) -> None:
    table = write(tmp_path / "log.parquet", at=times, x=list(range(5)))
    window = Window(time, NOON + HOUR, NOON + 3 * HOUR)
    assert table.read(window)["x"].tolist() == [1, 2]
    assert list(table.read(window, names=["x"])) == ["x"]
    assert table.span(time) == (NOON, NOON + 4 * HOUR)
    assert table.last(time, 2)["x"].tolist() == [3, 4]
    assert table.columns(window).rows == 2


def test_the_hour_that_is_shown_twice_is_in_one_window(tmp_path: Path) -> None:
    shown = [
        datetime(2026, 10, 25, 1, 30),
        datetime(2026, 10, 25, 2, 30),
        datetime(2026, 10, 25, 3),
    ]
    table = write(tmp_path / "log.parquet", at=shown, x=[1, 2, 3])
    time = TimeColumn("at", zone="Europe/Berlin")
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)
    found = [
        table.read(Window(time, start + HOUR * i, start + HOUR * (i + 1)))["x"] for i in range(3)
    ]
    assert [values.tolist() for values in found] == [[2], [], [3]]


def test_days_are_times_too(tmp_path: Path) -> None:
    table = write(tmp_path / "log.parquet", at=[date(2026, 3, d) for d in (4, 5, 6)], x=[4, 5, 6])
    day = Window(AT, NOON - 12 * HOUR, NOON + 12 * HOUR)
    assert table.read(day)["x"].tolist() == [5]


def test_the_newest_rows_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    times = [NOON + HOUR * i for i in (3, 0, 2, 1, 2)]
    table = write(tmp_path / "log.parquet", at=[*times, None], x=[3, 0, 2, 1, 2, 9])
    assert table.last(AT, 3)["x"].tolist() == [2, 2, 3]
    assert table.last(AT, 99)["x"].tolist() == [0, 1, 2, 2, 3]
    empty = write(tmp_path / "none.parquet", at=pa.array([], pa.timestamp("us")), x=[])
    assert len(empty.last(AT, 3)["x"]) == 0
    assert empty.span(AT) is None


def test_text_is_counted_without_an_object_per_row(tmp_path: Path) -> None:
    table = write(tmp_path / "r.parquet", who=["a", None, "b", "a"] * 100, x=list(range(400)))
    columns = table.columns()
    who = columns["who"]
    assert isinstance(who, Categories)
    assert (who.counts, who.tally.missing, columns.rows) == ({"a": 200, "b": 100}, 100, 400)
    assert isinstance(columns["x"], np.ndarray)
    known = table.profile(ColumnRoles(), ())
    assert compare(known, table.read()).verdict == compare(known, columns).verdict == "stable"


def test_a_glob_names_parts_and_a_new_part_may_have_new_columns(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", x=[1, 2])
    write(tmp_path / "2.parquet", x=[0.5, None], y=["a", "b"])
    write(tmp_path / "_3.parquet", x=[9.0, 9.0])
    for source in (tmp_path / "*.parquet", tmp_path):
        frame = FileTable(source).read()
        assert frame["y"].tolist() == [None, None, "a", "b"]
        assert frame["x"][:3].tolist() == [1, 2, 0.5]
    with pytest.raises(UserError, match="matches no data files"):
        FileTable(tmp_path / "*.csv").read()


def test_parts_that_disagree_on_a_type_are_named(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", x=[1, 2])
    write(tmp_path / "2.parquet", x=["one", "two"])
    with pytest.raises(UserError, match=r"disagree on a column's type: .*x"):
        FileTable(tmp_path).read()


def test_a_number_is_no_time_unless_said(tmp_path: Path) -> None:
    table = write(tmp_path / "log.parquet", at=[1, 2], x=[1, 2])
    with pytest.raises(UserError, match='need time_format = "epoch"'):
        table.read(Window(AT, NOON, NOON + HOUR))
    with pytest.raises(UserError, match="no time column 'when'; its columns are at, x"):
        table.span(TimeColumn("when"))


def test_odd_types_become_numbers_or_text(tmp_path: Path) -> None:
    frame = write(
        tmp_path / "odd.parquet",
        price=[Decimal("1.50"), None],
        big=pa.array([2**63, 2**64 - 1], pa.uint64()),
        took=[timedelta(seconds=90), None],
        tags=[["a"], ["b", "c"]],
        nothing=pa.nulls(2),
    ).read()
    assert frame["price"].tolist()[0] == 1.5
    assert frame["big"].astype(float).tolist() == [2.0**63, 2.0**64]
    assert frame["took"].tolist()[0] == 90
    assert frame["tags"].tolist() == ["['a']", "['b', 'c']"]
    assert len(frame["nothing"]) == 2

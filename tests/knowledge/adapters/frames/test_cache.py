from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from knowledge.adapters.frames import FileTable, ProfileCache
from knowledge.drift import Profile, compare
from knowledge.records import ColumnRoles, Frame

ROWS = 30_000


def frame(seed: int, shift: float = 0.0) -> Frame:
    rng = np.random.default_rng(seed)
    at = np.datetime64("2026-01-01", "us") + np.arange(ROWS)
    none = np.array([None] * ROWS, dtype=object)
    names = np.array(["Bonn", "Köln", None], dtype=object)
    return {
        "x": rng.normal(shift, 1, ROWS),
        "city": names[rng.integers(0, 3, ROWS)],
        "at": at,
        "none": none,
    }


@pytest.fixture
def reference(tmp_path: Path) -> FileTable:
    pq.write_table(pa.table(dict(frame(1))), tmp_path / "r.parquet")
    return FileTable(tmp_path / "r.parquet")


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*"))


def test_a_kept_profile_judges_as_the_one_it_was_made_from(
    tmp_path: Path, reference: FileTable
) -> None:
    cache = ProfileCache(tmp_path / "cache")
    roles = ColumnRoles(prediction="x")
    made, read = (cache.profile(reference, roles, ["none"]) for _ in range(2))
    assert [file.name for file in kept(tmp_path / "cache")] == ["arrays.bin", "profile.json"]
    for current in (frame(2), frame(3, 0.4)):
        assert compare(read, current) == compare(made, current)
    assert read.predictions == {"x"}
    assert read.exclude == {"none"}


def test_a_changed_reference_or_question_is_another_profile(
    tmp_path: Path, reference: FileTable
) -> None:
    cache = ProfileCache(tmp_path / "cache")
    first = cache.profile(reference, ColumnRoles(), ())
    assert "city" in first.columns
    assert "city" not in cache.profile(reference, ColumnRoles(), ["city"]).columns
    pq.write_table(pa.table({"x": np.arange(ROWS + 1.0)}), tmp_path / "r.parquet")
    assert cache.profile(reference, ColumnRoles(), ()).rows == ROWS + 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"not JSON"])
def test_a_damaged_profile_is_made_anew(
    tmp_path: Path, reference: FileTable, damage: bytes
) -> None:
    cache = ProfileCache(tmp_path / "cache")
    made = cache.profile(reference, ColumnRoles(), ())
    for file in kept(tmp_path / "cache"):
        file.write_bytes(damage)
    again = cache.profile(reference, ColumnRoles(), ())
    assert isinstance(again, Profile)
    assert compare(again, frame(4)) == compare(made, frame(4))


def test_a_folder_that_cannot_be_written_is_no_failure(
    tmp_path: Path, reference: FileTable
) -> None:
    (tmp_path / "file").write_text("in the way")
    found = ProfileCache(tmp_path / "file").profile(reference, ColumnRoles(), ())
    assert found.rows == ROWS

"""Profiles of references on disk: made once, then mapped into memory.

One folder per profile holds `profile.json` (everything small) and `arrays.bin` (every array, 8
bytes a number, one after the other). No code is ever loaded from it. The key is made of the names,
sizes and times of change of the reference's files and of what was asked of them, so that a changed
reference is another profile. Nothing here is ever needed: what cannot be read or written is made
anew.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.frames.files import FileTable
from knowledge.drift import Profile
from knowledge.drift.measures import Binned, Sorted
from knowledge.drift.profile import CategoryProfile, ColumnProfile, NumericProfile
from knowledge.quality import Tally
from knowledge.records import ColumnRoles

VERSION = 1
"""Of the files' format and of what is computed; another one makes all profiles anew."""
MIN_ROWS = 20_000
"""A smaller reference is read as fast as its profile."""
MOST_BYTES = 4 * 2**30
"""What all profiles may take; the ones used longest ago go first."""


class ProfileCache:
    """Profiles in folders under `folder`; also where several processes share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def default(cls) -> "ProfileCache":
        """Under the user's cache folder (XDG_CACHE_HOME, else ~/.cache)."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return cls(Path(base) / "tandem" / "profiles")

    def profile(self, table: FileTable, roles: ColumnRoles, exclude: Collection[str]) -> Profile:
        """The profile of a reference, from disk where it is there."""
        asked = [VERSION, repr(table.stamp()), repr(roles), sorted(exclude)]
        place = self._folder / sha256(json.dumps(asked).encode()).hexdigest()[:32]
        found = _load(place)
        if found is None:
            found = table.profile(roles, exclude)
            if found.rows >= MIN_ROWS:
                self._keep(place, found)
        return found

    def _keep(self, place: Path, made: Profile) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
                _save(Path(scratch), made)
                # Another process may have kept the same profile meanwhile: then this one is spare.
                Path(scratch, "ready").mkdir()
                for name in ("profile.json", "arrays.bin"):
                    Path(scratch, name).rename(Path(scratch, "ready", name))
                Path(scratch, "ready").rename(place)
            self._tidy()
        except OSError:
            return

    def _tidy(self) -> None:
        kept = [(place.stat().st_mtime, place) for place in self._folder.iterdir()]
        sizes = {place: _size(place) for _, place in kept}
        total = sum(sizes.values())
        for _, place in sorted(kept):
            if total <= MOST_BYTES:
                return
            shutil.rmtree(place, ignore_errors=True)
            total -= sizes[place]


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.glob("*"))


class _Writer:
    """Appends arrays to a file; what it returns says where each lies."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._at = 0

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, array: NDArray[Any]) -> list[Any]:
        plain = np.ascontiguousarray(array)
        self._file.write(plain.data)
        place = [plain.dtype.str, self._at, len(plain)]
        self._at += plain.nbytes
        return place


def _save(place: Path, made: Profile) -> None:
    with _Writer(place / "arrays.bin") as arrays:
        columns = {name: _column_out(column, arrays) for name, column in made.columns.items()}
    out = {
        "rows": made.rows,
        "exclude": sorted(made.exclude),
        "predictions": sorted(made.predictions),
        "columns": columns,
    }
    (place / "profile.json").write_text(json.dumps(out), "utf-8")


def _load(place: Path) -> Profile | None:
    """None where there is none, or one that is damaged."""
    try:
        kept = json.loads((place / "profile.json").read_text("utf-8"))
        arrays = np.memmap(place / "arrays.bin", dtype=np.uint8, mode="r")
        columns = {name: _column_in(column, arrays) for name, column in kept["columns"].items()}
        os.utime(place)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Profile(
        kept["rows"], columns, frozenset(kept["exclude"]), frozenset(kept["predictions"])
    )


def _column_out(column: ColumnProfile, arrays: _Writer) -> dict[str, Any]:
    plain = {"kind": column.kind, "tally": asdict(column.tally)}
    if isinstance(column, CategoryProfile):
        return {**plain, "counts": dict(column.counts), "rest": column.rest}
    names = ("edges", "bins", "centiles")
    out = {**plain, "scale": column.scale, "quartiles": column.quartiles}
    out |= {name: arrays.put(getattr(column, name)) for name in names}
    sample = column.sample
    if sample is not None:
        binned = sample if isinstance(sample, Binned) else sample.binned
        held = {name: getattr(binned, name) for name in ("grid", "below", "upto", "sums")}
        out["binned"] = {name: arrays.put(array) for name, array in held.items()}
        out["rows"] = binned.rows
    if isinstance(sample, Sorted):
        out["values"] = arrays.put(sample.values)
    return out


def _column_in(kept: Mapping[str, Any], arrays: NDArray[np.uint8]) -> ColumnProfile:
    tally = Tally(**kept["tally"])
    if "counts" in kept:
        return CategoryProfile(kept["kind"], tally, kept["counts"], kept["rest"])

    def array(place: list[Any]) -> NDArray[Any]:
        kind, start, length = place
        found: NDArray[Any] = arrays[start : start + length * np.dtype(kind).itemsize].view(kind)
        if len(found) != length:
            raise ValueError("the arrays are cut short")
        return found

    sample: Sorted | Binned | None = None
    if "binned" in kept:
        held = {name: array(place) for name, place in kept["binned"].items()}
        sample = Binned(**held, rows=kept["rows"])
        if "values" in kept:
            sample = Sorted(array(kept["values"]), sample)
    return NumericProfile(
        kept["kind"],
        tally,
        sample,
        array(kept["edges"]),
        array(kept["bins"]),
        array(kept["centiles"]),
        kept["scale"],
        (kept["quartiles"][0], kept["quartiles"][1]),
    )

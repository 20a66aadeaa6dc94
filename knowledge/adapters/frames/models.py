"""The Frames port over whatever holds the models' data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from knowledge.adapters.frames.cache import ProfileCache
from knowledge.adapters.frames.files import FileTable
from knowledge.adapters.frames.lakes import LakeTable
from knowledge.adapters.frames.settings import (
    LakeSource,
    ModelData,
    Source,
    SqlSource,
    read_models,
)
from knowledge.adapters.frames.sql import SqlTable
from knowledge.adapters.frames.tables import Table
from knowledge.adapters.frames.times import Window
from knowledge.drift import DriftReport, Profile, QualityFinding, compare
from knowledge.errors import NotFound
from knowledge.records import ColumnRoles, Frame, ModelFacts


@dataclass(frozen=True)
class _Kept:
    """A reference's profile, with the state of the data it was made from."""

    stamp: object
    profile: Profile
    newest: datetime | None
    """The time of the reference's last row, where it has times."""


class FileFrames:
    """Models' data in files, databases and lakes; relative paths start at `folder`.

    `cache` keeps the profiles of file references on disk, so that a restart is fast.
    """

    def __init__(
        self,
        models: Mapping[str, ModelData],
        folder: Path = Path(),
        cache: ProfileCache | None = None,
    ) -> None:
        self._models = dict(models)
        self._folder = folder
        self._cache = cache
        self._kept: dict[str, _Kept] = {}
        self._locks = {name: Lock() for name in self._models}

    @classmethod
    def from_toml(cls, path: Path, cache: ProfileCache | None = None) -> "FileFrames":
        """Raises UserError that names the file, the field and what is wrong with it."""
        return cls(read_models(path), path.parent, cache)

    def names(self) -> list[str]:
        return list(self._models)

    def reference(self, model: str) -> Frame:
        data = self._data(model)
        return _without(self._open(data.reference).read(), {*data.exclude, data.time})

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        data = self._data(model)
        frame = self._open(data.current).read(Window(data.time_column, start, end))
        return _without(frame, {*data.exclude, data.time})

    def last(self, model: str, rows: int) -> Frame:
        data = self._data(model)
        frame = self._open(data.current).last(data.time_column, rows)
        return _without(frame, {*data.exclude, data.time})

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> DriftReport:
        data = self._data(model)
        table = self._open(data.current)
        notes: list[QualityFinding] = []
        if against is None:
            kept = self._keep(model)
            known = kept.profile
            if kept.newest is not None and kept.newest >= end:
                notes.append(_too_new(kept.newest, end))
        else:
            window = Window(data.time_column, *against)
            known = table.profile(data.roles, {*data.exclude, data.time}, window)
        current = table.columns(Window(data.time_column, start, end), known)
        return compare(known, current, weights=data.weights, usual_rows=usual_rows, notes=notes)

    def profile(self, model: str) -> Profile:
        return self._keep(model).profile

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        data = self._data(model)
        return self._open(data.current).span(data.time_column)

    def roles(self, model: str) -> ColumnRoles:
        return self._data(model).roles

    def about(self, model: str) -> ModelFacts:
        return self._data(model).facts

    def _keep(self, model: str) -> _Kept:
        """The reference's profile, made once; other models need not wait for it."""
        name = self._name(model)
        table = self._open(self._models[name].reference)
        stamp = table.stamp()
        with self._locks[name]:
            kept = self._kept.get(name)
            if kept is None or kept.stamp != stamp:
                kept = self._make(self._models[name], table, stamp)
                self._kept[name] = kept
            return kept

    def _make(self, data: ModelData, table: Table, stamp: object) -> _Kept:
        out = {*data.exclude, data.time} - {""}
        if self._cache is None or not isinstance(table, FileTable):
            made = table.profile(data.roles, out)
        else:
            made = self._cache.profile(table, data.roles, out)
        timed = isinstance(table, FileTable | LakeTable) and data.time and table.has(data.time)
        span = table.span(data.time_column) if timed else None
        return _Kept(stamp, made, span and span[1])

    def _name(self, model: str) -> str:
        lower = {name.lower(): name for name in self._models}
        if model.lower() not in lower:
            raise NotFound.among("model with known data", model, self._models)
        return lower[model.lower()]

    def _data(self, model: str) -> ModelData:
        return self._models[self._name(model)]

    def _open(self, source: Source) -> Table:
        if isinstance(source, SqlSource):
            return SqlTable(source.url, source.query, source.span_query)
        if isinstance(source, LakeSource):
            return LakeTable(source.ibis, source.table, self._folder)
        return FileTable(self._folder / source)


def _without(frame: Frame, names: Collection[str]) -> Frame:
    return {name: values for name, values in frame.items() if name not in names}


def _too_new(newest: datetime, end: datetime) -> QualityFinding:
    detail = (
        f"the reference reaches to {newest:%Y-%m-%d %H:%M} UTC, past the end of this window "
        f"({end:%Y-%m-%d %H:%M} UTC): it is newer than the data it judges"
    )
    return QualityFinding("", "order", detail)

"""Monitors, and where their data comes from, as TOML."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.errors import NotFound, UserError
from knowledge.monitors.presets import find_preset, load_preset
from knowledge.monitors.spec import AnyMonitor, Interval, MetricMonitor, ModelMonitor

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class SourceSpec(BaseModel):
    """Where metrics come from: one of `prometheus` and `database`, each a URL.

    `${NAME}` in a value is taken from the environment, so that no password is in the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prometheus: str = ""
    database: str = ""
    """PostgreSQL or SQLite. It should be a user that may only read."""
    token: str = Field("", repr=False)
    """Sent to a Prometheus as a bearer token."""
    timeout: Interval = timedelta(seconds=10)
    """For one question."""

    @model_validator(mode="after")
    def _one(self) -> "SourceSpec":
        if bool(self.prometheus) == bool(self.database):
            raise ValueError("give either `prometheus` or `database`, a URL")
        if self.prometheus and not self.prometheus.startswith(("http://", "https://")):
            raise ValueError("`prometheus` must begin with http:// or https://")
        if self.token and self.database:
            raise ValueError("`token` belongs to a Prometheus; a database's password is in its URL")
        return self


class PresetUse(BaseModel):
    """A preset, with values for its variables. Other keys are variables of the preset."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str
    prefix: str = ""
    source: str = ""
    tell: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    change: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Fields of single monitors, by the monitor's name in the preset."""

    def monitors(self) -> list[MetricMonitor]:
        """Raises UserError and ValidationError."""
        made = load_preset(
            self.use,
            prefix=self.prefix,
            source=self.source,
            tell=self.tell,
            without=self.without,
            **(self.model_extra or {}),
        )
        own = [m.name for m in find_preset(self.use).metrics if m.name not in self.without]
        for name in self.change:
            if name not in own:
                raise NotFound.among(f"monitor of preset {self.use}", name, own)
        return [
            _changed(monitor, self.change.get(name, {}))
            for name, monitor in zip(own, made, strict=True)
        ]


@dataclass(frozen=True)
class MonitorsFile:
    """What a file of monitors says."""

    monitors: tuple[AnyMonitor, ...] = ()
    sources: Mapping[str, SourceSpec] = field(default_factory=dict)
    """By name."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Mapping[str, SourceSpec] = Field(default_factory=dict)
    preset: tuple[PresetUse, ...] = ()
    metric: tuple[MetricMonitor, ...] = ()
    model: tuple[ModelMonitor, ...] = ()


_TABLES: Mapping[str, type[BaseModel]] = {
    "source": SourceSpec,
    "preset": PresetUse,
    "metric": MetricMonitor,
    "model": ModelMonitor,
}


def load_monitors(path: Path) -> tuple[AnyMonitor, ...]:
    """The monitors of a file; see `load_file`."""
    return load_file(path).monitors


def load_file(path: Path, environ: Mapping[str, str] | None = None) -> MonitorsFile:
    """Read a file of monitors. Raises UserError that names file, line, monitor and remedy."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_MONITORS: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"TANDEM_MONITORS: {path} is not UTF-8; save it as UTF-8 text.") from error
    return parse_file(text, str(path), os.environ if environ is None else environ)


def parse_monitors(text: str, source: str = "monitors.toml") -> tuple[AnyMonitor, ...]:
    """The monitors of a text; see `parse_file`."""
    return parse_file(text, source).monitors


def parse_file(
    text: str, source: str = "monitors.toml", environ: Mapping[str, str] | None = None
) -> MonitorsFile:
    """Raises UserError, a line for each wrong field."""
    written = _Written(text, source)
    try:
        raw = tomllib.loads(text)
        raw["source"] = written.filled(raw.get("source", {}), environ or {})
        read = _Shape.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise UserError("\n".join(written.say(e, raw) for e in error.errors())) from None
    placed = [(written.at("metric", n), m) for n, m in enumerate(read.metric)]
    for number, preset in enumerate(read.preset):
        placed += [(written.at("preset", number), m) for m in written.of_preset(number, preset)]
    everything: list[tuple[str, AnyMonitor]] = [
        *placed,
        *((written.at("model", n), m) for n, m in enumerate(read.model)),
    ]
    _check_names(everything)
    for place, monitor in placed:
        _check_source(place, monitor, read.source)
    return MonitorsFile(tuple(monitor for _, monitor in everything), read.source)


class _Written:
    """The text of a file, to say where in it something is."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = text.splitlines()
        self._source = source

    def at(self, kind: str, index: int, key: str = "") -> str:
        """ "monitors.toml line 12": of the key where it is found, else of its table's header."""
        return f"{self._source}{self._line(f'[[{kind}]]', index, key)}"

    def of_source(self, name: str, key: str = "") -> str:
        place = self._line(f"[source.{name}]", 0, key)
        return f"{self._source}{place}, source {name!r}"

    def filled(self, sources: Any, environ: Mapping[str, str]) -> Any:
        """`${NAME}` replaced from the environment."""
        if not isinstance(sources, dict):
            return sources
        return {
            name: {key: self._expand(name, key, value, environ) for key, value in entry.items()}
            if isinstance(entry, dict)
            else entry
            for name, entry in sources.items()
        }

    def of_preset(self, index: int, preset: PresetUse) -> list[MetricMonitor]:
        where = f"{self.at('preset', index)}, preset {preset.use!r}"
        try:
            return preset.monitors()
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{where}: change: {place}: {_problem(first)}.") from None

    def say(self, error: Any, raw: Mapping[str, Any]) -> str:
        """One wrong field: "monitors.toml line 12, metric 'p99': every: ..."."""
        kind, *rest = error["loc"]
        if kind not in _TABLES or not rest or isinstance(rest[0], str) != (kind == "source"):
            return (
                f"{self._source}: {kind}: monitors are written as [[metric]] or [[model]] "
                "tables, presets as [[preset]], and where data comes from as [source.NAME]."
            )
        key, *deeper = rest
        field_ = str(deeper[0]) if deeper else ""
        if kind == "source":
            where = self.of_source(key, field_)
        else:
            entry = raw[kind][key]
            names = ("name", "model", "use")
            given = [entry[n] for n in names if entry.get(n)] if isinstance(entry, dict) else []
            where = f"{self.at(kind, key, field_)}, {kind} {given[0] if given else key + 1!r}"
        place = ".".join(str(part) for part in deeper)
        if error["type"] == "extra_forbidden":
            fields = _TABLES[kind].model_fields
            known = ", ".join(f.alias or n for n, f in fields.items())
            return f"{where}: {place}: no such field; there are {known}."
        if error["type"] == "missing":
            return f"{where}: {place}: missing."
        return f"{where}: {place + ': ' if place else ''}{_problem(error)}."

    def _line(self, header: str, index: int, key: str) -> str:
        starts = [n for n, line in enumerate(self._lines) if _bare(line) == header]
        if index >= len(starts):
            return ""
        first = starts[index]
        for number in range(first + 1, len(self._lines)):
            line = self._lines[number].strip()
            if line.startswith("["):
                break
            if key and re.match(rf'"?{re.escape(key)}"?\s*[.=]', line):
                return f" line {number + 1}"
        return f" line {first + 1}"

    def _expand(self, name: str, key: str, value: Any, environ: Mapping[str, str]) -> Any:
        if not isinstance(value, str):
            return value
        for wanted in _VARIABLE.findall(value):
            if wanted not in environ:
                raise UserError(
                    f"{self.of_source(name, key)}: {key}: the environment has no {wanted}; set it."
                )
        return _VARIABLE.sub(lambda found: environ[found[1]], value)


def _bare(header: str) -> str:
    """A table's header without its comment, spaces and quotes."""
    return re.sub(r"\s*#.*", "", header).replace(" ", "").replace('"', "").strip()


def _problem(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _changed(monitor: MetricMonitor, fields: Mapping[str, Any]) -> MetricMonitor:
    if not fields:
        return monitor
    given = monitor.model_dump(by_alias=True, exclude_unset=True)
    return MetricMonitor.model_validate({**given, **fields})


def _check_names(placed: Sequence[tuple[str, AnyMonitor]]) -> None:
    seen: dict[tuple[type[AnyMonitor], str], str] = {}
    for place, monitor in placed:
        key = (type(monitor), monitor.name)
        if key in seen:
            raise UserError(
                f"{place}: two monitors are named {monitor.name!r}, the other at {seen[key]}; "
                "give each its own name, or a preset its own `prefix`."
            )
        seen[key] = place


def _check_source(place: str, monitor: MetricMonitor, sources: Mapping[str, SourceSpec]) -> None:
    where = f"{place}, metric {monitor.name!r}: source"
    if monitor.source and monitor.source not in sources:
        raise UserError(f"{where}: {NotFound.among('source', monitor.source, sources)}")
    found = sources.get(monitor.source)
    if monitor.sql and (found is None or not found.database):
        raise UserError(
            f"{where}: `sql` asks a database; name a [source.NAME] that has `database`."
        )
    if monitor.query and found is not None and not found.prometheus:
        raise UserError(f"{where}: {monitor.source!r} is a database; write `sql` for `query`.")

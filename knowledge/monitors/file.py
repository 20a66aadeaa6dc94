"""Monitors from TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import UserError
from knowledge.monitors.spec import AnyMonitor, MetricMonitor, ModelMonitor


class _MonitorsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: tuple[MetricMonitor, ...] = ()
    model: tuple[ModelMonitor, ...] = ()


def load_monitors(path: Path) -> tuple[AnyMonitor, ...]:
    """Read a file of monitors. Raises UserError that names file, line, monitor and remedy."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_MONITORS: {path} cannot be read: {error.strerror}.") from error
    return parse_monitors(text, str(path))


def parse_monitors(text: str, source: str = "monitors.toml") -> tuple[AnyMonitor, ...]:
    try:
        raw = tomllib.loads(text)
        read = _MonitorsFile.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise UserError("\n".join(_say(e, raw, text, source) for e in error.errors())) from None
    monitors: tuple[AnyMonitor, ...] = (*read.metric, *read.model)
    names = [(type(monitor), monitor.name) for monitor in monitors]
    for kind, name in names:
        if names.count((kind, name)) > 1:
            raise UserError(f"{source}: two monitors are named {name!r}; give each its own name.")
    return monitors


def _say(error: Any, raw: Mapping[str, Any], text: str, source: str) -> str:
    """One wrong field: "monitors.toml line 12, metric 'p99': every: ..."."""
    kind, *rest = error["loc"]
    if not rest or not isinstance(rest[0], int):
        return f"{source}: {kind}: monitors are written as [[metric]] or [[model]] tables."
    index, entry = rest[0], raw[kind][rest[0]]
    headers = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{kind}]]"]
    line = f" line {headers[index]}" if index < len(headers) else ""
    name = entry.get("name") or entry.get("model") if isinstance(entry, dict) else None
    where = f"{source}{line}, {kind} {name or index + 1!r}"
    place = ".".join(str(part) for part in rest[1:])
    if error["type"] == "extra_forbidden":
        monitor = MetricMonitor if kind == "metric" else ModelMonitor
        fields = monitor.model_fields
        known = ", ".join(f.alias or n for n, f in fields.items())
        return f"{where}: {place}: no such field; there are {known}."
    if error["type"] == "missing":
        return f"{where}: {place}: missing."
    problem = error["msg"].removeprefix("Value error, ")
    return f"{where}: {place + ': ' if place else ''}{problem}."

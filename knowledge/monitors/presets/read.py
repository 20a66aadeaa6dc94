"""Presets from their files, and monitors from presets."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import NotFound
from knowledge.monitors.presets.preset import Preset, PresetMetric
from knowledge.monitors.presets.variable import Kind, Variable
from knowledge.monitors.spec import MetricMonitor

EVERYWHERE = (
    Variable("selector", "", "which series: label matchers that every query gets", Kind.MATCHERS),
    Variable("service", "", "the service all of it is about; else each series' own label says it"),
    Variable("model", "", "the model whose endpoint it is about, where it is one"),
)
"""The variables that every preset has."""


class _Blank(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    default: str | float
    says: str
    kind: Kind = Kind.TEXT


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    why: str
    exporters: tuple[str, ...] = Field(min_length=1)
    docs: str
    variables: Mapping[str, _Blank] = Field(default_factory=dict)
    metric: tuple[Mapping[str, Any], ...] = Field(min_length=1)


@cache
def presets() -> tuple[Preset, ...]:
    """All of them, in the order of their names."""
    folder = files("knowledge.monitors.presets")
    found = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    return tuple(
        parse_preset(file.name.removesuffix(".toml"), file.read_text("utf-8"))
        for file in sorted(found, key=lambda file: file.name)
    )


def parse_preset(name: str, text: str) -> Preset:
    """A preset from its file. Raises ValueError or TypeError where it is not one."""
    read = _File.model_validate(tomllib.loads(text))
    own = (
        Variable(key, _written(blank.default), blank.says, blank.kind)
        for key, blank in read.variables.items()
    )
    metrics = tuple(_entry(**entry) for entry in read.metric)
    variables = (*EVERYWHERE, *own)
    return Preset(name, read.title, read.why, read.exporters, read.docs, variables, metrics)


def find_preset(name: str) -> Preset:
    """Raises NotFound with the nearest names."""
    for preset in presets():
        if preset.name == name.strip().lower():
            return preset
    raise NotFound.among("preset", name, (preset.name for preset in presets()))


def load_preset(
    name: str,
    /,
    *,
    prefix: str = "",
    source: str = "",
    tell: Sequence[str] = (),
    without: Sequence[str] = (),
    **values: object,
) -> tuple[MetricMonitor, ...]:
    """The monitors of a preset, with `values` for its variables and defaults for the rest.

    `prefix` goes before every monitor's name, by default the service, so that one preset can be
    used for several services; `source` and `tell` hold for all of them; `without` leaves monitors
    out by name. Raises NotFound for an unknown preset or monitor and BadArgs, naming the variable
    and the remedy, for a value that cannot be filled in.
    """
    return find_preset(name).monitors(
        prefix=prefix, source=source, tell=tell, without=without, **values
    )


def _entry(*, name: str, why: str, query: str, **fields: Any) -> PresetMetric:
    # Queries are wrapped in the files for reading; people see them on one line.
    return PresetMetric(name, why, {**fields, "query": " ".join(query.split())})


def _written(default: str | float) -> str:
    return default if isinstance(default, str) else f"{default:g}"

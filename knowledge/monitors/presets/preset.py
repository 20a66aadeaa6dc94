"""A preset as data, and the monitors it gives when its blanks are filled."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.monitors.presets.variable import Variable
from knowledge.monitors.spec import MetricMonitor


@dataclass(frozen=True)
class PresetMetric:
    """One monitor of a preset, its blanks not yet filled."""

    name: str
    why: str
    """In one sentence, why it is watched, and what its limit rests on where it has one."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of a `MetricMonitor`, by the names of the monitors file."""

    @property
    def query(self) -> str:
        return str(self.fields["query"])

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The fields with every blank of `values` filled; other braces are PromQL and stay.

        Those of a summary are labels of a series and stay too.
        """
        return {
            key: fill(value, values) if isinstance(value, str) and key != "summary" else value
            for key, value in self.fields.items()
        }


@dataclass(frozen=True)
class Preset:
    """Monitors that belong together: what one exporter shows."""

    name: str
    """"golden-signals", "postgresql"."""
    title: str
    why: str
    exporters: tuple[str, ...]
    """What must be scraped for it to see anything."""
    docs: str
    """Where its metric names are documented."""
    variables: tuple[Variable, ...]
    metrics: tuple[PresetMetric, ...]

    @property
    def defaults(self) -> dict[str, str]:
        return {variable.name: variable.default for variable in self.variables}

    def monitors(
        self,
        *,
        prefix: str = "",
        source: str = "",
        tell: Sequence[str] = (),
        without: Sequence[str] = (),
        **values: object,
    ) -> tuple[MetricMonitor, ...]:
        """See `load_preset`."""
        filling = self._filling(values)
        left_out = {self._metric(name).name for name in without}
        before = prefix or filling["service"]
        return tuple(
            self._monitor(
                metric,
                {
                    "service": filling["service"],
                    "model": filling["model"],
                    **metric.filled(filling),
                    "name": f"{before}-{metric.name}" if before else metric.name,
                    "source": source,
                    "tell": tuple(tell),
                },
            )
            for metric in self.metrics
            if metric.name not in left_out
        )

    def _filling(self, values: Mapping[str, object]) -> dict[str, str]:
        known = {variable.name: variable for variable in self.variables}
        for name in values:
            if name not in known:
                there = ", ".join(known)
                raise BadArgs(name, f"preset {self.name} has no such variable", f"It has {there}")
        return {
            name: variable.checked(values.get(name, variable.default))
            for name, variable in known.items()
        }

    def _metric(self, name: str) -> PresetMetric:
        for metric in self.metrics:
            if metric.name == name:
                return metric
        names = (metric.name for metric in self.metrics)
        raise NotFound.among(f"monitor of preset {self.name}", name, names)

    def _monitor(self, metric: PresetMetric, fields: Mapping[str, Any]) -> MetricMonitor:
        try:
            return MetricMonitor.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ")
            where = f"preset {self.name}, monitor {metric.name}"
            raise UserError(f"{where}: {place + ': ' if place else ''}{problem}.") from None


def fill(template: str, values: Mapping[str, str]) -> str:
    """In one pass, so that what is filled in is never taken for a blank itself."""
    empty = [name for name, value in values.items() if not value]
    if empty:
        # Braces with nothing in them say nothing, and the last matcher needs no comma after it.
        blank = rf"\{{({'|'.join(empty)})\}}"
        template = re.sub(rf"\{{{blank}\}}|,\s*{blank}", "", template)
    names = "|".join(map(re.escape, values))
    return re.sub(rf"\{{({names})\}}", lambda found: values[found[1]], template)

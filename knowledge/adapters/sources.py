"""The data sources that a file of monitors names, opened."""

from collections.abc import Mapping

from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.sql_metrics import SqlMetrics
from knowledge.monitors.file import SourceSpec
from knowledge.monitors.sources import Sources
from knowledge.ports import Metrics


class OpenSources(Sources):
    """Sources that are closed at the end."""

    def __init__(self, default: Metrics, named: Mapping[str, Prometheus | SqlMetrics]) -> None:
        super().__init__(default, named)
        self._opened = tuple(named.values())

    def close(self) -> None:
        """Of those opened here; the default is its owner's."""
        for source in self._opened:
            source.close()


def open_sources(specs: Mapping[str, SourceSpec], default: Metrics) -> OpenSources:
    """Nothing is connected yet. Raises UserError that names the source and the remedy."""
    return OpenSources(default, {name: _open(name, spec) for name, spec in specs.items()})


def _open(name: str, spec: SourceSpec) -> Prometheus | SqlMetrics:
    if spec.database:
        return SqlMetrics(name, spec.database, spec.timeout)
    seconds = spec.timeout.total_seconds()
    return Prometheus(spec.prometheus, seconds, name=name, token=spec.token)

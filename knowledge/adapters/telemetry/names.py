"""What a source calls the services, where that is not as Tandem calls them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from knowledge.adapters.telemetry.template import is_name
from knowledge.ports import Logs, Traces
from knowledge.records import LogLine, Series, Span

SERVICE, NAMESPACE = "{service}", "{namespace}"


class Signals(Protocol):
    """A Prometheus, a folder of OTLP files."""

    def signals(
        self,
        services: Sequence[str],
        start: datetime,
        end: datetime,
        step_s: float,
        note: Callable[[str], None],
    ) -> Mapping[str, Mapping[str, Series]]:
        """`note` is told what is left out of an answer."""
        ...


@dataclass(frozen=True)
class Names:
    """Both ways: `there` is the source's name of a service, `here` is Tandem's."""

    template: str = SERVICE
    """Of every service that is not among `services`: "{namespace}-{service}"."""
    namespace: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    """Service -> its exact name there."""

    def there(self, service: str) -> str:
        """What is no name stays none, whatever the template puts around it."""
        if not is_name(service):
            return service
        before, after = self._around
        return self.services.get(service, f"{before}{service}{after}")

    def here(self, name: str) -> str:
        """A name that neither the table nor the template makes is kept."""
        if name in self._exact:
            return self._exact[name]
        before, after = self._around
        inside = name.removeprefix(before).removesuffix(after)
        # A service of the table is called otherwise, so this is another one.
        is_made = inside and f"{before}{inside}{after}" == name and inside not in self.services
        return inside if is_made else name

    @cached_property
    def _around(self) -> tuple[str, str]:
        before, _, after = self.template.partition(SERVICE)
        return self._filled(before), self._filled(after)

    def _filled(self, part: str) -> str:
        return part.replace(NAMESPACE, self.namespace)

    @cached_property
    def _exact(self) -> Mapping[str, str]:
        return {name: service for service, name in self.services.items()}


def check_template(template: str) -> str:
    """The template itself. Raises ValueError with the remedy."""
    if template.count(SERVICE) != 1:
        raise ValueError(f'it must say {SERVICE} once, as in "shop-{SERVICE}"')
    rest = template.replace(SERVICE, "").replace(NAMESPACE, "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"it may say {SERVICE} and {NAMESPACE}, nothing else in braces")
    return template


class NamedSignals:
    """Signals of a source, by Tandem's names."""

    def __init__(self, source: Signals, names: Names) -> None:
        self._source = source
        self._names = names

    def signals(
        self,
        services: Sequence[str],
        start: datetime,
        end: datetime,
        step_s: float,
        note: Callable[[str], None],
    ) -> dict[str, Mapping[str, Series]]:
        asked = {self._names.there(service): service for service in services}
        found = self._source.signals(list(asked), start, end, step_s, note)
        return {asked[name]: known for name, known in found.items() if name in asked}


class NamedLogs:
    """`ports.Logs` of a source, by Tandem's names."""

    def __init__(self, source: Logs, names: Names) -> None:
        self._source = source
        self._names = names

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        found = self._source.lines(self._names.there(service), start, end, limit)
        return [replace(line, service=service) for line in found]


class NamedTraces:
    """`ports.Traces` of a source, by Tandem's names: those of the other services as well."""

    def __init__(self, source: Traces, names: Names) -> None:
        self._source = source
        self._names = names

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        found = self._source.spans(self._names.there(service), start, end, limit)
        return [replace(span, service=self._names.here(span.service)) for span in found]

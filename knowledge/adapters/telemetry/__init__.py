"""Everything that keeps telemetry of the services around, as one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.telemetry.asking import Asker, ask_all, open_client, signed_in
from knowledge.adapters.telemetry.elastic import Elasticsearch
from knowledge.adapters.telemetry.file import Http, TelemetryFile
from knowledge.adapters.telemetry.jaeger import Jaeger
from knowledge.adapters.telemetry.loki import Loki
from knowledge.adapters.telemetry.otlp_files import OtlpFiles
from knowledge.adapters.telemetry.signals import PrometheusSignals
from knowledge.adapters.telemetry.tempo import Tempo
from knowledge.errors import Unavailable, UserError
from knowledge.ports import Logs, Traces
from knowledge.records import LogLine, Series, Span

MOST_LINES = 10_000
MOST_SPANS = 20_000
"""Of one call, whatever its `limit` says."""

T = TypeVar("T")
Environment = Callable[[str], str]
"""A variable's value by its name; empty where it is not set."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """One of the things behind: what a `check` and an end are for."""

    @property
    def name(self) -> str: ...

    def check(self, at: datetime) -> None:
        """Try it. Raises Unavailable or UserError."""
        ...

    def close(self) -> None: ...


class Signals(Protocol):
    """A Prometheus, a folder of OTLP files."""

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]: ...


class Connected:
    """`ports.Telemetry`: each question goes to all sources that can answer it, and what they know
    is joined. One that fails is logged and left out; only where none answers it is raised."""

    def __init__(
        self,
        signals: Sequence[tuple[Source, Signals]] = (),
        logs: Sequence[tuple[Source, Logs]] = (),
        traces: Sequence[tuple[Source, Traces]] = (),
    ) -> None:
        """Each source beside itself in the role that it has, those that are preferred first."""
        self._signals = tuple(signals)
        self._logs = tuple(logs)
        self._traces = tuple(traces)
        every = (source for source, _ in (*self._signals, *self._logs, *self._traces))
        self._sources = tuple({source.name: source for source in every}.values())

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(source.name for source in self._sources)

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> dict[str, dict[str, Series]]:
        """Where two sources know the same signal, the first one's counts."""
        if start >= end or not services:
            return {}
        answers = _each(
            {s.name: partial(r.signals, services, start, end, step_s) for s, r in self._signals}
        )
        joined: dict[str, dict[str, Series]] = {}
        for answer in answers:
            for service, known in answer.items():
                joined[service] = {**known, **joined.get(service, {})}
        return joined

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        limit = min(limit, MOST_LINES)
        if start >= end or limit < 1:
            return []
        answers = _each(
            {s.name: partial(r.lines, service, start, end, limit) for s, r in self._logs}
        )
        joined = [line for answer in answers for line in answer]
        return sorted(joined, key=lambda line: line.at, reverse=True)[:limit]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        """A trace that several sources know is taken from the first of them."""
        limit = min(limit, MOST_SPANS)
        if start >= end or limit < 1:
            return []
        answers = _each(
            {s.name: partial(r.spans, service, start, end, limit) for s, r in self._traces}
        )
        joined: list[Span] = []
        known: set[str] = set()
        for answer in answers:
            joined += [span for span in answer if span.trace not in known]
            known |= {span.trace for span in answer}
        return joined[:limit]

    def check(self, at: datetime) -> None:
        """Tries each source. Raises UserError or Unavailable with a line for each that fails."""
        questions = {source.name: partial(source.check, at) for source in self._sources}
        _, failures = ask_all(questions, most_failures=len(questions))
        if not failures:
            return
        words = "\n".join(str(failure) for failure in failures)
        if all(isinstance(failure, UserError) for failure in failures):
            raise UserError(words)
        raise Unavailable("telemetry", words)

    def close(self) -> None:
        for source in self._sources:
            source.close()


def open_telemetry(file: TelemetryFile, environment: Environment) -> Connected:
    """Nothing is asked yet. Raises UserError that names the variable which is not set."""
    files = OtlpFiles(file.otlp.files) if file.otlp else None
    prometheus = _prometheus(file, environment)
    loki = _loki(file, environment)
    elastic = _elasticsearch(file, environment)
    tempo = _tempo(file, environment)
    jaeger = _jaeger(file, environment)
    return Connected(
        [(each, each) for each in (prometheus, files) if each],
        [(each, each) for each in (loki, elastic, files) if each],
        [(each, each) for each in (tempo, jaeger, files) if each],
    )


def _prometheus(file: TelemetryFile, environment: Environment) -> PrometheusSignals | None:
    spec = file.prometheus
    if spec is None:
        return None
    seconds = spec.timeout.total_seconds()
    headers = _headers("prometheus", spec, environment, tenant=spec.tenant)
    client = open_client(seconds, headers)
    prometheus = Prometheus(spec.url, seconds, client, name="Prometheus")
    return PrometheusSignals(prometheus, spec.all_queries(), spec.window.total_seconds())


def _loki(file: TelemetryFile, environment: Environment) -> Loki | None:
    spec = file.loki
    if spec is None:
        return None
    return Loki(_asker(Loki.name, "loki", spec, environment, tenant=spec.tenant), spec.query)


def _tempo(file: TelemetryFile, environment: Environment) -> Tempo | None:
    spec = file.tempo
    if spec is None:
        return None
    return Tempo(_asker(Tempo.name, "tempo", spec, environment, tenant=spec.tenant), spec.traces)


def _jaeger(file: TelemetryFile, environment: Environment) -> Jaeger | None:
    spec = file.jaeger
    return Jaeger(_asker(Jaeger.name, "jaeger", spec, environment), spec.traces) if spec else None


def _elasticsearch(file: TelemetryFile, environment: Environment) -> Elasticsearch | None:
    spec = file.elasticsearch
    if spec is None:
        return None
    variable = spec.api_key_env
    key = _secret(environment, "elasticsearch", variable) if variable else ""
    return Elasticsearch(
        _asker(Elasticsearch.name, "elasticsearch", spec, environment, key=key),
        spec.index,
        spec.service_fields,
        spec.message_field,
        spec.time_field,
    )


def _asker(
    system: str,
    table: str,
    spec: Http,
    environment: Environment,
    *,
    tenant: str = "",
    key: str = "",
) -> Asker:
    headers = _headers(table, spec, environment, tenant=tenant, key=key)
    return Asker(system, spec.url, open_client(spec.timeout.total_seconds(), headers))


def _headers(
    table: str, spec: Http, environment: Environment, *, tenant: str = "", key: str = ""
) -> dict[str, str]:
    token = _secret(environment, table, spec.token_env) if spec.token_env else ""
    password = _secret(environment, table, spec.password_env) if spec.password_env else ""
    of_tenant = {"X-Scope-OrgID": tenant} if tenant else {}
    return {**signed_in(token, spec.user, password, key), **of_tenant}


def _secret(environment: Environment, table: str, variable: str) -> str:
    value = environment(variable)
    if not value:
        raise UserError(f"{variable} is not set. {table} needs it; set it in the environment.")
    return value


def _each(questions: Mapping[str, Callable[[], T]]) -> list[T]:
    """The answers in the order of the questions. Raises the first failure where there is none."""
    answers, failures = ask_all(questions)
    if failures and not answers:
        raise failures[0]
    for failure in failures:
        log.warning("telemetry: %s", failure)
    return [answers[name] for name in questions if name in answers]

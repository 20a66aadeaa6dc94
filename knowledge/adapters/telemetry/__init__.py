"""Everything that keeps telemetry of the services around, as one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.telemetry.asking import Asker, log_failure, open_client, signed_in
from knowledge.adapters.telemetry.elastic import Elasticsearch
from knowledge.adapters.telemetry.file import (
    ElasticsearchSpec,
    Http,
    JaegerSpec,
    LokiSpec,
    OtlpSpec,
    PrometheusSpec,
    SourceSpec,
    TelemetryFile,
    TempoSpec,
)
from knowledge.adapters.telemetry.jaeger import Jaeger
from knowledge.adapters.telemetry.loki import Loki
from knowledge.adapters.telemetry.names import (
    NamedLogs,
    NamedSignals,
    NamedTraces,
    Names,
    Signals,
)
from knowledge.adapters.telemetry.otlp_files import OtlpFiles
from knowledge.adapters.telemetry.signals import PrometheusSignals
from knowledge.adapters.telemetry.tempo import Tempo
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.ports import Logs, Traces
from knowledge.records import LogLine, Series, Span
from knowledge.together import ask_together

MOST_LINES = 10_000
MOST_SPANS = 20_000
"""Of one call, whatever its `limit` says."""
SOURCE_SECONDS = 18.0
"""One source may take so long for one call: longer than what it asks itself (`asking`), and shorter
than a whole search (`knowledge.diagnosis.measured`)."""
CHECK_SECONDS = 60.0
MOST_SOURCES = 32
"""Asked at a time."""

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")
Environment = Callable[[str], str]
"""A variable's value by its name; empty where it is not set."""
Note = Callable[[str], None]


class Source(Protocol):
    """One of the things behind: what a `check` and an end are for."""

    @property
    def name(self) -> str: ...

    def check(self, at: datetime) -> None:
        """Try it. Raises Unavailable or UserError."""
        ...

    def close(self) -> None: ...


class Connected:
    """`ports.Telemetry`: each question goes to all sources that can answer it, and what they know
    is joined. One that fails is noted and left out; only where none answers it is raised."""

    def __init__(
        self,
        signals: Sequence[tuple[Source, Signals]] = (),
        logs: Sequence[tuple[Source, Logs]] = (),
        traces: Sequence[tuple[Source, Traces]] = (),
        names: Mapping[str, Names] | None = None,
        seconds: float = SOURCE_SECONDS,
    ) -> None:
        """Each source beside itself in the role that it has, those that are preferred first;
        `names` by the source's own name, as far as it calls services otherwise; `seconds` for each
        source and call."""
        self._signals = tuple(signals)
        self._logs = tuple(logs)
        self._traces = tuple(traces)
        self._names = dict(names or {})
        every = (source for source, _ in (*self._signals, *self._logs, *self._traces))
        self._sources = tuple({source.name: source for source in every}.values())
        self._seconds = seconds
        self._asking = _Asking(log_failure, seconds, patient=True)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(source.name for source in self._sources)

    def called(self, service: str) -> dict[str, str]:
        """What a source calls the service, of those that call it otherwise."""
        there = {name: names.there(service) for name, names in self._names.items()}
        return {name: called for name, called in there.items() if called != service}

    def for_search(self, note: Note) -> "Connected":
        same = Connected(self._signals, self._logs, self._traces, self._names, self._seconds)
        same._asking = _Asking(note, self._seconds, patient=False)
        return same

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> dict[str, dict[str, Series]]:
        """Where two sources know the same signal, the first one's counts."""
        if start >= end or not services:
            return {}
        note = self._asking.note
        answers = self._asking.each(
            {
                s.name: partial(r.signals, services, start, end, step_s, note)
                for s, r in self._signals
            }
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
        answers = self._asking.each(
            {s.name: partial(r.lines, service, start, end, limit) for s, r in self._logs}
        )
        joined = [line for answer in answers for line in answer]
        return sorted(joined, key=lambda line: line.at, reverse=True)[:limit]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        """A trace that several sources know is taken from the first of them."""
        limit = min(limit, MOST_SPANS)
        if start >= end or limit < 1:
            return []
        answers = self._asking.each(
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
        failed = _answers(questions, CHECK_SECONDS)[1]
        if not failed:
            return
        words = "\n".join(map(str, failed.values()))
        if all(isinstance(failure, UserError) for failure in failed.values()):
            raise UserError(words)
        raise Unavailable("telemetry", words)

    def close(self) -> None:
        for source in self._sources:
            source.close()


class _Asking:
    """Asks sources, and keeps in mind which are not worth waiting for again."""

    def __init__(self, note: Note, seconds: float, *, patient: bool) -> None:
        """Who is not patient asks one that was down or too slow no more. `note` is told once."""
        self._note = note
        self._seconds = seconds
        self._patient = patient
        self._noted: set[str] = set()
        self._given_up: dict[str, TandemError] = {}

    def each(self, questions: Mapping[str, Callable[[], T]]) -> list[T]:
        """The answers in the order of the questions. Raises the first failure where there is
        none."""
        asked = {name: ask for name, ask in questions.items() if name not in self._given_up}
        answers, failed = _answers(asked, self._seconds)
        for name, failure in failed.items():
            self.note(str(failure))
            if not self._patient and isinstance(failure, Unavailable) and failure.retry:
                self._given_up[name] = failure
        if questions and not answers:
            raise next(iter(failed.values()), None) or self._given_up[next(iter(questions))]
        return [answers[name] for name in questions if name in answers]

    def note(self, words: str) -> None:
        if self._patient or words not in self._noted:
            self._noted.add(words)
            self._note(words)


def _answers(
    questions: Mapping[str, Callable[[], T]], seconds: float
) -> tuple[Mapping[str, T], dict[str, TandemError]]:
    """The answers, and what went wrong with the other sources."""
    answers = ask_together(questions, seconds, at_once=MOST_SOURCES)
    words = f"it did not answer within {seconds:g} s"
    late = {name: Unavailable(name, words) for name in answers.late}
    return answers.given, {**answers.failed, **late}


def open_telemetry(file: TelemetryFile, environment: Environment) -> Connected:
    """Nothing is asked yet. Raises UserError that names the variable which is not set."""
    otlp = [(_otlp(spec), spec.names()) for spec in file.otlp]
    prometheus = [(_prometheus(spec, environment), spec.names()) for spec in file.prometheus]
    loki = [(_loki(spec, environment), spec.names()) for spec in file.loki]
    elastic = [(_elasticsearch(spec, environment), spec.names()) for spec in file.elasticsearch]
    tempo = [(_tempo(spec, environment), spec.names()) for spec in file.tempo]
    jaeger = [(_jaeger(spec, environment), spec.names()) for spec in file.jaeger]
    every: tuple[tuple[Source, Names], ...] = (
        *prometheus,
        *loki,
        *elastic,
        *tempo,
        *jaeger,
        *otlp,
    )
    return Connected(
        [*_by(NamedSignals, prometheus), *_by(NamedSignals, otlp)],
        [*_by(NamedLogs, loki), *_by(NamedLogs, elastic), *_by(NamedLogs, otlp)],
        [*_by(NamedTraces, tempo), *_by(NamedTraces, jaeger), *_by(NamedTraces, otlp)],
        {source.name: names for source, names in every},
    )


def _by(role: Callable[[S, Names], R], sources: Iterable[tuple[S, Names]]) -> Iterator[tuple[S, R]]:
    """Each source beside itself in a role, by Tandem's names."""
    return ((source, role(source, names)) for source, names in sources)


def _title(kind: str, spec: SourceSpec) -> str:
    return f"{kind} {spec.name}" if spec.name else kind


def _otlp(spec: OtlpSpec) -> OtlpFiles:
    return OtlpFiles(spec.files, name=_title("OTLP files", spec))


def _prometheus(spec: PrometheusSpec, environment: Environment) -> PrometheusSignals:
    seconds, name = spec.timeout.total_seconds(), _title("Prometheus", spec)
    headers = _headers("prometheus", spec, environment, tenant=spec.tenant)
    prometheus = Prometheus(spec.url, seconds, open_client(seconds, headers), name=name)
    queries, window_s = spec.all_queries(), spec.window.total_seconds()
    return PrometheusSignals(prometheus, queries, window_s, name)


def _loki(spec: LokiSpec, environment: Environment) -> Loki:
    return Loki(_asker("Loki", "loki", spec, environment, tenant=spec.tenant), spec.query)


def _tempo(spec: TempoSpec, environment: Environment) -> Tempo:
    return Tempo(_asker("Tempo", "tempo", spec, environment, tenant=spec.tenant), spec.traces)


def _jaeger(spec: JaegerSpec, environment: Environment) -> Jaeger:
    return Jaeger(_asker("Jaeger", "jaeger", spec, environment), spec.traces)


def _elasticsearch(spec: ElasticsearchSpec, environment: Environment) -> Elasticsearch:
    variable = spec.api_key_env
    key = _secret(environment, "elasticsearch", variable) if variable else ""
    return Elasticsearch(
        _asker("Elasticsearch", "elasticsearch", spec, environment, key=key),
        spec.index,
        spec.service_fields,
        spec.message_field,
        spec.time_field,
    )


def _asker(
    kind: str,
    table: str,
    spec: Http,
    environment: Environment,
    *,
    tenant: str = "",
    key: str = "",
) -> Asker:
    headers = _headers(table, spec, environment, tenant=tenant, key=key)
    client = open_client(spec.timeout.total_seconds(), headers)
    return Asker(_title(kind, spec), spec.url, client)


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

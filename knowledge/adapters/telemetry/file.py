"""The file that TANDEM_TELEMETRY names: where metrics, logs and traces of the services are.

deploy/telemetry.toml is an example; docs/how-to/telemetry.md explains every field. Credentials
stand in the environment; the file has only their names.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from knowledge.adapters.telemetry import names
from knowledge.adapters.telemetry.queries import PRESETS, queries_of
from knowledge.adapters.telemetry.template import LONGEST_NAME, check_template, is_name
from knowledge.durations import Duration
from knowledge.errors import UserError

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Signal = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_@.-]{1,100}$")]
Seconds = Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=1))]


def _check_url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError(f"{text!r} is no address: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{text!r} is no address; write http://host:port or https://host")
    if url.userinfo:
        raise ValueError("it holds a password; give user and password_env instead")
    return text.rstrip("/")


def _check_preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"there is no {name!r}; there is {', '.join(PRESETS)}")
    return name


def _check_query(query: str) -> str:
    return check_template(query) if query else query


def _check_name(name: str) -> str:
    if not is_name(name):
        raise ValueError(f"{name!r} is no name: it needs 1 to {LONGEST_NAME} printable characters")
    return name


Url = Annotated[str, AfterValidator(_check_url)]
Query = Annotated[str, AfterValidator(_check_query)]
Name = Annotated[str, AfterValidator(_check_name)]


class _Part(BaseModel):
    # Few have this file, and what checks its fields takes 14 MB: built when one is read.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SourceSpec(_Part):
    """What every source has: a name of its own, and what it calls the services."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{0,40}$")] = ""
    """Needed where there are several of a kind; shown behind the kind: "Loki eu"."""
    service: Annotated[str, AfterValidator(names.check_template)] = names.SERVICE
    """What a service is called there, made of {service} and {namespace}."""
    namespace: Annotated[str, Field(pattern=r"^[\w./-]{0,100}$")] = ""
    services: dict[Name, Name] = Field(default_factory=dict)
    """Service -> its exact name there, which goes before `service`."""

    def names(self) -> names.Names:
        return names.Names(self.service, self.namespace, self.services)

    @model_validator(mode="after")
    def _names_are_clear(self) -> "SourceSpec":
        if bool(self.namespace) != (names.NAMESPACE in self.service):
            raise ValueError("namespace and {namespace} in service go together")
        called: dict[str, str] = {}
        for service, name in self.services.items():
            if name in called:
                both = f"{called[name]} and {service}"
                raise ValueError(f"services: {both} are both {name!r} there; keep one of them")
            called[name] = service
        return self


class Http(SourceSpec):
    """What every service that is asked over HTTP has."""

    url: Url
    token_env: Variable | None = None
    """Its value is sent as a bearer token."""
    user: str = ""
    password_env: Variable | None = None
    timeout: Seconds = timedelta(seconds=10)

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> "Http":
        if self.token_env and self.password_env:
            raise ValueError("give token_env, or user and password_env, not both")
        if bool(self.user) != bool(self.password_env):
            raise ValueError("user and password_env go together")
        return self


class PrometheusSpec(Http):
    """Also Thanos, Mimir, VictoriaMetrics: whatever speaks Prometheus's HTTP API."""

    presets: tuple[Annotated[str, AfterValidator(_check_preset)], ...] = tuple(PRESETS)
    window: Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(hours=1))] = timedelta(
        minutes=2
    )
    """What `$window` is: rates are taken over it. At least four scrapes."""
    queries: dict[Signal, Query] = Field(default_factory=dict)
    tenant: str = ""

    def all_queries(self) -> dict[str, str]:
        return queries_of(self.presets, self.queries)


class LokiSpec(Http):
    query: Query = '{service_name="$service"}'
    tenant: str = ""
    """Sent as X-Scope-OrgID."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> "LokiSpec":
        if not self.query:
            raise ValueError('query: it is empty; write such as {service_name="$service"}')
        return self


class TempoSpec(Http):
    tenant: str = ""
    traces: Annotated[int, Field(ge=1, le=200)] = 40
    """How many are read at most; each is a request."""


class JaegerSpec(Http):
    traces: Annotated[int, Field(ge=1, le=1000)] = 100


class ElasticsearchSpec(Http):
    """Also OpenSearch."""

    index: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.*,:<>-]{1,200}$")]
    """Names or patterns of indices and data streams: "logs-*"."""
    api_key_env: Variable | None = None
    """Its value is sent as `Authorization: ApiKey`."""
    service_fields: tuple[FieldName, ...] = ("service.name",)
    message_field: FieldName = "message"
    time_field: FieldName = "@timestamp"


class OtlpSpec(SourceSpec):
    """Files of the OpenTelemetry Collector's file exporter, one JSON object a line."""

    files: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    """Patterns: "/var/log/otel/*.jsonl"."""


_Spec = TypeVar("_Spec", bound=SourceSpec)


def _listed(given: Any) -> Any:
    """[loki] is a list of one [[loki]]."""
    return [given] if isinstance(given, dict) else given


def _told_apart(specs: tuple[_Spec, ...]) -> tuple[_Spec, ...]:
    known = {spec.name for spec in specs}
    if len(specs) > 1 and (len(known) < len(specs) or "" in known):
        raise ValueError(f'there are {len(specs)}; give each a name of its own, as name = "eu"')
    return specs


_One = BeforeValidator(_listed)
_Apart = AfterValidator(_told_apart)


class TelemetryFile(_Part):
    """What the file says, checked. Of each kind there may be several."""

    prometheus: Annotated[tuple[PrometheusSpec, ...], _One, _Apart] = ()
    loki: Annotated[tuple[LokiSpec, ...], _One, _Apart] = ()
    tempo: Annotated[tuple[TempoSpec, ...], _One, _Apart] = ()
    jaeger: Annotated[tuple[JaegerSpec, ...], _One, _Apart] = ()
    elasticsearch: Annotated[tuple[ElasticsearchSpec, ...], _One, _Apart] = ()
    otlp: Annotated[tuple[OtlpSpec, ...], _One, _Apart] = ()


def read_telemetry(path: Path) -> TelemetryFile:
    """Raises UserError, a line for each wrong field."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_TELEMETRY: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"TANDEM_TELEMETRY: {path} is not UTF-8; save it as UTF-8 text.") from error
    return parse_telemetry(text, str(path))


def parse_telemetry(text: str, source: str = "telemetry.toml") -> TelemetryFile:
    """Raises UserError, a line for each wrong field."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    try:
        return TelemetryFile.model_validate(document)
    except ValidationError as error:
        lines = (_say(source, document, e) for e in error.errors())
        raise UserError("\n".join(lines)) from None


_PROBLEMS = {"extra_forbidden": "there is no such field", "missing": "it is missing"}


def _say(source: str, document: Mapping[str, Any], error: Any) -> str:
    """The line of one wrong field: "telemetry.toml: loki.url: it is missing."."""
    kind, *inside = (str(part) for part in error["loc"])
    given = document[kind]
    if inside and isinstance(given, dict):
        # It was made a list of one.
        del inside[0]
    elif inside and isinstance(given, list):
        # Counted as people do.
        kind = f"{kind} ({int(inside.pop(0)) + 1} of {len(given)})"
    place = ".".join((kind, *inside))
    problem = _PROBLEMS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return f"{source}: {place}: {problem}."

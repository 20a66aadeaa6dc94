"""The file that TANDEM_TELEMETRY names: where metrics, logs and traces of the services are.

deploy/telemetry.toml is an example; docs/how-to/telemetry.md explains every field. Credentials
stand in the environment; the file has only their names.
"""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.adapters.telemetry.queries import PRESETS, queries_of
from knowledge.adapters.telemetry.template import check_template
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


Url = Annotated[str, AfterValidator(_check_url)]
Query = Annotated[str, AfterValidator(_check_query)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(_Part):
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


class OtlpSpec(_Part):
    """Files of the OpenTelemetry Collector's file exporter, one JSON object a line."""

    files: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    """Patterns: "/var/log/otel/*.jsonl"."""


class TelemetryFile(_Part):
    """What the file says, checked."""

    prometheus: PrometheusSpec | None = None
    loki: LokiSpec | None = None
    tempo: TempoSpec | None = None
    jaeger: JaegerSpec | None = None
    elasticsearch: ElasticsearchSpec | None = None
    otlp: OtlpSpec | None = None


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
        return TelemetryFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise UserError("\n".join(_say(source, e) for e in error.errors())) from None


_PROBLEMS = {"extra_forbidden": "there is no such field", "missing": "it is missing"}


def _say(source: str, error: Any) -> str:
    """The line of one wrong field: "telemetry.toml: loki.url: it is missing."."""
    place = ".".join(str(part) for part in error["loc"])
    problem = _PROBLEMS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return f"{source}: {place}: {problem}."

"""The file that TANDEM_MODELS names: where each model's data is, and what its columns mean."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from knowledge.adapters.frames.times import TimeColumn
from knowledge.durations import Duration
from knowledge.errors import UserError
from knowledge.records import ColumnRoles, ModelFacts

_FORMATS = {
    "timestamp": "",
    "epoch": "auto",
    "epoch_s": "s",
    "epoch_ms": "ms",
    "epoch_us": "us",
    "epoch_ns": "ns",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SqlSource(_Strict):
    """Rows from a database. A query for current data uses :start and :end."""

    url: str
    query: str
    span_query: str = ""
    """Gives the first and the last time; only needed to say which range there is."""


class LakeSource(_Strict):
    """A table that is counted where it lives, through Ibis."""

    ibis: str
    """"duckdb://", "postgres://reader@warehouse/ml", "bigquery://project/dataset", ..."""
    table: str
    """A table's name, also "schema.table"; on DuckDB also files: "log/*.parquet"."""


def _kind_of_source(given: object) -> str:
    """By the fields that are given, so that an error names those of the kind that was meant."""
    if isinstance(given, Mapping):
        return "lake" if "ibis" in given or ("table" in given and "url" not in given) else "sql"
    if isinstance(given, SqlSource):
        return "sql"
    return "lake" if isinstance(given, LakeSource) else "path"


Source = Annotated[
    Annotated[str, Tag("path")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[LakeSource, Tag("lake")],
    Discriminator(_kind_of_source),
]


class Endpoint(_Strict):
    """PromQL of what the model's endpoint does; each optional, one value per query."""

    latency: str = ""
    """Seconds: the quantile that matters."""
    errors: str = ""
    """Share of requests that fail, 0-1."""
    volume: str = ""
    """Requests a second."""
    cost: str = ""
    """Money per inference."""
    tokens: str = ""
    """Tokens per inference."""


class ModelData(_Strict):
    """One `[models.<name>]` table."""

    reference: Source
    current: Source
    time: str = ""
    time_format: Literal["timestamp", "epoch", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"] = (
        "timestamp"
    )
    time_zone: str = ""
    exclude: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    prediction: str = ""
    probability: str = ""
    label: str = ""
    label_delay: Duration = timedelta(0)
    task: Literal["", "binary", "multiclass", "regression"] = ""
    version: str = ""
    slices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    owners: tuple[str, ...] = ()
    service: str = ""
    endpoint: Endpoint = Endpoint()

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is not known; write one such as Europe/Berlin") from error
        return zone

    @model_validator(mode="after")
    def _rows_need_a_time(self) -> "ModelData":
        if not isinstance(self.current, SqlSource) and not self.time:
            raise ValueError("time is missing; name the column of `current` that holds the time")
        return self

    @property
    def time_column(self) -> TimeColumn:
        return TimeColumn(self.time, _FORMATS[self.time_format], self.time_zone)

    @property
    def roles(self) -> ColumnRoles:
        return ColumnRoles(
            categorical=self.categorical,
            prediction=self.prediction,
            probability=self.probability,
            label=self.label,
            task=self.task,
            version=self.version,
            slices=self.slices,
            groups=self.groups,
            weights=self.weights,
        )

    @property
    def facts(self) -> ModelFacts:
        endpoint = {name: query for name, query in self.endpoint.model_dump().items() if query}
        return ModelFacts(self.owners, self.service, endpoint, self.label_delay)


class _ModelsFile(_Strict):
    models: dict[str, ModelData]


def read_models(path: Path) -> dict[str, ModelData]:
    """Raises UserError that names the file, the field and what is wrong with it."""
    try:
        return _ModelsFile.model_validate(tomllib.loads(path.read_text("utf-8"))).models
    except OSError as error:
        raise UserError(f"TANDEM_MODELS: {path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        lines = "; ".join(_say(e) for e in error.errors())
        raise UserError(f"{path}: {lines}.") from None


def _say(error: Any) -> str:
    """One validation error as a person would say it: field, problem, what was found."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("path", "sql", "lake"))
    if error["type"] == "extra_forbidden":
        return f"{place}: no such field; see deploy/models.toml for those there are"
    if error["type"] == "missing":
        return f"{place}: missing"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"

"""What a monitor is: a rule that polls a metric or a model and may produce signals."""

from datetime import timedelta
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from knowledge.durations import Duration


def _positive(every: timedelta) -> timedelta:
    if every <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return every


SILENT_POLLS = 5
"""So many polls without data are a finding, where `silence` says nothing else."""
Interval = Annotated[Duration, AfterValidator(_positive)]


class Normal(StrEnum):
    """What a metric monitor holds to be normal."""

    LIMIT = "limit"
    """Not beyond `above` or `below`."""
    AUTO = "auto"
    """What the series itself shows to be usual; its family is recognised."""
    SEASONAL = "seasonal"
    """As at this hour of earlier days and weeks."""
    NOVELTY = "novelty"
    """A value like some that were seen before."""
    SHIFT = "level shift"
    """The level it had."""
    RATE = "rate of change"
    """Not changing by more than `above`, or less than `below`, within `over`."""
    SILENCE = "silence"
    """Giving data at all."""
    FORECAST = "forecast"
    """Not on its way to `above` or `below` so that it is there `within` so long."""


class Side(StrEnum):
    BOTH = "both"
    ABOVE = "above"
    BELOW = "below"


class MetricMonitor(BaseModel):
    """Fires while a query's value is not normal; each series of the answer on its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    query: str = ""
    """PromQL."""
    sql: str = ""
    """Instead of `query`: a SELECT whose column `value` is the value; other columns are labels."""
    source: str = ""
    """The data source, by its name in the file; empty: the Prometheus of PROMETHEUS_URL."""
    normal: Normal = Normal.LIMIT
    """Left out: "limit" where `above` or `below` is given, else "auto"."""
    above: float | None = None
    below: float | None = None
    recover: float | None = None
    """It is normal again only beyond this, so that a value near the limit does not flap."""
    over: Interval = timedelta(minutes=10)
    """For "rate of change": the time over which it changes. For `sql`: :start is so long before
    :end."""
    percent: bool = False
    """For "rate of change": `above` and `below` are percents of the value before."""
    counter: bool | None = None
    """For "rate of change": it only grows, and a fall is a restart. Left out: recognised."""
    within: Interval = timedelta(hours=6)
    """For "forecast"."""
    zone: str = "UTC"
    """Whose clock daily and weekly patterns follow: "Europe/Berlin"."""
    side: Side = Side.BOTH
    """For what is learned: which departures count."""
    sure: float = Field(0.5, ge=0.5, lt=1.0)
    """For what is learned: the score from which it fires; 0.5 is the product's, more fires less."""
    for_: Duration = Field(timedelta(0), alias="for")
    """How long it must be beyond the limit before it fires, and back before it is resolved."""
    every: Interval = timedelta(minutes=1)
    silence: Duration | None = None
    """Without any data for so long, that is a finding of its own; five polls if not given, and then
    longer where holes are usual."""
    service: str = ""
    """Empty: the series' own label `service`, `job` or `app`."""
    model: str = ""
    """The model whose endpoint this is about, where it is."""
    severity: str = "warning"
    tell: tuple[str, ...] = ()
    """Who is told besides the channel: channels ("#ml"), people's or teams' names."""
    summary: str = ""
    """May hold {value}, {limit} and the series' labels: "p99 of {route} is {value}"."""
    runbook_url: str = ""

    @field_validator("zone")
    @classmethod
    def _on_the_map(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f'{zone!r} is no time zone; write it as "Europe/Berlin" or "UTC"'
            ) from None
        return zone

    @field_validator("above", "below", "recover")
    @classmethod
    def _a_number(cls, limit: float | None) -> float | None:
        if limit is not None and not isfinite(limit):
            raise ValueError("must be a finite number")
        return limit

    @model_validator(mode="before")
    @classmethod
    def _what_is_normal(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("normal") is not None:
            return given
        limited = given.get("above") is not None or given.get("below") is not None
        return {**given, "normal": Normal.LIMIT if limited else Normal.AUTO}

    @model_validator(mode="after")
    def _fits(self) -> "MetricMonitor":
        if bool(self.query) == bool(self.sql):
            raise ValueError("give either `query` or `sql`")
        limits = (self.above is not None) + (self.below is not None)
        if self.normal in (Normal.LIMIT, Normal.FORECAST) and limits != 1:
            raise ValueError("give either `above` or `below`")
        if self.normal is Normal.RATE and not limits:
            raise ValueError("give `above`, `below` or both")
        if limits and self.normal not in (Normal.LIMIT, Normal.FORECAST, Normal.RATE):
            raise ValueError(f"`above` and `below` mean nothing where normal is {self.normal!s}")
        if self.normal is Normal.RATE and self._contradicts():
            raise ValueError("`below` must be less than `above`")
        if self.normal is not Normal.RATE and (self.percent or self.counter is not None):
            raise ValueError('`percent` and `counter` belong to "rate of change"')
        if self.recover is not None and self.normal is not Normal.LIMIT:
            raise ValueError("`recover` belongs to a limit")
        if self.recover is not None and self.breaches(self.recover):
            raise ValueError("`recover` must lie on the normal side of the limit")
        return self

    def _contradicts(self) -> bool:
        return self.above is not None and self.below is not None and self.below >= self.above

    @property
    def silent_after(self) -> timedelta:
        """How long without data is a finding."""
        return self.silence or SILENT_POLLS * self.every

    @property
    def limit(self) -> float:
        return float(self.above if self.above is not None else self.below or 0.0)

    def breaches(self, value: float) -> bool:
        return value > self.limit if self.above is not None else value < self.limit

    def recovers(self, value: float) -> bool:
        back = self.limit if self.recover is None else self.recover
        return value <= back if self.above is not None else value >= back


class ModelMonitor(BaseModel):
    """Fires when enough of a model's last windows drifted, broke, or were answered worse."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    name: str = ""
    every: Interval = timedelta(hours=1)
    window: Interval = timedelta(hours=24)
    rows: int | None = Field(None, ge=1)
    """Instead of `window`: so many of the newest rows."""
    needs: str = "2 of 3"
    sure: float = Field(0.5, ge=0.5, lt=1.0)
    """How sure a finding must be to count; 0.5 is the product's limits, more fires less."""
    measure: str = ""
    """The measure of performance that is judged: "auc", "f1", "mae", ...; empty: by the task."""
    least: float | None = Field(None, gt=0)
    """The smallest fall of `measure` that matters, however sure it is."""
    limit: float | None = None
    """`measure` must not be worse than this, whatever the reference was."""
    fresh: Interval | None = None
    """The newest row may be so old; empty: `window`."""
    severity: str = "warning"
    """Of performance and data quality; drift and estimates are at most a warning."""
    tell: tuple[str, ...] = ()
    """Who is told besides the channel: channels ("#ml"), people's or teams' names."""

    @field_validator("needs")
    @classmethod
    def _readable(cls, needs: str) -> str:
        few, _, many = needs.partition(" of ")
        if not (few.isdigit() and many.isdigit() and 1 <= int(few) <= int(many) <= 20):
            raise ValueError('write it as "2 of 3"')
        return needs

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("name"):
            return given
        return {**given, "name": given.get("model", "")}

    @property
    def needed(self) -> tuple[int, int]:
        few, _, many = self.needs.partition(" of ")
        return int(few), int(many)


AnyMonitor = MetricMonitor | ModelMonitor

"""Metrics of others."""

from datetime import datetime
from typing import Protocol

from knowledge.records import Sample, Series


class Metrics(Protocol):
    """A Prometheus, as Tandem needs it."""

    def instant(self, query: str, at: datetime) -> list[Sample]: ...

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]: ...

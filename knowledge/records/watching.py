"""Series, and what monitors saw in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """One value of one series."""

    labels: Mapping[str, str]
    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """One series over time: `times` epoch seconds and `values`, both of shape (n,)."""

    labels: Mapping[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """What a monitor saw of one series, as it saw it: all arrays of shape (n,), `times` epoch
    seconds, `low` and `high` the band it held to be normal (NaN where it had none), `scores` in
    0-1."""

    labels: Mapping[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """One time that a monitor found something wrong."""

    starts_at: datetime
    ends_at: datetime | None
    """None while it lasts."""
    labels: Mapping[str, str]
    score: float
    """How sure, 0-1: the highest while it lasted."""
    says: str
    """Why, in one sentence."""


@dataclass(frozen=True)
class Backtest:
    """What a monitor would have found in the past."""

    start: datetime
    end: datetime
    traces: tuple[Trace, ...]
    episodes: tuple[Episode, ...]
    problem: str = ""
    """Why there is less than was asked for: no data, a query that fails."""


@dataclass(frozen=True)
class Look:
    """One look of a model monitor at one window of a model's log."""

    model: str
    at: datetime
    start: datetime
    end: datetime
    rows: int
    verdict: str
    """As in `knowledge.drift`, or "performing worse"."""
    version: str = ""
    """The version that answered, where that is known."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name: "drift" (largest adjusted PSI), "columns drifted", "prediction drift", "missing",
    "realised auc", "estimated auc", "latency p99", "errors", "cost per inference", ..."""
    findings: tuple[str, ...] = ()
    """What is wrong, a sentence each, worst first."""


@dataclass(frozen=True)
class KeptMonitor:
    """What people changed about a monitor in chat."""

    key: str
    """"metric:checkout-p99", "model:fraud"."""
    changed_by: str
    changed_at: datetime
    spec: str = ""
    """Its JSON; empty where the one of the file holds."""
    removed: bool = False
    paused_until: datetime | None = None
    sure: float | None = None
    """The raised bar, in place of the spec's."""
    paused: bool = False
    """Paused: until `paused_until`, or where that is None until somebody resumes it."""


@dataclass(frozen=True)
class Opinion:
    """What a person thought of one finding of a monitor."""

    key: str
    at: datetime
    by: str
    useful: bool
    fingerprint: str
    starts_at: datetime
    score: float = 0.0
    """How sure the monitor was."""
    note: str = ""

"""What is weighed: readings of signals, and what happened meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Side(StrEnum):
    """Whose work it is, told by which team must act.

    A broken upstream (schema, missing values, stale features) is INFRASTRUCTURE: the model does
    what it was trained to do on input that nobody promised it, and those who own the pipeline mend
    it. A new version that is slow or fails is MODEL, though it shows in latency and errors: those
    who own the model take it back.
    """

    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    BOTH = "both"
    NEITHER = "neither"
    UNKNOWN = "unknown"
    """Too little was seen to say."""


class Kind(StrEnum):
    """What a signal measures. Kinds that tell the same are one `causes.Family`."""

    LATENCY = "latency"
    ERRORS = "errors"
    FALLBACK = "fallback"
    """The share of answers that are a default because the model's own did not come."""
    CPU = "cpu"
    """How busy processors are."""
    GPU_LOAD = "gpu load"
    """How busy GPUs are."""
    MEMORY = "memory"
    GPU = "gpu"
    """How well GPUs are: clock, temperature, errors."""
    QUEUE = "queue"
    VOLUME = "volume"
    FRESHNESS = "freshness"
    """The age of the data that features are made of."""
    QUALITY = "quality"
    """Missing values, values beyond any range, a schema that differs."""
    INPUTS = "inputs"
    PREDICTIONS = "predictions"
    REALISED = "realised"
    """Performance with labels."""
    ESTIMATED = "estimated"
    """Performance without labels: it sees inputs that moved, and not a world that changed."""
    BUSINESS = "business"
    NEIGHBOURS = "neighbours"
    """Trouble of what the endpoint depends on or shares a machine with."""


class Bad(StrEnum):
    """Which way is worse."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


@dataclass(frozen=True)
class Watched:
    """One signal over time; `times` are epoch seconds, ascending, both of shape (n,)."""

    kind: Kind
    name: str
    """For people: "latency p99"."""
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    bad: Bad = Bad.UP
    unit: str = ""
    """"s", "%" (the values are shares of 1 then), "" ..."""
    breadth: float | None = None
    """For inputs: the share of columns that moved."""
    place: str = ""
    """For neighbours: the service it is of."""


@dataclass(frozen=True)
class Reading:
    """How one signal stands now."""

    kind: Kind
    name: str
    now: float | None
    """None where it is known only that something fires."""
    usual: float | None
    unusual: float
    """How far it is from what is usual, in usual spreads; negative where it is better."""
    since: datetime | None = None
    """When it left its usual range; None where it did not."""
    sudden: bool | None = None
    """Did it leave within a step or two, or slowly? None where that cannot be told."""
    up: bool = True
    """Is it above what is usual?"""
    unit: str = ""
    breadth: float | None = None
    place: str = ""
    says: str = ""
    """In place of numbers, where there are none: "GpuClockThrottled fires on gpu-3"."""


class What(StrEnum):
    """What kind of act or event a happening is."""

    ALIAS = "alias move"
    """Another version of the model serves from then on, or its threshold was changed."""
    DEPLOY = "deploy"
    """Of the service that serves it: code, configuration, flags."""
    UPSTREAM = "upstream change"
    """A deploy or configuration of what feeds it or what it calls."""
    CALENDAR = "calendar"
    """A holiday, a campaign: known beforehand, nobody's fault."""


@dataclass(frozen=True)
class Happened:
    what: What
    at: datetime
    says: str
    """ "eta-model v5 became champion"."""
    id: str = ""


@dataclass(frozen=True)
class Case:
    """One question: a model's endpoint or business metric is wrong, here is what is known."""

    now: datetime
    began: datetime
    """From when on trouble is looked for; what was before is what is usual."""
    watched: tuple[Watched, ...] = ()
    readings: tuple[Reading, ...] = ()
    """Those that come without a series: an alert that fires, a finding."""
    happened: tuple[Happened, ...] = ()
    asked: frozenset[What] = field(default_factory=lambda: frozenset(What))
    """What kinds of happening were looked for: of these, silence means that there was none."""
    missing: tuple[str, ...] = ()
    """What could not be read, and why."""
    about: str = ""
    """The model's name."""
    noticed: datetime | None = None
    """When the first alert began, where there is one: what is now is read from then on."""


def readings_of(case: Case, measured: Sequence[Reading]) -> tuple[Reading, ...]:
    """Those of the series, and those that came ready made of kinds no series tells of."""
    told = {reading.kind for reading in measured}
    return (*measured, *(r for r in case.readings if r.kind not in told))

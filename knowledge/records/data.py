"""Columns, rows and what is known of a model's data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


Frame = Mapping[str, NDArray[Any]]
"""Columns by name, each of shape (rows,): float, int, bool, datetime64 or object (str or None)."""


@dataclass(frozen=True)
class ColumnRoles:
    """What is known of a model's columns beyond their values."""

    categorical: tuple[str, ...] = ()
    """Columns of numbers that are codes."""
    prediction: str = ""
    """The column that holds what the model answered."""
    probability: str = ""
    """The column of the positive class's probability, for a binary classifier."""
    probabilities: Mapping[str, str] = field(default_factory=dict)
    """For several classes: the column of each class's probability, by class."""
    label: str = ""
    """The column of the truth, missing until it is known."""
    positive: str = ""
    """The label of a binary classifier's positive class, as text; empty: 1, true or yes."""
    task: str = ""
    """"binary", "multiclass" or "regression"; empty where it is not known."""
    version: str = ""
    """The column that names the model version that answered."""
    slices: tuple[str, ...] = ()
    """Columns whose values make segments that are looked at on their own."""
    groups: tuple[str, ...] = ()
    """Columns whose values name groups that must be treated alike."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much a column matters to the model; 1 where nothing is said."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model beside its data."""

    owners: tuple[str, ...] = ()
    """Slack ids, names or teams."""
    service: str = ""
    """The service that serves it, as alerts and the catalogue name it."""
    endpoint: Mapping[str, str] = field(default_factory=dict)
    """PromQL of what its endpoint does, by figure: "latency", "errors", "volume", "cost",
    "tokens"."""
    label_delay: timedelta = timedelta(0)
    """How long the truth usually takes to come."""

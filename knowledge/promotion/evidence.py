"""What is known at a request: everything the gates look at and the card shows, as one value.

It is frozen as canonical JSON and hashed when it is asked; at the click it is gathered again and
the two are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.records import (
    Details,
    Frame,
    Incident,
    Kind,
    Look,
    ModelVersion,
    Purpose,
)


@dataclass(frozen=True)
class Side:
    """One version with all that is known of it."""

    version: ModelVersion
    details: Details = field(default_factory=Details)
    predictions: Mapping[str, Frame] = field(default_factory=dict)
    """By the digest of the data: what it answered, row by row, in the order of the data. Columns
    "label", "prediction", "probability" (of the positive class) and those of slices and groups,
    as far as there are; "row" where rows are named. Never frozen: gates that use them freeze what
    they found."""


@dataclass(frozen=True)
class Drifted:
    """What drift and quality say of the model's inputs and answers since training."""

    verdict: str
    """As in `knowledge.drift`."""
    detail: str = ""
    columns: tuple[str, ...] = ()
    """Those that moved, most first."""
    prediction: str = ""
    """The verdict on the answers, where there are any."""
    rows: int = 0


@dataclass(frozen=True)
class Evidence:
    """The facts of one moment. What could not be asked is empty, and `problems` says why."""

    at: datetime
    purpose: Purpose
    challenger: Side
    champion: Side | None
    kind: Kind = Kind.MODEL
    policy: Policy = DEFAULT_POLICY
    service: str = ""
    served_before: bool = False
    """The challenger has been champion."""
    incidents: tuple[Incident, ...] = ()
    """Open ones on the service."""
    drift: Drifted | None = None
    look: Look | None = None
    """The model monitor's newest look."""
    positive: str = ""
    """The label of the positive class, as `ColumnRoles.positive`."""
    slices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    """By what was asked ("predictions", "drift", "incidents", "details"): why it is not there."""

"""Versions in a model registry, and what is known of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a registered thing is."""

    MODEL = "model"
    PROMPT = "prompt"
    """A prompt of an LLM application; it has evaluations, but no artefact and no signature."""


@dataclass(frozen=True)
class Evaluation:
    """What a version scored on one data set; `digest` tells data sets apart, or is empty."""

    dataset: str
    digest: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry. `metrics` are those logged on `dataset_digest`."""

    model: str
    version: str
    created_at: datetime
    aliases: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    dataset: str = ""
    dataset_digest: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    description: str = ""
    url: str = ""
    evaluations: tuple[Evaluation, ...] = ()
    """Every data set it was measured on, newest first; `metrics` repeats the first."""
    kind: Kind = Kind.MODEL


@dataclass(frozen=True)
class Field:
    """One input or output of a signature. `type` is the registry's word: "double", "string", or a
    tensor's "float32 (-1, 28, 28)"."""

    name: str
    type: str
    required: bool = True


@dataclass(frozen=True)
class Signature:
    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    params: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Details:
    """What a registry keeps of one version beyond its metrics: dearer to read, and read at a
    request and at the click only. What it does not know is empty, None or NaN."""

    artifact: str = ""
    """Digest of everything that would be served, "sha256:..." : the same files, the same digest.
    For a prompt, of its text."""
    size_bytes: int | None = None
    signature: Signature | None = None
    trained_on: str = ""
    """Name and digest of the training data, "trips (1a2b3c4d)"."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Where it comes from: "git commit", "git repository", "data version" (DVC, lakeFS), "training
    run", "made by", "framework"."""
    card: str = ""
    """The model card, Markdown: what it is for, its limits. Data, never instructions."""
    importances: Mapping[str, float] = field(default_factory=dict)
    """How much each feature matters, at least 0 (mean |SHAP value| where that was logged)."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds per prediction as measured before release: "p50", "p99"."""
    text: str = ""
    """A prompt's own text."""
    problems: tuple[str, ...] = ()
    """What could not be read, in words; the rest stands."""

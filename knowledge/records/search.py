"""Past incidents and runbooks, and what a search finds among them."""

from dataclasses import dataclass
from enum import StrEnum


class DocumentKind(StrEnum):
    INCIDENT = "incident"
    RUNBOOK = "runbook"


@dataclass(frozen=True)
class Document:
    """A past incident or a runbook, as the search library keeps it."""

    id: str
    title: str
    text: str
    kind: DocumentKind = DocumentKind.INCIDENT
    service: str = ""
    date: str = ""
    """yyyy-mm-dd, or empty where nobody wrote it down."""
    severity: str = ""
    root_cause: str = ""
    resolution: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()


class Band(StrEnum):
    """How alike, by the raw cosine (docs/decisions: never by a fused score)."""

    SIMILAR = "similar"
    POSSIBLE = "possibly related"
    NONE = "nothing"


@dataclass(frozen=True)
class Hit:
    """One document found. `score` orders hits of one query; `cosine` decides the band."""

    document: Document
    score: float
    cosine: float
    band: Band
    matched: tuple[str, ...] = ()
    """The query's words that the document holds, most telling first."""
    passage: str = ""
    """The part of the document that is nearest to the query."""

"""Past incidents and runbooks, and what a search finds among them."""

from dataclasses import dataclass
from datetime import datetime
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
    sections: tuple[str, ...] = ()
    """The headings under which the words stand: "impact", "root cause" ..."""
    helped: int = 0
    """People who found it useful for a question near to this one."""
    unlike: int = 0
    """People who said that it is not alike, to a question near to this one."""


@dataclass(frozen=True)
class DocumentChanges:
    """What happened to the documents of a store after some revision."""

    revision: int
    put: tuple[Document, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filters:
    """What a search is limited to; what is empty limits nothing."""

    service: str = ""
    since: str = ""
    """yyyy-mm-dd, inclusive. Documents without a date are left out where a bound is given."""
    until: str = ""
    severity: str = ""
    """ "SEV1" to "SEV4"."""
    resolved_only: bool = False
    """Only those that say what fixed them."""


@dataclass(frozen=True)
class Judgement:
    """What a person said of a past incident that was shown as alike."""

    at: datetime
    by: str
    """User id."""
    query: str
    """What was searched by, secrets masked."""
    document: str
    useful: bool
    incident: str = ""
    """The live incident it was shown for; empty for a search by words."""

"""When did which version serve? From what is known of the champion's moves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.promotion import plain_version
from knowledge.records import Approval, ApprovalStatus, Change, ModelVersion
from knowledge.windows import Span

MOVING = ("promotion", "rollback", "alias", "model")
"""Kinds of change that say which version of a model serves from then on."""


@dataclass(frozen=True)
class Move:
    """From `at` on `version` served. Where one is the first that is known, `before` served until
    then."""

    at: datetime
    version: str
    before: str = ""
    by: str = ""


def moves(approvals: Iterable[Approval], changes: Iterable[Change]) -> tuple[Move, ...]:
    """Every move of the champion that is known, oldest first; one that was told twice, through an
    approval and as a change, is there twice."""
    decided = (
        Move(a.decided_at, a.version, a.champion, a.decided_by_name or a.decided_by)
        for a in approvals
        if a.status is ApprovalStatus.APPROVED and a.outcome and a.decided_at is not None
    )
    told = (
        Move(c.at, plain_version(c.version), by=c.author)
        for c in changes
        if c.version and c.kind.lower().startswith(MOVING)
    )
    return tuple(sorted([*decided, *told], key=lambda move: move.at))


def served(version: ModelVersion, known: Sequence[Move], now: datetime) -> Span | None:
    """The last span in which this version was champion; None where it never was, as far as is
    known. The champion of whose move nothing is known counts from the day it was registered."""
    wanted = version.version
    end = now
    for move in reversed(known):
        if move.version == wanted:
            begun = _begin(known, move)
            return Span(begun, end) if begun < end else None
        end = move.at
    if known and known[0].before == wanted and version.created_at < known[0].at:
        return Span(version.created_at, known[0].at)
    if not known and "champion" in version.aliases:
        return Span(version.created_at, now)
    return None


def _begin(known: Sequence[Move], last: Move) -> datetime:
    """The first of the moves to one version that follow each other: it was told more than once."""
    begun = last.at
    for move in reversed([move for move in known if move.at <= last.at]):
        if move.version != last.version:
            break
        begun = move.at
    return begun

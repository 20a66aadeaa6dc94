"""What asking, and what a click, came to."""

from dataclasses import dataclass
from enum import StrEnum

from knowledge.promotion.evidence import Evidence
from knowledge.records import Approval, Gate


@dataclass(frozen=True)
class Asked:
    """What asking came to."""

    approval: Approval | None
    """None where a gate prevents it that nobody may override."""
    evidence: Evidence
    gates: tuple[Gate, ...]
    new: bool = True
    """False where it was asked already and still waits."""


class Came(StrEnum):
    COUNTED = "counted"
    """The vote stands; more are needed."""
    MOVED = "moved"
    CLOSED = "closed"
    """Rejected, sent back for changes, expired, or ended because what it compared is gone."""
    CHANGED = "changed"
    """Nothing was counted: the facts are not those on the card. The card shows the new ones, and
    asks again."""
    FAILED = "failed"
    """Decided in favour, but the registry did not take the move; clicking again repairs it."""
    LATE = "late"
    """It was decided already, or its move is under way."""


@dataclass(frozen=True)
class Ruling:
    came: Came
    approval: Approval
    """As it is stored now."""
    evidence: Evidence | None = None
    """As gathered at the click."""
    changes: tuple[str, ...] = ()
    """What is not as the card said, a sentence each."""

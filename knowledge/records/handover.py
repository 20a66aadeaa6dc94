"""An incident handed from one team to another."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class HandoverState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True)
class Handover:
    """One passing on; an incident that is returned and passed on again has several."""

    id: str
    """ "HND-3"; empty in a draft that the store has not numbered yet."""
    incident: str
    from_team: str
    to_team: str
    offered_at: datetime
    offered_by: str
    """User id."""
    summary: str
    """What the other team is told: the verdict, its evidence, what was done."""
    model: str = ""
    side: str = ""
    """ "model", "infrastructure", "both", "neither" or "unknown": what was held to be at fault."""
    state: HandoverState = HandoverState.OFFERED
    answered_at: datetime | None = None
    answered_by: str = ""
    reason: str = ""
    """Why it was returned."""

    def waited(self, now: datetime) -> timedelta:
        """How long the other team took to answer, or has taken so far."""
        return (self.answered_at or now) - self.offered_at

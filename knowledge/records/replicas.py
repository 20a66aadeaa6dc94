"""What several processes on one database must agree on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.records.alerts import Lesson


@dataclass(frozen=True)
class Lease:
    """A role that one process has for a while. `token` grows whenever it changes hands."""

    name: str
    holder: str
    token: int
    left_s: float
    """Until it is over, by the database's clock."""


class Deciding(StrEnum):
    """What a person may decide about the correlation."""

    TEACH = "teach"
    DETACH = "detach"
    SPLIT = "split"
    MERGE = "merge"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Decision:
    """One step of what people decided, for the correlation to follow, here or elsewhere."""

    kind: Deciding
    incident: str = ""
    other: str = ""
    """What it was merged into, or the new one that was split off."""
    alerts: tuple[tuple[str, datetime], ...] = ()
    """Fingerprints and starts: of the one that was taken out, of those that were split off."""
    lesson: Lesson | None = None

"""What an escalation policy says: who is told after how long without an acknowledgement."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from knowledge.records import Severity


class Aim(StrEnum):
    ON_CALL = "on-call"
    """Whoever is on call in `name`, or in the incident's own rotation where it is empty."""
    NEXT = "next"
    """Whoever comes next there: the backup."""
    PERSON = "person"
    CHANNEL = "channel"


@dataclass(frozen=True)
class Target:
    """Whom a level tells. `name` is a rotation, a person's id or a channel."""

    aim: Aim
    name: str = ""


@dataclass(frozen=True)
class Level:
    """`after`: how long the incident has gone without an acknowledgement, from its opening."""

    after: timedelta
    tell: tuple[Target, ...]


@dataclass(frozen=True)
class Policy:
    """Levels in the order of their time. After `every` all of them start again, `repeat` times."""

    name: str
    levels: tuple[Level, ...]
    repeat: int = 0
    every: timedelta = timedelta(minutes=30)
    least_severity: Severity = Severity.SEV3
    """What is milder pages nobody."""

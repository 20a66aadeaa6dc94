"""A runbook that is being run: step by step, each state-changing one behind a click."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.records.incidents import Event


class StepState(StrEnum):
    WAITING = "waiting"
    """Nobody has started it."""
    DRY = "dry run done"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    """It was running when the bot stopped: a person must find out whether it had its effect."""

    @property
    def is_over(self) -> bool:
        return self not in (StepState.WAITING, StepState.DRY, StepState.RUNNING)


@dataclass(frozen=True)
class StepRun:
    """One step of an execution, as it stands."""

    number: int
    """From 1, as in the runbook."""
    state: StepState = StepState.WAITING
    started_at: datetime | None = None
    ended_at: datetime | None = None
    by: str = ""
    """User id of who clicked."""
    output: str = ""
    """The end of what it wrote, secrets masked."""
    dry_output: str = ""
    exit_code: int | None = None
    shown: str = ""
    """The digest of what the last dry run or start was of: a click on anything else counts for
    nothing."""
    approved_by: str = ""
    """The first of the two people that a dangerous step needs."""
    seen_at: datetime | None = None
    """When whoever runs it last said that it is still there."""
    cancelled_by: str = ""
    """Who asked for its end while it ran."""


@dataclass(frozen=True)
class Execution:
    """One going-through of a runbook. Its text is kept as it was: what is clicked is what was
    shown."""

    id: str
    """ "EXE-3"; empty in a draft that the store has not numbered yet."""
    runbook: str
    """The document's id."""
    title: str
    digest: str
    """SHA-256 of the runbook's text when it was begun."""
    text: str
    started_at: datetime
    started_by: str
    incident: str = ""
    channel: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """What was filled in for the runbook's parameters."""
    steps: tuple[StepRun, ...] = ()
    ended_at: datetime | None = None
    timeline: tuple[Event, ...] = ()
    """What happened, oldest first; its thread is told so."""

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

"""What people are shown of runbooks and of executions."""

from dataclasses import dataclass

from knowledge.records import Document, Execution, StepRun
from knowledge.runbooks import Action, Runbook, Step


@dataclass(frozen=True)
class Offer:
    """A runbook, and whether it can be run here."""

    document: Document
    runbook: Runbook
    why_not: str = ""
    """Empty where it can be run; "" too for one that is prose alone (`runnable` is False then)."""

    @property
    def runnable(self) -> bool:
        return bool(self.runbook.steps) and not self.why_not


@dataclass(frozen=True)
class StepView:
    """A step as it stands: what it would do with the values of this execution."""

    step: Step
    action: Action
    run: StepRun
    digest: str = ""
    """What a click on it must carry; empty where it cannot be run now."""
    can_try: bool = False
    """Whether there is a dry run of it."""
    needs_try: bool = False
    """A dry run must come first, and has not yet."""
    two_people: bool = False
    problem: str = ""
    """Why it cannot be run, where that is so."""


@dataclass(frozen=True)
class View:
    """An execution with its steps."""

    execution: Execution
    runbook: Runbook
    steps: tuple[StepView, ...]
    problem: str = ""
    """Why none of it can be run any more: the runbook is another one by now."""

    @property
    def current(self) -> StepView | None:
        """The first step that is not over; None when all are."""
        return next((step for step in self.steps if not step.run.state.is_over), None)

    @property
    def busy(self) -> StepView | None:
        """The step that something is being done with."""
        return next((step for step in self.steps if step.run.seen_at is not None), None)

"""Pure: how an execution goes on. Each function gives the execution as it is after one act.

Raises Overtaken where it is not as it must be: somebody else was first. `seen_at` of a step is set
while something is being done with it, a dry run (its state stays WAITING) or the step (RUNNING).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.errors import Overtaken
from knowledge.ports.remediation import Ended, Outcome
from knowledge.records import Event, Execution, StepRun, StepState

GONE = timedelta(seconds=60)
"""Whoever runs a step says every few seconds that it is still there."""
TANDEM = "tandem"

_ENDED = {
    Ended.DONE: StepState.DONE,
    Ended.FAILED: StepState.FAILED,
    Ended.TIMED_OUT: StepState.TIMED_OUT,
    Ended.CANCELLED: StepState.CANCELLED,
}
_AGAIN = (
    StepState.WAITING,
    StepState.DRY,
    StepState.FAILED,
    StepState.TIMED_OUT,
    StepState.CANCELLED,
    StepState.UNKNOWN,
)
"""States from which a person may start a step; one that is done is not done twice."""


def step_run(execution: Execution, number: int) -> StepRun:
    return execution.steps[number - 1]


def busy(execution: Execution) -> StepRun | None:
    return next((step for step in execution.steps if step.seen_at is not None), None)


def try_began(execution: Execution, number: int, digest: str, by: str, now: datetime) -> Execution:
    """A dry run is under way."""
    _check_free(execution, number)
    return _with(
        execution,
        number,
        lambda step: replace(
            step,
            state=StepState.WAITING,
            started_at=now,
            seen_at=now,
            shown=digest,
            by=by,
            dry_output="",
            approved_by="",
            cancelled_by="",
        ),
        now,
        by,
        "dry run",
        f"step {number}: dry run started",
    )


def try_ended(
    execution: Execution, number: int, began: datetime, outcome: Outcome, now: datetime
) -> Execution:
    """Nothing is written over when it was given up meanwhile."""
    step = step_run(execution, number)
    ours = step.started_at == began and step.seen_at is not None
    if not ours or step.state is not StepState.WAITING:
        return execution
    good = outcome.ended is Ended.DONE
    said = "done" if good else _say(outcome)
    return _with(
        execution,
        number,
        lambda step: replace(
            step,
            state=StepState.DRY if good else StepState.WAITING,
            dry_output=outcome.output,
            exit_code=outcome.exit_code,
            seen_at=None,
            cancelled_by="",
        ),
        now,
        step.by,
        "dry run",
        f"step {number}: dry run {said}\n{outcome.output}".rstrip(),
    )


def approved(execution: Execution, number: int, digest: str, by: str, now: datetime) -> Execution:
    """The first of two people agrees."""
    _check_free(execution, number)
    return _with(
        execution,
        number,
        lambda step: replace(step, approved_by=by, shown=digest),
        now,
        by,
        "approved",
        f"step {number}: one of two approved it",
    )


def began(execution: Execution, number: int, digest: str, by: str, now: datetime) -> Execution:
    """The intent: stored before anything is done. Of two who press at once, one gets through."""
    _check_free(execution, number)
    return _with(
        execution,
        number,
        lambda step: replace(
            step,
            state=StepState.RUNNING,
            started_at=now,
            ended_at=None,
            seen_at=now,
            shown=digest,
            by=by,
            output="",
            exit_code=None,
            cancelled_by="",
        ),
        now,
        by,
        "step",
        f"step {number}: started",
    )


def ended(
    execution: Execution, number: int, started_at: datetime, outcome: Outcome, now: datetime
) -> Execution:
    """What came of it. One that was given up as unknown is known after all."""
    step = step_run(execution, number)
    ours = step.started_at == started_at
    if not ours or step.state not in (StepState.RUNNING, StepState.UNKNOWN):
        return execution
    return _with(
        execution,
        number,
        lambda step: replace(
            step,
            state=_ENDED[outcome.ended],
            ended_at=now,
            seen_at=None,
            output=outcome.output,
            exit_code=outcome.exit_code,
            approved_by="",
        ),
        now,
        step.by,
        "step",
        f"step {number}: {_say(outcome)}\n{outcome.output}".rstrip(),
    )


def seen(execution: Execution, number: int, now: datetime) -> Execution:
    """Whoever runs it is still there."""
    step = step_run(execution, number)
    if step.seen_at is None:
        return execution
    return _put(execution, replace(step, seen_at=now))


def given_up(execution: Execution, now: datetime) -> Execution:
    """Steps whose runner is gone: what was running is unknown, never tried again by itself."""
    for step in execution.steps:
        if step.seen_at is None or now - step.seen_at < GONE:
            continue
        if step.state is StepState.RUNNING:
            text = (
                f"step {step.number}: the bot stopped while it ran. Whether it had its effect is "
                "not known: look before you go on"
            )
            state = StepState.UNKNOWN
        else:
            text, state = f"step {step.number}: its dry run was interrupted", StepState.WAITING
        lost = replace(step, state=state, seen_at=None, ended_at=now, approved_by="")
        execution = _told(_put(execution, lost), now, TANDEM, "interrupted", text)
    return execution


def cancelled(execution: Execution, by: str, now: datetime) -> Execution:
    """Asks for the end of what is under way."""
    step = busy(execution)
    if step is None:
        raise Overtaken("Nothing of it is running.")
    if step.cancelled_by:
        return execution
    after = _put(execution, replace(step, cancelled_by=by))
    return _told(after, now, by, "cancel", f"step {step.number}: asked to end it")


def skipped(execution: Execution, number: int, by: str, now: datetime) -> Execution:
    _check_free(execution, number)
    return _with(
        execution,
        number,
        lambda step: replace(
            step, state=StepState.SKIPPED, by=by, ended_at=now, approved_by="", shown=""
        ),
        now,
        by,
        "skip",
        f"step {number}: skipped",
    )


def closed(execution: Execution, by: str, now: datetime, why: str = "") -> Execution:
    if not execution.is_open:
        raise Overtaken(f"{execution.id} is over already.")
    if busy(execution) is not None:
        raise Overtaken("A step of it is running. Cancel it first.")
    after = replace(execution, ended_at=now)
    return _told(after, now, by, "end", f"ended{f': {why}' if why else ''}")


def _check_free(execution: Execution, number: int) -> None:
    """Raises Overtaken where this step cannot be begun or passed now."""
    if not execution.is_open:
        raise Overtaken(f"{execution.id} is over; begin the runbook again.")
    other = busy(execution)
    if other is not None:
        raise Overtaken(f"Step {other.number} is under way; wait for its end or cancel it.")
    step = step_run(execution, number)
    if step.state not in _AGAIN:
        raise Overtaken(f"Step {number} is {step.state.value} already; nothing was done.")
    before = next((s for s in execution.steps[: number - 1] if not s.state.is_over), None)
    if before is not None:
        raise Overtaken(f"Step {before.number} comes first: run it or skip it.")


def _say(outcome: Outcome) -> str:
    if outcome.ended is Ended.FAILED and outcome.exit_code is not None:
        return f"failed ({outcome.exit_code})"
    return _ENDED[outcome.ended].value


def _with(
    execution: Execution,
    number: int,
    change: Callable[[StepRun], StepRun],
    now: datetime,
    by: str,
    kind: str,
    text: str,
) -> Execution:
    after = _put(execution, change(step_run(execution, number)))
    return _told(after, now, by, kind, text)


def _put(execution: Execution, step: StepRun) -> Execution:
    steps = tuple(step if s.number == step.number else s for s in execution.steps)
    return replace(execution, steps=steps)


def _told(execution: Execution, now: datetime, by: str, kind: str, text: str) -> Execution:
    event = Event(f"{len(execution.timeline) + 1}", now, kind, by, text)
    return replace(execution, timeline=(*execution.timeline, event))

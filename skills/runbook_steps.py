"""The clicks on an execution's card: dry run, run, cancel, skip, end.

Each is one call of `ctx.remediation`, which checks the rights, the runbook and the step anew. The
button says which step stood on its card (`saw`). Words never do any of it.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from knowledge.records import Execution
from skills.contract import Audience, Button, Call, Context, Reply, Role, Skill
from skills.runbook_run import again, remediation


class ExecutionArgs(BaseModel):
    execution: str = Field(description="the execution's id, e.g. EXE-3")


class StepArgs(ExecutionArgs):
    step: int = Field(description="the step's number", ge=1)


class ClickArgs(StepArgs):
    saw: str = Field("", description="the digest of the step that stood on the card")


def _who(ctx: Context) -> dict[str, Any]:
    return {"by": ctx.user.id, "by_name": ctx.user.name}


def dry(ctx: Context, args: ClickArgs) -> Reply:
    service = remediation(ctx)
    return _clicked(
        ctx,
        args.execution,
        lambda: service.try_out(args.execution, args.step, saw=args.saw, **_who(ctx)),
    )


def step(ctx: Context, args: ClickArgs) -> Reply:
    service = remediation(ctx)
    return _clicked(
        ctx,
        args.execution,
        lambda: service.run(args.execution, args.step, saw=args.saw, **_who(ctx)),
    )


def cancel(ctx: Context, args: ExecutionArgs) -> Reply:
    service = remediation(ctx)
    return _clicked(ctx, args.execution, lambda: service.cancel(args.execution, **_who(ctx)))


def skip(ctx: Context, args: StepArgs) -> Reply:
    service = remediation(ctx)
    return _clicked(
        ctx, args.execution, lambda: service.skip(args.execution, args.step, **_who(ctx))
    )


def end(ctx: Context, args: ExecutionArgs) -> Reply:
    service = remediation(ctx)
    return _clicked(ctx, args.execution, lambda: service.end(args.execution, **_who(ctx)))


def show(ctx: Context, args: ExecutionArgs) -> Reply:
    return again(ctx, args.execution)


def _clicked(ctx: Context, execution_id: str, act: Callable[[], Execution]) -> Reply:
    if not ctx.via_button:
        return _by_click_only(ctx, execution_id)
    return again(ctx, act().id)


def _by_click_only(ctx: Context, execution_id: str) -> Reply:
    """Words point to the card."""
    execution = remediation(ctx).view(execution_id).execution
    link = ctx.card_link(execution.id)
    return Reply(
        title="That takes a click",
        text=f"Press the button on the card of {execution.id}, where the step stands.",
        buttons=(
            Button("Open the card", url=link)
            if link
            else Button("Show it", Call("runbook_execution", {"execution": execution.id})),
        ),
        audience=Audience.ASKER,
    )


runbook_dry = Skill(
    name="runbook_dry",
    summary="Make the dry run of a runbook's step",
    examples=(),
    args=ClickArgs,
    run=dry,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
runbook_step = Skill(
    name="runbook_step",
    summary="Run a runbook's step",
    examples=(),
    args=ClickArgs,
    run=step,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
runbook_cancel = Skill(
    name="runbook_cancel",
    summary="End the step of a runbook that is under way",
    examples=(),
    args=ExecutionArgs,
    run=cancel,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
runbook_skip = Skill(
    name="runbook_skip",
    summary="Skip a runbook's step",
    examples=(),
    args=StepArgs,
    run=skip,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
runbook_end = Skill(
    name="runbook_end",
    summary="End going through a runbook",
    examples=(),
    args=ExecutionArgs,
    run=end,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
runbook_execution = Skill(
    name="runbook_execution",
    summary="Show how far a runbook is gone through",
    examples=(),
    args=ExecutionArgs,
    run=show,
    hidden=True,
)

"""Since when the deliveries about a record are due: as of its own last change, because stores have
no clock."""

from datetime import datetime

from knowledge.records import Approval, Execution, Handover, Move, Run


def of_approval(approval: Approval) -> datetime:
    looked_at = approval.canary.looked_at if approval.canary else None
    return max(
        approval.created_at,
        approval.decided_at or approval.created_at,
        looked_at or approval.created_at,
        *(vote.at for vote in approval.votes),
        *(event.at for event in approval.timeline),
    )


def of_move(move: Move) -> datetime:
    return move.noticed_at


def of_run(run: Run) -> datetime:
    return run.updated_at or run.training.at


def of_handover(handover: Handover) -> datetime:
    return handover.answered_at or handover.offered_at


def of_execution(execution: Execution) -> datetime:
    of_steps = (at for step in execution.steps for at in (step.started_at, step.ended_at))
    of_events = (event.at for event in execution.timeline)
    known = (execution.started_at, *of_steps, *of_events, execution.ended_at)
    return max(at for at in known if at is not None)

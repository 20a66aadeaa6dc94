"""Since when the deliveries about a record are due: as of its own last change, because stores have
no clock."""

from datetime import datetime

from knowledge.records import Approval, Move, Run


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

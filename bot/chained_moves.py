"""Every champion that moved becomes an entry of the audit record: also where no call led to it,
because the policy rolled back, a restart settled what was interrupted, or somebody moved it past
Tandem. The entry holds the hash of the evidence, so that the request's row cannot be changed
afterwards without the chain saying otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from knowledge.errors import NotFound
from knowledge.ports import Approvals, Audit, Moves, Outbox
from knowledge.promotion import show_version
from knowledge.promotion.story import MOVE
from knowledge.records import AuditEntry, Move, Posted

CHAINED = "chained"
"""Remembers under "chained:MOV-3" that it was done."""
TANDEM = "tandem"
MOST = 50
"""Moves that are looked through, newest first: more do not happen between two looks."""


@dataclass(frozen=True)
class ChainedMoves:
    """`work` is a job of the schedule. A crash between the entry and the mark makes a second
    entry, never none."""

    moves: Moves
    approvals: Approvals
    audit: Audit
    outbox: Outbox
    now: Callable[[], datetime]

    def work(self) -> None:
        for move in reversed(self.moves.find(limit=MOST)):
            key = f"{CHAINED}:{move.id}"
            if self.outbox.posted(key) is None:
                self.audit.add(self._entry(move))
                self.outbox.set_posted(Posted(key, "", "", ""))

    def _entry(self, move: Move) -> AuditEntry:
        args = {
            "move": move.id,
            "model": move.model,
            "version": move.version,
            "before": move.before,
            "moved_at": move.at.astimezone(UTC).isoformat(),
            "how": move.how,
            "approval": move.approval,
            "saw": self._evidence(move),
        }
        return AuditEntry(self.now(), TANDEM, MOVE, args, "ok", _say(move))

    def _evidence(self, move: Move) -> str:
        """The hash of the evidence that it rests on; empty where it rests on none."""
        if not move.approval:
            return ""
        try:
            return self.approvals.get(move.approval).evidence_hash
        except NotFound:
            return ""


def _say(move: Move) -> str:
    new = show_version(move.version) if move.version else "none"
    old = show_version(move.before) if move.before else "none"
    by = f"by {move.approval}" if move.approval else "past Tandem"
    return f"champion of {move.model} moved from {old} to {new}, {by}"

"""A world of promotion in which every call is put on record."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from knowledge.promotion.story import Story, stories
from knowledge.records import Approval, AuditEntry, Ballot, Purpose
from tests.knowledge.promoting.world import MODEL, World, click

MINUTE = timedelta(minutes=1)


@dataclass
class Recorded:
    """Asks and clicks as a turn does: through the service, then into the audit record."""

    world: World = field(default_factory=World)

    def ask(self, version: str = "5", purpose: Purpose = Purpose.PROMOTION) -> Approval:
        asked = self.world.service().ask(
            MODEL, version, by="zoe", by_name="Zoe", reason="it is better", purpose=purpose
        )
        assert asked.approval is not None
        skill = "promotion" if purpose is Purpose.PROMOTION else "rollback"
        self.record("zoe", skill, {"model": MODEL, "version": version})
        return asked.approval

    def click(self, request: Approval, user: str, ballot: Ballot = Ballot.APPROVE) -> Approval:
        self.world.clock.pass_(MINUTE)
        ruling = click(self.world.service(), request, user, ballot)
        skill = {Ballot.REJECT: "reject"}.get(ballot, "approve")
        self.record(user, skill, {"approval": request.id, "saw": request.evidence_hash})
        return ruling.approval

    def record(self, actor: str, skill: str, args: dict[str, Any], outcome: str = "ok") -> None:
        entry = AuditEntry(self.world.clock(), actor, skill, args, outcome, "what came back")
        self.world.store.audit.add(entry)

    def told(self) -> list[Story]:
        store = self.world.store
        return stories(store.approvals.find(), store.moves.find(), store.audit.chain())

    def spoil(self, request: Approval, **changes: Any) -> None:
        """Somebody writes into the table."""
        self.world.store.approvals.update(request.id, lambda a: replace(a, **changes))

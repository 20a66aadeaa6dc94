"""Moves the champion of a request that is decided, and settles what was interrupted.

The order is: MOVING is stored (the intent), the registry is asked, it is read back, the outcome is
stored. A crash anywhere leaves MOVING, which says what may have happened; `reconcile` looks at the
registry and finishes the record. Nothing is moved by reconciling: a move that did not happen is
FAILED, and a person's click tries it again with everything checked anew.

Between Tandem's own replicas a move is made once: only who stored MOVING moves, and the store has
one MOVING of a model at most. What is left is the registry: MLflow sets an alias without comparing
it first, so somebody outside Tandem who moves it in the milliseconds between our look and our
write is overwritten; they are named by the poll of aliases only if their move was seen. A write
that hangs longer than our time-outs may land late; it then moves what a quorum had decided, and is
found by the next `reconcile`.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from knowledge.errors import NotFound, Overtaken, TandemError, Unavailable
from knowledge.ports import Approvals, Changes, Models, Moves, Together
from knowledge.promotion import Policy, show_version
from knowledge.promotion.deciding import (
    UNDER_WAY,
    attempt,
    close,
    is_expired,
    is_interrupted,
    moved,
    moving_since,
    not_moved,
    say_expiry,
    say_move,
)
from knowledge.promotion.freezing import thaw
from knowledge.records import Approval, ApprovalStatus, Change, Move

log = logging.getLogger("tandem.promoting")

REQUEST, REQUEST_THREAD = "request", "request-thread"
TELL = (REQUEST, REQUEST_THREAD)
"""Deliveries that a changed request puts into the outbox."""
PROMOTION = "promotion"
"""The kind of the Change that a move leaves behind."""
MOST = 200
"""Requests that one run looks at."""

Probe = Callable[[str], None]
"""Called at each step's end with its name; a test may stop the process there."""


def no_probe(step: str) -> None:
    """What runs outside tests."""


class Records(Protocol):
    """The part of `ports.Store` that promotion writes."""

    @property
    def approvals(self) -> Approvals: ...
    @property
    def moves(self) -> Moves: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def together(self) -> Together: ...


class Mover:
    """Carries out what was decided. Safe to share by threads and between replicas."""

    def __init__(
        self,
        records: Records,
        models: Models,
        policies: Callable[[str], Policy],
        now: Callable[[], datetime],
        probe: Probe = no_probe,
    ) -> None:
        self._records = records
        self._models = models
        self._policies = policies
        self._now = now
        self._probe = probe

    def move(self, approval: Approval) -> Approval:
        """Move the champion as this request says; only for whoever has just stored it as MOVING.
        Returns it as it is stored then, whatever came of it."""
        self._probe("intent stored")
        if not self._still_ours(approval):
            return self._records.approvals.get(approval.id)
        try:
            after = self._models.set_champion(
                approval.model, approval.version, expected=approval.champion
            )
        except Overtaken as error:
            return self._close(approval, _say_overtaken(approval, error.found))
        except NotFound as error:
            return self._close(approval, f"nothing was moved: {error}")
        except TandemError as error:
            return self._fail(approval, _say_unconfirmed(approval, error))
        self._probe("alias moved")
        if after.version != approval.version:
            read = show_version(after.version)
            return self._fail(approval, f"the registry read back {read} after the move")
        return self._record(approval)

    def _still_ours(self, approval: Approval) -> bool:
        """A process that slept since it stored the intent must not move any more: others may have
        settled it. Half of the time is left to the registry's answer."""
        stored = self._records.approvals.get(approval.id)
        young = self._now() - moving_since(approval) < UNDER_WAY / 2
        return young and _is_same_attempt(stored, approval)

    def _record(self, approval: Approval, *, late: bool = False) -> Approval:
        """The outcome, the move and the change, all or nothing. One that was recorded by somebody
        else meanwhile stays as they did."""
        now = self._now()
        policy = self._policies(approval.model)
        with self._records.together():
            stored, won = self._decide(approval, lambda a: moved(a, now, policy, late=late))
            if won:
                self._records.moves.add(_move(stored, now))
                self._records.moves.see({stored.model: stored.version}, now)
                self._records.changes.add(_change(stored, now))
                self._probe("before the record is committed")
        self._probe("recorded")
        return stored

    def _fail(self, approval: Approval, why: str) -> Approval:
        log.warning("%s: not moved: %s", approval.id, why)
        now = self._now()
        stored, _ = self._decide(approval, lambda a: not_moved(a, why, now))
        return stored

    def _close(self, approval: Approval, why: str) -> Approval:
        now = self._now()
        stored, _ = self._decide(approval, lambda a: close(a, why, now))
        return stored

    def _decide(
        self, approval: Approval, by: Callable[[Approval], Approval]
    ) -> tuple[Approval, bool]:
        """Write if nobody has settled this attempt meanwhile."""
        written = False

        def unless_settled(stored: Approval) -> Approval:
            nonlocal written
            written = _is_same_attempt(stored, approval)
            return by(stored) if written else stored

        stored, was = self._records.approvals.decide(
            approval.id, approval.status, unless_settled, TELL
        )
        return stored, was and written

    # What was interrupted --------------------------------------------------------------------

    def reconcile(self) -> None:
        """Settle moves that were interrupted or that came through late, by looking at the
        registry. For the start and for every minute. What cannot be asked now is left for then."""
        now = self._now()
        find = self._records.approvals.find
        under_way = find(status=ApprovalStatus.MOVING, limit=MOST)
        for approval in (
            *(a for a in under_way if is_interrupted(a, now)),
            *find(status=ApprovalStatus.FAILED, limit=MOST),
        ):
            self._left_alone(self.settle, approval)

    def settle(self, approval: Approval) -> Approval:
        """Bring a MOVING request whose mover is gone, or a FAILED one, to the state that the
        registry shows. Raises Unavailable."""
        try:
            champion = self._models.champion(approval.model)
        except NotFound as error:
            return self._close(approval, f"it was approved, but {error}")
        if champion is not None and champion.model != approval.model:
            # Registries find a model by part of its name too; a renamed one is not this one.
            gone = f"it was approved, but there is no model {approval.model} any more"
            return self._close(approval, gone)
        now_is = champion.version if champion is not None else ""
        if now_is == approval.version:
            return self._came_through(approval)
        if approval.status is not ApprovalStatus.MOVING:
            return approval
        if now_is == approval.champion:
            why = "it was approved, but the move was interrupted. Try again to finish it"
            return self._fail(approval, why)
        shown = show_version(now_is) if now_is else "none"
        new = show_version(approval.version)
        why = (
            f"its move was interrupted, and the champion is {shown} now; whether {new} was "
            "champion in between is not known"
        )
        return self._close(approval, why)

    def _came_through(self, approval: Approval) -> Approval:
        """The champion is the one it asked for: by this request, unless another one is on record
        for it."""
        last = next(iter(self._records.moves.find(model=approval.model, limit=1)), None)
        others = last is not None and last.version == approval.version
        if others and last is not None and last.noticed_at > moving_since(approval):
            by = last.approval or "a move outside Tandem"
            return self._close(approval, f"{show_version(approval.version)} is champion by {by}")
        return self._record(approval, late=True)

    def expire(self) -> None:
        """End what nobody decided, or tried again, in time."""
        now = self._now()
        for status in (ApprovalStatus.PENDING, ApprovalStatus.FAILED):
            for approval in self._records.approvals.find(status=status, limit=MOST):
                if is_expired(approval, now):
                    self._left_alone(self.end, approval)

    def end(self, approval: Approval) -> Approval:
        """Close a request whose time is over. A failed move is looked for once more before: it may
        have come through. Raises Unavailable."""
        if approval.status is ApprovalStatus.FAILED:
            approval = self.settle(approval)
        if approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.FAILED):
            return approval
        return self._close(approval, say_expiry(approval))

    def _left_alone(self, act: Callable[[Approval], Approval], approval: Approval) -> None:
        try:
            act(approval)
        except Unavailable as error:
            log.warning("%s is left as it is for now: %s", approval.id, error)


def _is_same_attempt(stored: Approval, approval: Approval) -> bool:
    return stored.status is approval.status and attempt(stored) == attempt(approval)


def _say_overtaken(approval: Approval, found: str) -> str:
    was = show_version(approval.champion) if approval.champion else "none"
    now = show_version(found) if found else "none"
    return f"nothing was moved: the champion changed from {was} to {now} at the last moment"


def _say_unconfirmed(approval: Approval, error: TandemError) -> str:
    old = show_version(approval.champion) if approval.champion else "missing"
    return (
        f"the registry did not confirm the move ({str(error).rstrip('.')}); the champion may still "
        f"be {old}. Try again when the registry answers: it is looked at first, and only what is "
        "missing is done"
    )


def _move(approval: Approval, now: datetime) -> Move:
    return Move(
        id="",
        model=approval.model,
        version=approval.version,
        before=approval.champion,
        at=now,
        noticed_at=now,
        approval=approval.id,
        how="tandem",
        announced=True,
        kind=approval.kind,
    )


def _change(approval: Approval, now: datetime) -> Change:
    evidence = thaw(approval.evidence)
    service = evidence.service if evidence is not None else ""
    return Change(
        id=f"{PROMOTION}:{approval.id}",
        at=now,
        kind=PROMOTION,
        service=service or approval.model,
        summary=say_move(approval),
        version=approval.version,
        author=approval.requester_name,
    )

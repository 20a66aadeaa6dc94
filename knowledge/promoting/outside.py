"""Champions that were moved past Tandem: found by looking at the registry, and by its webhooks.

Looking is what is relied on: it finds whatever is not as it was last seen. Webhooks only add what
looking cannot see, a champion that came and went between two looks, and they say it sooner. Both
write a move, what was seen last and the delivery that announces it in one transaction, under a key
that only one of any number of processes gets: a move is announced once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from knowledge.errors import NotConnected, NotFound, Overtaken, UserError
from knowledge.ports import Approvals, Models, Moves, Seen, Together
from knowledge.promotion import CHAMPION, Policy
from knowledge.promotion.ruling import Asked
from knowledge.records import ApprovalStatus, Kind, Move, Purpose

log = logging.getLogger("tandem.moves")

MOVE = "move"
"""The delivery that announces a move: "move:MOV-3"."""
MLFLOW = "mlflow"
POLL, WEBHOOK = "poll", "webhook"
LATE = timedelta(minutes=10)
"""A webhook may come so late, or with a clock so wrong, and still speak of a move on record."""
MOST = 50


class Records(Protocol):
    """The part of `ports.Store` that is written here."""

    @property
    def approvals(self) -> Approvals: ...
    @property
    def moves(self) -> Moves: ...
    @property
    def together(self) -> Together: ...


class Asks(Protocol):
    """The part of `ports.Promoting` that is needed."""

    def policy(self, model: str) -> Policy: ...

    def ask(
        self,
        model: str,
        version: str,
        *,
        by: str,
        by_name: str,
        reason: str,
        purpose: Purpose = Purpose.PROMOTION,
        channel: str = "",
        key: str = "",
    ) -> Asked: ...


@dataclass(frozen=True)
class Heard:
    """What a registry's webhook said of one version. Text of others: data."""

    delivery: str
    model: str
    version: str
    """Empty where an alias was taken away."""
    at: datetime
    alias: str = ""
    tag: str = ""
    value: str = ""


@dataclass
class OutsideMoves:
    """`poll` is a job of the schedule; `heard` is what webhooks lead to."""

    records: Records
    seen: Seen
    models: Models
    promoting: Asks
    now: Callable[[], datetime]

    # Looking ---------------------------------------------------------------------------------

    def poll(self) -> list[Move]:
        """Compare with what was seen last; returns the moves that are new. A model that is seen
        for the first time announces nothing. Raises Unavailable."""
        looked_at = self.now()
        try:
            champions = {**dict.fromkeys(self.models.names(), ""), **self.models.champions()}
        except NotConnected:
            return []
        # In this order: what Tandem itself moves is MOVING before the registry shows it, and seen
        # in the transaction that ends that.
        under_way = self._under_way()
        last = self.records.moves.seen()
        found = []
        calm: dict[str, str] = {}
        for model in sorted({*champions, *last}):
            current = champions.get(model, "")
            before, seen_at = last.get(model, (current, looked_at))
            if (model, current) in under_way or seen_at > looked_at:
                continue
            if before == current:
                calm[model] = current
                continue
            draft = self._draft(model, current, before, looked_at, looked_at, seen_at, POLL)
            found += self._announced(draft)
        self.records.moves.see(calm, looked_at)
        return found

    def _under_way(self) -> set[tuple[str, str]]:
        """Moves that Tandem makes, or that may still come through: `mover` records them."""
        find = self.records.approvals.find
        states = (ApprovalStatus.MOVING, ApprovalStatus.FAILED)
        return {(a.model, a.version) for state in states for a in find(status=state, limit=MOST)}

    # Hearing ---------------------------------------------------------------------------------

    def heard(self, event: Heard) -> None:
        """Deal with one verified webhook; doing it again changes nothing. Raises Unavailable."""
        if event.alias == CHAMPION:
            self._heard_of_champion(event)
        elif event.tag:
            self._heard_of_tag(event)

    def _heard_of_champion(self, event: Heard) -> None:
        if (event.model, event.version) in self._under_way() or self._is_known(event):
            return
        current = self.models.champions().get(event.model, "")
        before, seen_at = self.records.moves.seen().get(event.model, ("", event.at))
        if before == event.version:
            return
        if current and not event.version:
            return  # It was taken away and given again: to what, is heard of too.
        since = min(seen_at, event.at)
        draft = self._draft(
            event.model, event.version, before, event.at, self.now(), since, WEBHOOK
        )
        self._announced(draft)

    def _is_known(self, event: Heard) -> bool:
        """Whether a move of that time to that version is on record: webhooks come late, twice and
        out of order."""
        return any(
            move.version == event.version and abs(move.at - event.at) <= LATE
            for move in self.records.moves.find(model=event.model, limit=MOST)
        )

    def _heard_of_tag(self, event: Heard) -> None:
        tag, value = self.promoting.policy(event.model).ask_when
        if not tag or event.tag != tag or (value and event.value != value):
            return
        try:
            asked = self.promoting.ask(
                event.model,
                event.version,
                by=MLFLOW,
                by_name="MLflow",
                reason=f"the version got the tag {event.tag} = {event.value}",
                key=f"{MLFLOW}:{event.delivery}",
            )
        except UserError as error:
            log.warning("the tag %s of %s is not asked for: %s", event.tag, event.model, error)
            return
        if asked.approval is None:
            log.warning("%s %s is not asked for: a gate fails", event.model, event.version)

    # Telling ---------------------------------------------------------------------------------

    def _draft(
        self,
        model: str,
        version: str,
        before: str,
        at: datetime,
        noticed_at: datetime,
        since: datetime,
        how: str,
    ) -> Move:
        kind = self._kind(model, version or before)
        return Move("", model, version, before, at, noticed_at, since, how=how, kind=kind)

    def _announced(self, draft: Move) -> list[Move]:
        """Store and announce it, unless somebody else does at this moment."""
        newest = next(iter(self.records.moves.find(model=draft.model, limit=1)), None)
        after = newest.id if newest else "none"
        once = f"{MOVE}:{draft.model}:{draft.before}>{draft.version} after {after}"
        with self.records.together():
            if not self.seen.first_time(once, self.now()):
                return []
            move = self.records.moves.add(draft, (MOVE,))
            self.records.moves.see({draft.model: draft.version}, draft.noticed_at)
        log.warning("%s: champion moved past Tandem: %s", move.id, move.model)
        return [move]

    def _kind(self, model: str, version: str) -> Kind:
        try:
            return self.models.version(model, version).kind
        except NotFound:
            return Kind.MODEL


# Answers -------------------------------------------------------------------------------------


def answer(move: Move, answered: str) -> Move:
    """The move with what people made of it. Raises Overtaken where it was answered before."""
    if move.approval:
        raise Overtaken(f"{move.id} was made by {move.approval}; there is nothing to answer.")
    if move.answered:
        raise Overtaken(f"{move.id} is answered already: {move.answered}.", move.answered)
    return replace(move, answered=answered)

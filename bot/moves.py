"""What is said in the channel after a move: each kind is a card that is posted once and edited in
place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.called import reachable
from bot.courier import Carded, Subjects
from knowledge.errors import NotFound, TandemError
from knowledge.ports import Approvals, Models, Moves
from knowledge.promoting.canary import WORSE
from knowledge.promoting.outside import MOVE
from knowledge.promoting.reviews import UNREVIEWED
from knowledge.promotion import Policy, show_version
from knowledge.records import Approval, Event, ModelVersion, Move
from skills.cards.moves import Around, move_card, unreviewed_card, worse_card
from skills.contract import Reply


@dataclass(frozen=True)
class AfterMoves:
    """`subjects` for the courier."""

    moves: Moves
    approvals: Approvals
    models: Models
    policy: Callable[[str], Policy]
    channel: str
    """For models whose policy names none."""
    people: Callable[[str], str]
    link: Callable[[str], str]
    group: Callable[[str], str]
    """The id of a group by its handle: only ids are called. Raises NotFound, Unavailable."""

    @property
    def subjects(self) -> tuple[Subjects, ...]:
        return (
            Subjects(MOVE, f"{MOVE}-thread", self._move),
            Subjects(WORSE, f"{WORSE}-thread", self._worse),
            Subjects(UNREVIEWED, f"{UNREVIEWED}-thread", self._unreviewed),
        )

    def _move(self, move_id: str) -> Carded:
        move = self.moves.get(move_id)
        policy = self.policy(move.model)
        return Carded(
            channel=policy.channel or self.channel,
            since=move.noticed_at,
            events=(),
            card=lambda: reachable(move_card(move, self._around(move, policy)), self.group),
            update=_nothing,
            otherwise=self.channel,
        )

    def _around(self, move: Move, policy: Policy) -> Around:
        problems: list[str] = []
        before = self._version(move.model, move.before, problems)
        after = self._version(move.model, move.version, problems)
        champion, _ = self.moves.seen().get(move.model, (move.version, move.at))
        return Around(before, after, champion, policy.approvers, tuple(problems))

    def _version(self, model: str, version: str, problems: list[str]) -> ModelVersion | None:
        if not version:
            return None
        try:
            return self.models.version(model, version)
        except NotFound:
            problems.append(f"{show_version(version)} is not in the registry any more.")
        except TandemError as error:
            problems.append(f"{show_version(version)} could not be read: {error}")
        return None

    def _worse(self, approval_id: str) -> Carded:
        approval = self.approvals.get(approval_id)
        link = self.link(approval.id)
        return self._about(approval, lambda: worse_card(approval, self.people, link))

    def _unreviewed(self, approval_id: str) -> Carded:
        approval = self.approvals.get(approval_id)
        link, calls = self.link(approval.id), self.policy(approval.model).approvers
        card = partial(unreviewed_card, approval, self.people, calls, link)
        return self._about(approval, card, needless=bool(approval.reviewed_by))

    def _about(
        self, approval: Approval, card: Callable[[], Reply], *, needless: bool = False
    ) -> Carded:
        return Carded(
            channel=approval.channel or self.channel,
            since=approval.created_at,
            events=(),
            card=lambda: reachable(card(), self.group),
            update=_nothing,
            needless=needless,
            otherwise=self.channel,
        )


def _nothing(events: Sequence[Event]) -> Reply:
    """Their threads tell nothing."""
    return Reply("")

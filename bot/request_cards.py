"""The cards of requests to move a champion, as the courier sends them.

Nobody else writes on them: a click is stored, and the courier draws what is stored. So an older
drawing never stands over a newer one, however many people press at once.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bot.called import reachable
from bot.courier import Carded, Subjects
from knowledge.ports import Approvals, Promoting
from knowledge.promoting.mover import REQUEST, REQUEST_THREAD
from knowledge.promotion.evidence import Evidence
from knowledge.records import Approval, ApprovalStatus, Event
from skills.cards.request import request_card, request_update
from skills.contract import Picture, Reply
from skills.request_pictures import request_picture

KEPT_PICTURES = 50
"""Drawing one takes half a second, and every vote edits the card."""


@dataclass
class RequestCards:
    """`subjects` for the courier, which calls from one thread."""

    approvals: Approvals
    promoting: Promoting
    channel: str
    """For requests that were asked nowhere, or where the bot cannot post."""
    people: Callable[[str], str]
    group: Callable[[str], str]
    """The id of a group by its handle: only ids are called. Raises NotFound, Unavailable."""
    _pictures: OrderedDict[str, Picture | None] = field(default_factory=OrderedDict, repr=False)

    @property
    def subjects(self) -> Subjects:
        return Subjects(REQUEST, REQUEST_THREAD, self._load)

    def _load(self, approval_id: str) -> Carded:
        approval = self.approvals.get(approval_id)
        return Carded(
            channel=approval.channel or self.channel,
            since=approval.created_at,
            events=_news(approval),
            card=partial(self.card, approval),
            update=partial(request_update, approval, people=self.people),
            otherwise=self.channel,
        )

    def card(self, approval: Approval) -> Reply:
        evidence = self.promoting.thaw(approval)
        picture = self._picture(approval, evidence)
        waits = approval.status is ApprovalStatus.PENDING
        card = request_card(
            approval,
            evidence,
            self.promoting.policy(approval.model),
            self.people,
            (picture,) if picture else (),
            self.promoting.tally(approval) if waits else None,
        )
        return reachable(card, self.group)

    def _picture(self, approval: Approval, evidence: Evidence | None) -> Picture | None:
        """Of the evidence as it was frozen, so its hash names the picture."""
        if approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.MOVING):
            return None
        name = approval.evidence_hash
        if name not in self._pictures:
            self._pictures[name] = request_picture(evidence, approval.gates)
            if len(self._pictures) > KEPT_PICTURES:
                self._pictures.popitem(last=False)
        return self._pictures[name]


def _news(approval: Approval) -> tuple[Event, ...]:
    """That it was asked stands on the card; it is told in the thread when something follows."""
    return approval.timeline if len(approval.timeline) > 1 else ()

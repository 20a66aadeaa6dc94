"""The cards of handovers, as the courier sends them: to the other team, edited when they answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.courier import Carded, Subjects
from knowledge.catalogue import Catalogue
from knowledge.errors import TandemError
from knowledge.handovers import KIND, THREAD
from knowledge.oncall import OnCall
from knowledge.oncall.policy import Aim
from knowledge.ports import Handovers, Incidents
from knowledge.records import Handover, HandoverState
from skills.cards.handover import handover_card, handover_update
from skills.contract import Reply


@dataclass(frozen=True)
class HandoverCards:
    """`subjects` for the courier."""

    handovers: Handovers
    incidents: Incidents
    channel: str
    """For teams of whose channel nothing is known."""
    people: Callable[[str], str]
    now: Callable[[], datetime]
    catalogue: Catalogue
    oncall: OnCall

    @property
    def subjects(self) -> Subjects:
        return Subjects(KIND, THREAD, self._load)

    def _load(self, handover_id: str) -> Carded:
        handover = self.handovers.get(handover_id)
        return Carded(
            channel=self._channel(handover.to_team) or self.channel,
            since=handover.offered_at,
            events=(),
            card=partial(self.card, handover),
            update=handover_update,
            otherwise=self.channel,
        )

    def card(self, handover: Handover) -> Reply:
        incident = self.incidents.get(handover.incident)
        service = incident.service
        first = self.catalogue.team(self.catalogue.canonical(service) or service)
        every = self.handovers.find(incident=incident.id)
        waiting = handover.state is HandoverState.OFFERED
        # As of the answer or the offer: a card must not change because time goes by.
        as_of = handover.answered_at or handover.offered_at
        calls = self._called(handover.to_team) if waiting else ()
        return handover_card(handover, incident, every, as_of, self.people, first, calls)

    def _channel(self, team: str) -> str:
        """The channel that the team's escalation policy tells, where it names one."""
        assigned = self.oncall.teams.get(team)
        policy = self.oncall.policies.get(assigned.policy) if assigned else None
        targets = [t for level in policy.levels for t in level.tell] if policy else []
        return next((t.name for t in targets if t.aim is Aim.CHANNEL), "")

    def _called(self, team: str) -> tuple[str, ...]:
        """Whoever is on call there; nobody where that is not known."""
        if team not in self.oncall.teams and team not in self.oncall.rotations:
            return ()
        try:
            person = self.oncall.who(team, self.now()).person
        except TandemError:
            return ()
        return (person,) if person else ()

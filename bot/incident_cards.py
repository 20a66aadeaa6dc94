"""The cards of incidents, as the courier sends them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.courier import CARD, THREAD, Carded, Subjects
from knowledge.ports import Incidents
from knowledge.records import Event, Incident
from skills.contract import Reply


@dataclass(frozen=True)
class IncidentCards:
    """`subjects` for the courier."""

    incidents: Incidents
    channel: str
    card: Callable[[Incident], Reply]
    thread_update: Callable[[Incident, tuple[Event, ...]], Reply]
    settle: timedelta = timedelta()
    """How long a new incident's card is held back: in a storm's first moments incidents become one,
    and a card that need not be posted is the best kind."""

    @property
    def subjects(self) -> Subjects:
        return Subjects(CARD, THREAD, self._load)

    def _load(self, incident_id: str) -> Carded:
        incident = self.incidents.get(incident_id)
        return Carded(
            channel=self.channel,
            since=incident.opened_at,
            events=incident.timeline,
            card=partial(self.card, incident),
            update=partial(self.thread_update, incident),
            settle=self.settle,
            needless=bool(incident.merged_into),
        )

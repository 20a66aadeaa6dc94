"""Tickets in other systems: opened when somebody asked for one, and kept in step.

The incident says which tickets it should have; what a ticket was told already is remembered beside
the outbox, one watermark for each. A failure is tried again by the courier.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from knowledge.errors import Unavailable
from knowledge.ports import Incidents, Outbox, Tickets
from knowledge.records import Delivery, Incident, Posted, Ticket
from knowledge.ticketing import body_of, news, state_of, with_ticket, without_ticket

log = logging.getLogger("tandem.tickets")

TICKET = "ticket"
EVERY = timedelta(seconds=15)
MOST_LOOKED_AT = 300


@dataclass
class TicketSync:
    """`send` is the courier's sender of "ticket:INC-12"; `look` is for the schedule: it finds
    incidents that have moved on since their tickets were told."""

    incidents: Incidents
    outbox: Outbox
    systems: Sequence[Tickets]
    now: Callable[[], datetime]
    people: Callable[[str], str] = lambda user_id: user_id
    card_link: Callable[[str], str] = lambda incident_id: ""
    _settled: dict[str, int] = field(default_factory=dict, repr=False)
    """Length of the time line at which an incident's tickets were last in step."""

    def look(self) -> int:
        """Put a delivery for each incident whose tickets are behind; returns how many."""
        if not self.systems:
            return 0
        behind = [i for i in self.incidents.find(limit=MOST_LOOKED_AT) if self._is_behind(i)]
        for incident in behind:
            self.outbox.put(f"{TICKET}:{incident.id}", self.now())
        return len(behind)

    def send(self, delivery: Delivery) -> None:
        """Open what is asked for and tell the rest what is new. Raises Unavailable when something
        has to be tried again; one system's failure keeps no other from being told."""
        incident = self.incidents.get(delivery.subject)
        systems = {tickets.system: tickets for tickets in self.systems}
        failed: list[Unavailable] = []
        for ticket in incident.tickets:
            if ticket.system not in systems:
                continue
            try:
                self._bring_in_step(incident, ticket, systems[ticket.system])
            except Unavailable as error:
                failed += [error] if error.retry else []
                if not error.retry:
                    self._refused(incident, ticket, error)
        if failed:
            raise failed[0]

    def _bring_in_step(self, incident: Incident, ticket: Ticket, system: Tickets) -> None:
        if not ticket.key:
            made = system.create(incident, body_of(incident, self.card_link(incident.id)))
            # What happened until now is in its text, but for the state.
            known = max(len(incident.timeline) - 1, 0)
            self._remember(incident, made, known)
            self.incidents.change(
                incident.id,
                lambda i: with_ticket(i, made, self.now()),
                tell=("card", "thread", TICKET),
            )
            return
        told = self._told(incident, ticket)
        if told >= len(incident.timeline) and ticket.status == state_of(incident):
            return
        after = system.update(ticket, incident, news(incident, told, self.people))
        self._remember(incident, after, len(incident.timeline))
        if after != ticket:
            self.incidents.change(incident.id, lambda i: with_ticket(i, after, self.now()))

    def _refused(self, incident: Incident, ticket: Ticket, error: Unavailable) -> None:
        """Trying again would not help. One that was to be opened is given up, in sight of all."""
        log.error("%s: %s", incident.id, error)
        if ticket.key:
            self._remember(incident, ticket, len(incident.timeline))
            return
        give_up = partial(without_ticket, system=ticket.system, why=error.why[:300], now=self.now())
        self.incidents.change(incident.id, give_up, tell=("card", "thread"))

    def _is_behind(self, incident: Incident) -> bool:
        """Cheap for the many that have not changed since they were last looked at."""
        length = len(incident.timeline)
        if not incident.tickets or self._settled.get(incident.id) == length:
            return False
        ours = {tickets.system for tickets in self.systems}
        behind = any(
            not t.key or self._told(incident, t) < length
            for t in incident.tickets
            if t.system in ours
        )
        if not behind:
            self._settled[incident.id] = length
        return behind

    def _told(self, incident: Incident, ticket: Ticket) -> int:
        posted = self.outbox.posted(_key(incident, ticket))
        return int(posted.shows) if posted else 0

    def _remember(self, incident: Incident, ticket: Ticket, told: int) -> None:
        self.outbox.set_posted(Posted(_key(incident, ticket), "", "", str(told)))


def _key(incident: Incident, ticket: Ticket) -> str:
    return f"{TICKET}:{incident.id}@{ticket.system}"

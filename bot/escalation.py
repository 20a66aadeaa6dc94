"""Nobody takes an incident: who is told next, and telling them.

`Escalation` decides: it writes a step on the incident's time line and puts the delivery
"page:INC-12" into the outbox, in one transaction. `Pages` sends what time lines say was decided and
the outbox has not seen sent. Between the two lies the store, so a crash at any moment neither pages
twice for one step nor loses one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.ports import Gone, Messenger
from knowledge.errors import NotFound, TandemError, Unavailable
from knowledge.escalation import (
    PAGED,
    REMINDED,
    Page,
    Step,
    can_be_told,
    due,
    is_waiting,
    page_key,
    pages,
    step_taken,
)
from knowledge.incidents import TANDEM, record
from knowledge.oncall import OnCall
from knowledge.ports import Incidents, Outbox, Pager
from knowledge.records import Delivery, Incident, Posted
from knowledge.updates import reminded, reminder_due
from skills.contract import Reply
from skills.pages import page_message, reminder_message

log = logging.getLogger("tandem.escalation")

EVERY = timedelta(seconds=15)
PAGE = "page"
PAGER = "pager"
TOLD = ("card", "thread", PAGE)
MOST_OPEN = 500
CLOCKS_DIFFER = timedelta(minutes=5)
WAIT_FOR_CALENDAR = timedelta(minutes=2)
"""A step whose calendar cannot be read waits this long before it goes on without it."""

TRIGGERED, ACKNOWLEDGED, RESOLVED = "triggered", "acknowledged", "resolved"


@dataclass
class Escalation:
    """The scheduled job, on one replica at a time; `team` gives a service's team, or empty."""

    incidents: Incidents
    oncall: OnCall
    now: Callable[[], datetime]
    team: Callable[[str], str] = lambda service: ""

    def work(self) -> int:
        """Take the steps that are due, and remind of promised updates; returns how many."""
        done = 0
        for incident in self.incidents.find(open_only=True, limit=MOST_OPEN):
            try:
                done += self._escalate(incident) + self._remind(incident)
            except NotFound:
                continue
            except TandemError as error:
                log.warning("escalating %s: %s", incident.id, error)
        return done

    def _escalate(self, incident: Incident) -> bool:
        now = self.now()
        policy = self.oncall.policy_of(incident.service, self.team(incident.service))
        step = due(incident, policy, now)
        if step is None:
            return False
        # Calendars are asked before the transaction: it must not wait for the network.
        told, problems = self._reached(step, incident, now)
        late = step.waited - (policy.levels[0].after if policy else timedelta())
        if not told and problems and late < WAIT_FOR_CALENDAR:
            log.warning("%s waits for a calendar: %s", incident.id, "; ".join(problems))
            return False
        why_nobody = "; ".join(problems) or "nobody is on call"

        def take(stored: Incident) -> Incident:
            still = due(stored, policy, now)
            if still is None or still.number != step.number:
                return stored
            return step_taken(stored, step, told, now, "" if told else why_nobody)

        self.incidents.change(incident.id, take, tell=TOLD)
        return True

    def _reached(
        self, step: Step, incident: Incident, at: datetime
    ) -> tuple[tuple[str, ...], list[str]]:
        """Ids of all that the step tells, each once, and why others cannot be told."""
        told: dict[str, None] = {}
        problems = []
        team = self.team(incident.service)
        for target in step.tell:
            try:
                reached = self.oncall.reached(target, incident.service, at, team)
            except Unavailable as error:
                problems.append(str(error))
                continue
            if can_be_told(reached):
                told[reached] = None
            elif reached:
                problems.append(f"{reached!r} in the calendar is nobody's name in its table")
        return tuple(told), problems

    def _remind(self, incident: Incident) -> bool:
        now = self.now()
        if reminder_due(incident, now) is None:
            return False
        self.incidents.change(incident.id, lambda stored: reminded(stored, now), tell=TOLD)
        return True


@dataclass
class Pages:
    """Sends pages and reminders, and keeps PagerDuty or Opsgenie in step with the incident.

    `send` is the courier's sender of "page:INC-12"; `settle` is for the schedule, beside
    `Escalation.work`. Each message has a key of its own, remembered when it was sent; where that is
    in doubt, the chat is asked before anything is posted again.
    """

    incidents: Incidents
    outbox: Outbox
    messenger: Messenger
    now: Callable[[], datetime]
    started: datetime
    pager: Pager | None = None
    card_link: Callable[[str], str] = lambda incident_id: ""
    _in_doubt: set[str] = field(default_factory=set, repr=False)
    _ringing: set[str] | None = field(default=None, repr=False)
    """Incidents whose page in the other system is not over; None until they were looked for."""

    def send(self, delivery: Delivery) -> None:
        """Send what is new on the incident's time line. Raises Unavailable when something has to
        be sent again; what did get through is not repeated."""
        incident = self.incidents.get(delivery.subject)
        handled = self.outbox.posted(delivery.key)
        upto = int(handled.shows) if handled else 0
        perhaps_sent = bool(delivery.attempts) or delivery.due_at < self.started
        failed: list[Unavailable] = []
        for page in pages(incident, upto):
            if is_stale(incident, page):
                continue
            failed += self._send(incident, page, perhaps_sent)
        if failed:
            raise failed[0]
        self.outbox.set_posted(Posted(delivery.key, "", "", str(len(incident.timeline))))

    def forget(self) -> None:
        """Another replica may have paged meanwhile: what rings is looked for anew."""
        self._ringing = None

    def settle(self) -> None:
        """Acknowledge or end pages in the other system whose incident was taken or is over."""
        for incident_id in list(self._all_ringing()):
            try:
                self._settle(self.incidents.get(incident_id))
            except NotFound:
                self._all_ringing().discard(incident_id)
            except TandemError as error:
                log.warning("the page of %s: %s", incident_id, error)

    def _send(self, incident: Incident, page: Page, perhaps_sent: bool) -> list[Unavailable]:
        """Tell everybody that the page names; one who cannot be reached keeps nobody else from
        being told. Returns what has to be tried again."""
        failed = []
        if self.pager is not None and page.rings(self.pager.name):
            failed += self._attempt(incident, page, PAGER, partial(self._ring, incident, page))
        for target in page.told:
            key = f"{PAGE}:{incident.id}#{page.number}@{target}"
            tell = partial(self._tell, incident, page, target, key, perhaps_sent)
            failed += self._attempt(incident, page, target, tell)
        return failed

    def _attempt(
        self, incident: Incident, page: Page, target: str, send: Callable[[], None]
    ) -> list[Unavailable]:
        try:
            send()
        except Unavailable as error:
            if error.retry:
                return [error]
            log.error("%s cannot be told of %s: %s", target, incident.id, error)
            self._unreached(incident, page, target, error)
        return []

    def _tell(
        self, incident: Incident, page: Page, target: str, key: str, perhaps_sent: bool
    ) -> None:
        if self.outbox.posted(key) is not None:
            return
        place = None
        if perhaps_sent or key in self._in_doubt:
            place = self._left_over(target, key, page.event.at - CLOCKS_DIFFER)
        if place is None:
            self._in_doubt.add(key)
            place = self.messenger.post(target, self._message(incident, page, target), key=key)
        self.outbox.set_posted(Posted(key, *place))
        self._in_doubt.discard(key)

    def _left_over(self, target: str, key: str, since: datetime) -> tuple[str, str] | None:
        """The message of a run that ended between posting and remembering."""
        try:
            return self.messenger.find(target, key, since)
        except Gone:
            return None

    def _message(self, incident: Incident, page: Page, target: str) -> Reply:
        link = self.card_link(incident.id)
        if page.event.kind == REMINDED:
            return reminder_message(incident, page, link)
        return page_message(incident, page, target, self.messenger.person, link)

    def _ring(self, incident: Incident, page: Page) -> None:
        """The key is the incident's own, so asking twice wakes once."""
        if self.pager is None:
            return
        sent = f"{PAGE}:{incident.id}#{page.number}@{PAGER}"
        if self.outbox.posted(sent) is not None:
            return
        self.pager.page(incident, page_key(incident.id), f"{incident.id} {incident.title}")
        self.outbox.set_posted(Posted(_pager(incident), "", "", TRIGGERED))
        self.outbox.set_posted(Posted(sent, "", ""))
        self._all_ringing().add(incident.id)

    def _unreached(self, incident: Incident, page: Page, target: str, error: Unavailable) -> None:
        """Said where people look: on the time line, once."""
        whom = f"<@{target}>" if target != PAGER else error.system
        text = f"could not page {whom}: {error.why}"

        def note(stored: Incident) -> Incident:
            said = any(e.text == text and e.at >= page.event.at for e in stored.timeline)
            return stored if said else record(stored, "unreached", TANDEM, self.now(), text)

        self.incidents.change(incident.id, note, tell=("card", "thread"))

    def _settle(self, incident: Incident) -> None:
        standing = self.outbox.posted(_pager(incident))
        if self.pager is None or standing is None or standing.shows == RESOLVED:
            self._all_ringing().discard(incident.id)
            return
        if not incident.is_open:
            self.pager.end(page_key(incident.id))
            self.outbox.set_posted(Posted(_pager(incident), "", "", RESOLVED))
            self._all_ringing().discard(incident.id)
        elif incident.acknowledged_by and standing.shows != ACKNOWLEDGED:
            self.pager.acknowledge(page_key(incident.id))
            self.outbox.set_posted(Posted(_pager(incident), "", "", ACKNOWLEDGED))

    def _all_ringing(self) -> set[str]:
        if self._ringing is None:
            recent = self.incidents.find(limit=MOST_OPEN)
            still = self.incidents.find(open_only=True, limit=MOST_OPEN)
            self._ringing = {i.id for i in (*recent, *still) if self.outbox.posted(_pager(i))}
        return self._ringing


def is_stale(incident: Incident, page: Page) -> bool:
    """Was what the page is about dealt with while the page could not be sent?"""
    if not incident.is_open:
        return True
    return page.event.kind == PAGED and not page.by_hand and not is_waiting(incident)


def _pager(incident: Incident) -> str:
    return f"{PAGER}:{incident.id}"

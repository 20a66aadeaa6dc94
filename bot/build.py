"""Parts -> a running bot: who is told of what, and what runs when."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from bot.anchor import make_anchor
from bot.anchor import senders as anchor_senders
from bot.card_places import CardPlaces
from bot.conversation import Conversations
from bot.courier import CARD, THREAD, Courier, Subjects
from bot.desk import Desk, Loop
from bot.digest import make_digest, senders
from bot.escalation import PAGE, Escalation, Pages
from bot.execution_cards import ExecutionCards
from bot.handover_cards import HandoverCards
from bot.home import home_replies
from bot.incident_cards import IncidentCards
from bot.intake import Intake
from bot.jobs import (
    after_moves,
    housekeeping,
    promoting,
    quietly,
    remediating,
    telling,
    training,
    watching,
)
from bot.lull import take_short_turns
from bot.mlflow_hook import HEARD, hearing
from bot.moves import AfterMoves
from bot.parts import Parts, make_archive, make_parts
from bot.replica import COURIER, INTAKE, ROLES, SCHEDULE, Alone, Replica
from bot.request_cards import RequestCards
from bot.schedule import Job, Schedule, by_role
from bot.settings import Settings
from bot.slack import blocks, web
from bot.slack.groups import SlackGroups
from bot.slack.messenger import SlackMessenger
from bot.slack.rooms import SlackRooms
from bot.tickets import TICKET, TicketSync
from bot.training import TrainingCards, TrainingWatch
from bot.turn import Turn
from bot.upkeep.heartbeat import EVERY as HEARTBEAT
from bot.upkeep.heartbeat import Heartbeat
from bot.upkeep.outage_notes import AWAY, BLIND, SET_ASIDE, OutageNotes, put_away
from bot.upkeep.watchdog import EVERY as WATCHDOG
from bot.upkeep.watchdog import Watchdog
from bot.watching import MonitorWatching
from bot.watching.charge import ScheduleTurn
from bot.watching.tell import TELL, Telling
from knowledge.errors import TandemError
from knowledge.ids import APPROVALS, EXECUTIONS
from knowledge.promoting.canary import CanaryWatch
from knowledge.promoting.mover import REQUEST
from knowledge.promoting.outside import OutsideMoves
from knowledge.promoting.reviews import Reviews
from knowledge.promoting.service import Promotions
from knowledge.records import DocumentKind, Hit, Incident, Signal
from knowledge.remediation import EXECUTION, Remediations
from skills.cards import incident_card, thread_update
from skills.contract import Reply, User
from skills.incident_picture import incident_picture

log = logging.getLogger("tandem.build")

MOST_DRAWN = 5_000
"""Alerts of the history that a card counts and draws."""
COURIER_S = 0.25
CARD_SETTLES = timedelta(seconds=2)
INTAKE_S = 2.0
SHARED_INTAKE_S = 0.25
"""Other replicas' webhooks wake nobody here."""
GATHER_S = 0.1
"""What comes this soon after each other is one round: fewer, larger transactions in a storm."""


@dataclass
class Bot:
    """The running bot without its ways in; `start()` and `stop()` in that order, once."""

    parts: Parts
    messenger: SlackMessenger
    desk: Desk
    intake: Intake
    courier: Courier
    schedule: Schedule
    loops: dict[str, Loop] = field(default_factory=dict)
    replica: Replica | Alone = field(default_factory=Alone)
    watchdog: Watchdog | None = None
    wrong: Callable[[], list[str]] = list
    """What keeps it from its work, as whoever runs it knows (`bot.upkeep.health`)."""

    def start(self) -> None:
        self.replica.start()
        take_short_turns()
        for loop in self.loops.values():
            loop.start()
        self.schedule.start()

    def stop(self) -> None:
        """Finish what is under way; what waits stays in the store. Other replicas take each role
        over as soon as what was done in it has ended."""
        for role in (INTAKE, COURIER):
            self.replica.end(role)
            self.loops[role].stop()
            self.replica.release(role)
        self.schedule.stop()
        if isinstance(self.parts.watching, MonitorWatching):
            self.parts.watching.close()
        self.replica.release(SCHEDULE)
        self.desk.stop()
        self.replica.stop()
        self.parts.close()

    def watchdog_silent_s(self) -> float | None:
        """Seconds since the alert that always fires was heard; None where none is expected, or
        where another replica listens."""
        if self.watchdog is None or not self.replica.holds(INTAKE):
            return None
        return self.watchdog.silent_s()

    def accept(self, source: str, body: bytes, signals: Sequence[Signal]) -> int:
        """Store a webhook durably and wake the intake."""
        batch = self.intake.accept(source, body, signals)
        self.loops["intake"].wake()
        return batch

    def health(self) -> dict[str, object]:
        """Raises nothing: says what is ready and what waits."""
        now = self.parts.now()
        try:
            inbox = self.parts.store.inbox.count()
            outbox = self.parts.store.outbox.count_due(now)
        except TandemError as error:
            return {"ok": False, "database": str(error)}
        return {
            "ok": True,
            "library_ready": self.parts.library.ready,
            "inbox_waiting": inbox,
            "outbox_due": outbox,
            "replica": self.replica.name,
            "roles": [role for role in ROLES if self.replica.holds(role)],
        }


def build(settings: Settings, **overrides: Any) -> Bot:
    """Wire the bot. `overrides` are those of `make_parts`. Raises UserError."""
    token = settings.slack_bot_token.get_secret_value()
    client = web.open_client(token, settings.slack_api_url, timeout=15)
    groups = SlackGroups(client)
    replica = overrides.pop("replica", None)
    parts = make_parts(settings, **{"groups": groups, **overrides})
    meters, store, now = parts.meters, parts.store, parts.now
    replica = replica or (Replica(store.leases) if store.is_shared else Alone())
    parts.intake.feeds = partial(replica.holds, INTAKE)
    store.inbox = meters.inbox(store.inbox, now)
    messenger = meters.messenger(SlackMessenger(client))
    places = CardPlaces(store.outbox, messenger)

    def touched(subject: str) -> None:
        if subject.startswith(f"{APPROVALS.prefix}-"):
            store.outbox.put(f"{REQUEST}:{subject}", now())
            return
        if subject.startswith(f"{EXECUTIONS.prefix}-"):
            store.outbox.put(f"{EXECUTION}:{subject}", now())
            return
        for kind in (CARD, THREAD):
            store.outbox.put(f"{kind}:{subject}", now())
        incident = store.incidents.get(subject)
        parts.intake.noticed(incident)
        if not incident.is_open:
            parts.remember(incident)

    context = partial(
        parts.context,
        people=messenger.person,
        read_thread=places.thread,
        card_link=places.link,
        rooms=SlackRooms(client, messenger),
    )
    turn = Turn(
        skills=meters.skills(parts.skills),
        router=parts.router,
        people=messenger,
        seen=store.seen,
        audit=meters.audit(store.audit),
        touched=touched,
        rights=parts.rights,
        context=context,
        now=now,
        team_of=parts.team_of,
        known=parts.router.known,
        talk=Conversations(store.memos),
    )

    def publish_home(user_id: str) -> None:
        user = User(user_id, messenger.person(user_id), parts.rights.role(user_id))
        try:
            replies = home_replies(context(user, now()), parts.skills)
            messenger.home(user_id, blocks.home_view(replies))
        except TandemError as error:
            log.warning("the home of %s: %s", user_id, error)

    pages = Pages(store.incidents, store.outbox, messenger, now, now(), parts.pager, places.link)
    digest = make_digest(
        settings.tandem_digest, store, messenger, settings.tandem_channel, now, parts.catalogue.team
    )
    anchor = make_anchor(
        store.audit,
        store.outbox,
        messenger,
        settings.tandem_audit_channel,
        now,
        make_archive(settings),
        timedelta(days=settings.tandem_audit_retain_days),
    )
    tickets = TicketSync(
        store.incidents, store.outbox, parts.tickets, now, messenger.person, places.link
    )
    telling_named = Telling(
        store,
        parts.watching,
        parts.oncall,
        messenger,
        settings.tandem_channel,
        now,
        places.link,
    )
    incident_cards = IncidentCards(
        store.incidents,
        settings.tandem_channel,
        lambda incident: _card(parts, incident, messenger.person),
        partial(thread_update, people=messenger.person),
        CARD_SETTLES,
    )
    request_cards = RequestCards(
        store.approvals,
        parts.promoting,
        settings.tandem_channel,
        messenger.person,
        groups.id_of,
    )
    handover_cards = HandoverCards(
        store.handovers,
        store.incidents,
        settings.tandem_channel,
        messenger.person,
        now,
        parts.catalogue,
        parts.oncall,
    )
    training_cards = TrainingCards(store.runs, settings.tandem_channel)
    after = AfterMoves(
        store.moves,
        store.approvals,
        parts.models,
        parts.promoting.policy,
        settings.tandem_channel,
        messenger.person,
        places.link,
        groups.id_of,
    )
    outside = OutsideMoves(store, store.seen, parts.models, parts.promoting, now)
    notes = OutageNotes(store.outbox, messenger, settings.tandem_channel)
    courier = Courier(
        outbox=store.outbox,
        messenger=messenger,
        subjects=(
            incident_cards.subjects,
            request_cards.subjects,
            training_cards.subjects,
            handover_cards.subjects,
            *_execution_cards(parts, messenger.person),
            *after.subjects,
        ),
        started=now(),
        others={
            PAGE: pages.send,
            TICKET: tickets.send,
            TELL: telling_named.send,
            HEARD: hearing(outside.heard),
            AWAY: notes.away,
            BLIND: notes.blind,
            SET_ASIDE: notes.set_aside,
            **senders(digest),
            **anchor_senders(anchor),
        },
        over=partial(put_away, store.outbox),
        in_charge=partial(replica.holds, COURIER),
        pass_on=partial(replica.pass_on, COURIER),
    )
    desk = Desk(meters.turns(turn), messenger, parts.skills, store.outbox, publish_home)
    parts.intake.give_way = turn.give_way = desk.lull.give_way
    bot = Bot(
        parts,
        messenger,
        desk,
        parts.intake,
        courier,
        Schedule([]),
        {
            "intake": Loop(
                "intake",
                meters.loop("intake", meters.timed_batches(parts.intake.work)),
                SHARED_INTAKE_S if store.is_shared else INTAKE_S,
                gather_s=GATHER_S,
            ),
            "courier": Loop(
                "courier",
                meters.loop("courier", lambda: courier.work(now())),
                COURIER_S,
                before=desk.lull.give_way,
            ),
        },
        replica,
    )

    def gained(role: str) -> None:
        if role == COURIER:
            pages.forget()
        if role in bot.loops:
            bot.loops[role].wake()

    if isinstance(replica, Replica):
        replica.gained = gained
    escalation = Escalation(store.incidents, parts.oncall, now, parts.catalogue.team)
    jobs = [
        *_watching(parts, replica, bot.loops["intake"]),
        *housekeeping(parts),
        *telling(escalation, pages, tickets, digest, anchor),
        *training(TrainingWatch(store, parts.trainer, parts.models, store.seen, now)),
        *_promoting(parts, outside),
        *_remediating(parts),
        *_outside(bot),
    ]
    bot.schedule = Schedule([by_role(meters.job(job), replica.holds) for job in jobs])
    return bot


def _watching(parts: Parts, replica: Replica | Alone, intake: Loop) -> list[Job]:
    """The jobs of the monitors; what they find is dealt with at once."""
    if not isinstance(parts.watching, MonitorWatching):
        return []
    engine = parts.watching.engine
    engine.accepted = intake.wake
    engine.charge = ScheduleTurn(replica, parts.store.leases)
    return watching(engine, parts.store.is_shared)


def _outside(bot: Bot) -> list[Job]:
    """Who hears that Tandem works, and whom Tandem hears working. Raises UserError."""
    settings, store, now = bot.parts.settings, bot.parts.store, bot.parts.now
    url = settings.tandem_heartbeat_url.get_secret_value()
    fail_url = settings.tandem_heartbeat_fail_url.get_secret_value()
    jobs = []
    if url or fail_url:
        told = bot.parts.meters.heart_beat
        beat = Heartbeat(url, fail_url, lambda: bot.wrong(), store.outbox, now, told)
        jobs.append(Job("heartbeat", HEARTBEAT, quietly("heartbeat", beat.work)))
    if settings.tandem_watchdog:
        within = timedelta(minutes=settings.tandem_watchdog_minutes)
        name = settings.tandem_watchdog
        bot.watchdog = Watchdog(name, within, store.incidents, bot.accept, now)
        bot.intake.aside = bot.watchdog.hears
        look = quietly("watchdog", bot.watchdog.look)
        jobs.append(Job("watchdog", WATCHDOG, look, role=INTAKE))
    return jobs


def _promoting(parts: Parts, outside: OutsideMoves) -> list[Job]:
    """The jobs of requests, where they are the real ones."""
    if not isinstance(parts.promoting, Promotions):
        return []
    store, policy, now = parts.store, parts.promoting.policy, parts.now
    canary = CanaryWatch(
        store.approvals,
        store.incidents,
        store.monitors,
        parts.models,
        parts.metrics,
        parts.frames,
        parts.promoting,
        now,
    )
    reviews = Reviews(store.approvals, store.outbox, policy, now)
    return [*promoting(parts.promoting), *after_moves(canary, outside, reviews)]


def _execution_cards(parts: Parts, people: Callable[[str], str]) -> list[Subjects]:
    """Where runbooks can be run."""
    if parts.remediation is None:
        return []
    channel = parts.settings.tandem_channel
    cards = ExecutionCards(parts.store.executions, parts.remediation, channel, people)
    return [cards.subjects]


def _remediating(parts: Parts) -> list[Job]:
    if not isinstance(parts.remediation, Remediations):
        return []
    return remediating(parts.remediation)


def _card(parts: Parts, incident: Incident, people: Callable[[str], str]) -> Reply:
    similar: list[Hit] = []
    if parts.embedder.ready:
        told = " ".join(dict.fromkeys(s.summary or s.name for s in incident.signals[:5]))
        similar = parts.library.similar(
            f"{incident.title}. {told}", 2, (DocumentKind.INCIDENT,), (incident.id,)
        )
    now = parts.now()
    records = parts.store.alerts.find(incident=incident.id, limit=MOST_DRAWN)
    return incident_card(
        incident,
        similar,
        incident_picture(incident, now, records),
        people,
        catalogue=parts.catalogue,
        records=records,
        now=now,
        noticed=parts.reading.noticed(incident, now),
        executions=parts.store.executions.find(incident=incident.id, open_only=True),
        offers=parts.remediation.offers(incident) if parts.remediation is not None else (),
    )

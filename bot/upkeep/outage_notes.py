"""What Tandem could not do for a while, said in its channel: one message for each outage.

They are deliveries like cards: put into the outbox when they become due, posted once. That Slack
was away is said when it is back; that a data source is away, while it is, and the same message says
later that it is there again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.ports import Messenger
from bot.upkeep.outage import Over
from knowledge.durations import say_duration
from knowledge.ports import Outbox
from knowledge.records import Delivery, Posted
from skills.contract import Reply, Tone

AWAY = "slack-away"
BLIND = "blind"
SET_ASIDE = "set-aside"
_CLOCKS_DIFFER = timedelta(minutes=5)


def put_away(outbox: Outbox, over: Over) -> None:
    """Have it said that Slack took nothing for a while."""
    since, until = over.since.isoformat(), over.until.isoformat()
    outbox.put(f"{AWAY}:{since}|{until}|{over.waited}", over.until)


def put_blind(
    outbox: Outbox, source: str, since: datetime, monitors: int, now: datetime, *, back: bool
) -> None:
    """Have it said that a data source does not answer, or that it does again."""
    state = now.isoformat() if back else ""
    outbox.put(f"{BLIND}:{since.isoformat()}|{state}|{monitors}|{source}", now)


def put_set_aside(outbox: Outbox, source: str, now: datetime) -> None:
    """Have it said that webhooks of a source could not be dealt with: once an hour at most."""
    outbox.put(f"{SET_ASIDE}:{now:%Y-%m-%dT%H}|{source}", now)


@dataclass
class OutageNotes:
    """The courier's senders of these kinds."""

    outbox: Outbox
    messenger: Messenger
    channel: str

    def away(self, delivery: Delivery) -> None:
        """Raises Unavailable, and is called again."""
        since, until, waited = delivery.subject.split("|")
        note = away_note(
            Over(datetime.fromisoformat(since), datetime.fromisoformat(until), int(waited))
        )
        self._say(f"{AWAY}:{since}", note, datetime.fromisoformat(until))

    def blind(self, delivery: Delivery) -> None:
        """Raises Unavailable, and is called again."""
        began, ended, monitors, source = delivery.subject.split("|", 3)
        since = datetime.fromisoformat(began)
        until = datetime.fromisoformat(ended) if ended else None
        note = blind_note(source, int(monitors), since, until)
        self._say(f"{BLIND}:{began}|{source}", note, since)

    def set_aside(self, delivery: Delivery) -> None:
        """Raises Unavailable, and is called again."""
        hour, source = delivery.subject.split("|", 1)
        since = datetime.fromisoformat(hour).replace(tzinfo=UTC)
        self._say(delivery.key, set_aside_note(source, since), since)

    def _say(self, key: str, note: Reply, since: datetime) -> None:
        """Post it, or edit what stands there: also what an earlier run posted."""
        posted = self.outbox.posted(key)
        if posted is None:
            found = self.messenger.find(self.channel, key, since - _CLOCKS_DIFFER)
            posted = Posted(key, *found, "") if found else None
        if posted is None:
            where = self.messenger.post(self.channel, note, key=key)
        else:
            where = (posted.channel, posted.ts)
            self.messenger.edit(*where, note, key=key)
        self.outbox.set_posted(Posted(key, *where, note.title))


def away_note(over: Over) -> Reply:
    """Slack was away, and what that means for people."""
    held = "1 message" if over.waited == 1 else f"{over.waited} messages"
    lasted = say_duration(over.until - over.since)
    return Reply(
        title=f"Slack did not take {held} for {lasted}",
        text=(
            f"From {over.since:%H:%M} to {over.until:%H:%M} UTC Slack took nothing from Tandem. "
            "Alerts were accepted and kept meanwhile, and every card shows how things stand now. "
            "What was written or pressed in that time may not have reached Tandem: where a card "
            "does not show it, press again."
        ),
        tone=Tone.WARNING,
    )


def blind_note(source: str, monitors: int, since: datetime, until: datetime | None) -> Reply:
    """A data source is away, or was."""
    who = "1 monitor" if monitors == 1 else f"{monitors} monitors"
    if until is None:
        return Reply(
            title=f"{_named(source)} has not answered since {since:%H:%M} UTC",
            text=f"Blind until it does: {who}. Alerts from elsewhere come as ever.",
            tone=Tone.WARNING,
        )
    return Reply(
        title=f"{_named(source)} answers again after {say_duration(until - since)}",
        text=(
            f"Blind from {since:%H:%M} to {until:%H:%M} UTC: {who}. "
            "What was missed is read from it now, as far as it was kept there."
        ),
        tone=Tone.GOOD,
    )


def set_aside_note(source: str, since: datetime) -> Reply:
    """Something that came in cannot be dealt with."""
    return Reply(
        title=f"What {source} sent could not be dealt with",
        text=(
            f"Since {since:%H:%M} UTC at least one webhook was set aside, so that it holds up no "
            "other: its alerts are in no incident. It is kept as it came; the log says why "
            '("set aside"), and the how-to on faults how to have it dealt with again.'
        ),
        tone=Tone.BAD,
    )


def _named(source: str) -> str:
    """The one that has no name of its own is called what it is."""
    return "Prometheus" if source == "prometheus" else source

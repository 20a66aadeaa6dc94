"""The audit record's head, posted once a day where others see it.

Whoever could rewrite the whole record in the database could not rewrite what the channel was told:
`tandem audit verify --anchor HASH` then says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.ports import Messenger
from knowledge.ports import Audit, Outbox
from knowledge.records import Delivery, Posted
from skills.contract import Reply

ANCHOR = "anchor"
"""The kind of its deliveries; "anchor:2026-11-22" is that day's."""


@dataclass(frozen=True)
class Anchor:
    """`put_due` is a job of the schedule, `send` what the courier does with its deliveries."""

    audit: Audit
    outbox: Outbox
    messenger: Messenger
    channel: str
    now: Callable[[], datetime]

    def put_due(self) -> None:
        """Have today's (UTC) head posted, unless it was."""
        key = f"{ANCHOR}:{self.now().astimezone(UTC).date()}"
        if self.outbox.posted(key) is None:
            self.outbox.put(key, self.now())

    def send(self, delivery: Delivery) -> None:
        """Raises Unavailable: then it is tried again, and the message is looked for first."""
        if self.outbox.posted(delivery.key) is not None:
            return
        newest = self.audit.find(limit=1)
        if not newest or not newest[0].hash:
            self.outbox.set_posted(Posted(delivery.key, "", "", "nothing to tell"))
            return
        day = datetime.combine(date.fromisoformat(delivery.subject), time(), UTC)
        place = self.messenger.find(self.channel, delivery.key, day - timedelta(minutes=5))
        if place is None:
            reply = anchor_reply(newest[0].number, newest[0].hash)
            place = self.messenger.post(self.channel, reply, key=delivery.key)
        self.outbox.set_posted(Posted(delivery.key, *place, newest[0].hash))


def anchor_reply(entries: int, head: str) -> Reply:
    many = "1 entry" if entries == 1 else f"{entries:,} entries"
    return Reply(
        title=f"Audit record: {many}",
        text=f"Head `{head}`",
        footer="`tandem audit verify --anchor` with this head proves later that nothing up to here "
        "was rewritten.",
    )


def make_anchor(
    audit: Audit, outbox: Outbox, messenger: Messenger, channel: str, now: Callable[[], datetime]
) -> Anchor | None:
    """None when TANDEM_AUDIT_CHANNEL (`channel`) is empty."""
    return Anchor(audit, outbox, messenger, channel, now) if channel else None


def senders(anchor: Anchor | None) -> Mapping[str, Callable[[Delivery], None]]:
    """For the courier: also without an anchor, what waits from before is taken off its hands."""
    return {ANCHOR: anchor.send if anchor else lambda delivery: None}

"""The audit record's head, told once a day where it cannot be rewritten: in a channel, and in an
archive with a retention lock.

Whoever could rewrite the whole record in the database could not rewrite what was told there:
`tandem audit verify --anchor HASH` and `--anchors PLACE` then say so.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.ports import Messenger
from knowledge.ports import Archive, Audit, Outbox
from knowledge.records import AuditEntry, Delivery, Posted
from skills.contract import Reply

ANCHOR, ARCHIVED = "anchor", "anchor-archive"
"""The kinds of its deliveries; "anchor:2026-11-22" is that day's."""
NOTHING = "nothing to tell"
HASH = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Anchor:
    """`put_due` is a job of the schedule, `post` and `keep` what the courier does with its
    deliveries. No channel: nothing is posted; no archive: nothing is kept."""

    audit: Audit
    outbox: Outbox
    messenger: Messenger
    channel: str
    now: Callable[[], datetime]
    archive: Archive | None = None
    retain: timedelta = timedelta(days=365)

    def put_due(self) -> None:
        """Have today's (UTC) head told wherever it was not."""
        day = self.now().astimezone(UTC).date()
        kinds = [ANCHOR] * bool(self.channel) + [ARCHIVED] * (self.archive is not None)
        for key in (f"{kind}:{day}" for kind in kinds):
            if self.outbox.posted(key) is None:
                self.outbox.put(key, self.now())

    def post(self, delivery: Delivery) -> None:
        """Raises Unavailable: then it is tried again, and the message is looked for first."""
        head = self._head(delivery)
        if head is None or not self.channel:
            return
        day = datetime.combine(date.fromisoformat(delivery.subject), time(), UTC)
        place = self.messenger.find(self.channel, delivery.key, day - timedelta(minutes=5))
        if place is None:
            reply = anchor_reply(head.number, head.hash)
            place = self.messenger.post(self.channel, reply, key=delivery.key)
        self.outbox.set_posted(Posted(delivery.key, *place, head.hash))

    def keep(self, delivery: Delivery) -> None:
        """Raises Unavailable: then it is tried again. An attempt that got through without our
        knowing left the same bytes under the same name, or those of a head before this one."""
        head = self._head(delivery)
        if head is None or self.archive is None:
            return
        name = f"{delivery.subject}-{head.number:09d}.json"
        address = self.archive.keep(name, anchor_bytes(head), self.now() + self.retain)
        self.outbox.set_posted(Posted(delivery.key, "", address, head.hash))

    def _head(self, delivery: Delivery) -> AuditEntry | None:
        """The newest entry, unless this day's was told or there is none."""
        if self.outbox.posted(delivery.key) is not None:
            return None
        newest = self.audit.find(limit=1)
        if not newest or not newest[0].hash:
            self.outbox.set_posted(Posted(delivery.key, "", "", NOTHING))
            return None
        return newest[0]


def anchor_reply(entries: int, head: str) -> Reply:
    many = "1 entry" if entries == 1 else f"{entries:,} entries"
    return Reply(
        title=f"Audit record: {many}",
        text=f"Head `{head}`",
        footer="`tandem audit verify --anchor` with this head proves later that nothing up to here "
        "was rewritten.",
    )


def anchor_bytes(head: AuditEntry) -> bytes:
    """The same entry, the same bytes."""
    said = {"entries": head.number, "head": head.hash, "at": head.at.astimezone(UTC).isoformat()}
    return json.dumps(said, sort_keys=True).encode() + b"\n"


def anchors_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Every head that is written in them, whatever else is: 64 hexadecimal digits each."""
    return tuple(dict.fromkeys(found for text in texts for found in HASH.findall(text)))


def make_anchor(
    audit: Audit,
    outbox: Outbox,
    messenger: Messenger,
    channel: str,
    now: Callable[[], datetime],
    archive: Archive | None = None,
    retain: timedelta = timedelta(days=365),
) -> Anchor | None:
    """None when there is neither TANDEM_AUDIT_CHANNEL (`channel`) nor an archive."""
    if not channel and archive is None:
        return None
    return Anchor(audit, outbox, messenger, channel, now, archive, retain)


def senders(anchor: Anchor | None) -> Mapping[str, Callable[[Delivery], None]]:
    """For the courier: also without an anchor, what waits from before is taken off its hands."""
    if anchor is None:
        return {ANCHOR: lambda delivery: None, ARCHIVED: lambda delivery: None}
    return {ANCHOR: anchor.post, ARCHIVED: anchor.keep}

"""Tells those whom a monitor names besides the channel of incidents.

The engine puts "tell:<fingerprint>|<start>" into the outbox with what it found. Its time comes a
little later, when the finding is part of an incident; each person or channel is told of each
incident once, however many series of however many monitors are in it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.ports import Gone, Messenger
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.escalation import can_be_told
from knowledge.oncall import OnCall
from knowledge.ports import Outbox, Store, Watching
from knowledge.records import AlertRecord, Delivery, Posted, Signal
from skills.contract import Button, Call, Reply, Tone

log = logging.getLogger("tandem.watching")

TELL = "tell"
SETTLES = timedelta(seconds=10)
"""Until then the correlation has mostly made up its mind."""
GIVE_UP = timedelta(hours=1)
"""What opened no incident by then was nothing to tell of."""
_CLOCKS_DIFFER = timedelta(minutes=5)


def put(outbox: Outbox, signals: Sequence[Signal], now: datetime) -> None:
    """Have these told; within the transaction that accepts them."""
    for signal in signals:
        outbox.put(f"{TELL}:{signal.fingerprint}|{signal.starts_at.isoformat()}", now + SETTLES)


@dataclass
class Telling:
    """`send` is the courier's sender of these deliveries."""

    store: Store
    watching: Watching
    oncall: OnCall
    messenger: Messenger
    channel: str
    """That of the incidents, where everything is shown anyway."""
    now: Callable[[], datetime]
    card_link: Callable[[str], str] = lambda incident_id: ""
    _in_doubt: set[str] = field(default_factory=set, repr=False)

    def send(self, delivery: Delivery) -> None:
        """Raises Unavailable while there is no incident yet, and when somebody has to be told
        again; nobody is told twice."""
        fingerprint, _, start = delivery.subject.partition("|")
        starts_at = datetime.fromisoformat(start)
        record = self._record(fingerprint, starts_at)
        if record is not None and not record.signal.firing:
            return
        if record is None or not record.incident:
            if self.now() - starts_at < GIVE_UP:
                raise Unavailable("the correlation", "has opened no incident for it yet")
            return
        try:
            names = self.watching.get(record.signal.labels.get("monitor", "")).monitor.tell
        except NotFound:
            return
        for target in self._targets(names):
            self._tell(record.signal, record.incident, target, bool(delivery.attempts))

    def _record(self, fingerprint: str, starts_at: datetime) -> AlertRecord | None:
        """None while the intake has not dealt with it."""
        try:
            return self.store.alerts.get(fingerprint, starts_at)
        except NotFound:
            return None

    def _targets(self, names: Sequence[str]) -> list[str]:
        """Ids and channels, each once. A name that nobody has is told of in the log."""
        found: dict[str, None] = {}
        for name in names:
            target = self._reached(name)
            if not target:
                log.warning("a monitor tells %r, which names no channel, person or team", name)
            elif target != self.channel:
                found[target] = None
        return list(found)

    def _reached(self, name: str) -> str:
        """A channel or an id as it is; a person by the name in the on-call file; of a team,
        service or rotation who is on call now."""
        if can_be_told(name):
            return name
        person = self.oncall.person(name)
        if person:
            return person
        try:
            shift = self.oncall.who(name, self.now())
        except UserError:
            return ""
        return "" if shift.by_default or not can_be_told(shift.person) else shift.person

    def _tell(self, signal: Signal, incident: str, target: str, again: bool) -> None:
        key = f"{TELL}:{incident}@{target}"
        if self.store.outbox.posted(key) is not None:
            return
        place = self._left_over(target, key) if again or key in self._in_doubt else None
        if place is None:
            self._in_doubt.add(key)
            try:
                message = tell_message(signal, incident, self.card_link(incident))
                place = self.messenger.post(target, message, key=key)
            except Unavailable as error:
                if error.retry:
                    raise
                log.error("%s cannot be told of %s: %s", target, incident, error)
                place = ("", "")
        self.store.outbox.set_posted(Posted(key, *place))
        self._in_doubt.discard(key)

    def _left_over(self, target: str, key: str) -> tuple[str, str] | None:
        try:
            return self.messenger.find(target, key, self.now() - GIVE_UP - _CLOCKS_DIFFER)
        except Gone:
            return None


def tell_message(signal: Signal, incident: str, link: str = "") -> Reply:
    """What was found, and the way to its incident."""
    catch_up = Button("Catch me up", Call("incident_summary", {"incident": incident}))
    return Reply(
        title=f"{incident} · {signal.name}",
        text=signal.summary,
        tone=Tone.WARNING,
        buttons=(catch_up, *((Button("Open the card", url=link),) if link else ())),
        footer=f"Its monitor names you; since {signal.starts_at:%H:%M} UTC",
    )

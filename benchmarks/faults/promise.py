"""The promise, checked in one place: what was accepted against what came of it.

Every accepted alert is in exactly one incident, and an incident holds nothing else; every incident
has one card, in its final state; its thread tells each step once; every decision that was taken is
there once. Who it is said to is asked of the store and of the channel, never of the bot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.faults.ledger import Ledger
from bot.playground.workspace import Message
from knowledge.ports import Store
from knowledge.records import Incident, Status

MOST = 10_000
CARD, THREAD = "card:", "thread:"


@dataclass(frozen=True)
class Found:
    """Counts; `problems` says each breach in words."""

    accepted: int = 0
    """Alerts that were answered 202, repeats too."""
    expected: int = 0
    """Incidents."""
    incidents: int = 0
    doubled: int = 0
    """Messages that are there twice, steps told twice, incidents of one trouble too many."""
    decisions: int = 0
    decisions_lost: int = 0
    decisions_doubled: int = 0
    again: int = 0
    """Presses beyond the first of a card: Slack told the person that the one before was not taken,
    or the card had not changed for a while."""
    problems: tuple[str, ...] = field(default=(), repr=False)

    @property
    def kept(self) -> bool:
        return not self.problems


def check(ledger: Ledger, store: Store, said: Sequence[Message]) -> Found:
    """`said` is all that the bot said in the channel, threads too. Raises Unavailable."""
    incidents = store.incidents.find(limit=MOST)
    problems = [
        *_waiting(store),
        *_signals(ledger, incidents),
        *(doubled := [*_of_one_trouble(ledger, incidents), *_twice(said)]),
        *_cards(incidents, said),
    ]
    taken = [i for i in incidents if i.acknowledged_by or i.service in ledger.stood]
    lost = [i for i in taken if not i.acknowledged_by]
    twice = [i for i in taken if sum(e.kind == "acknowledged" for e in i.timeline) > 1]
    problems += [f"the decision on {i.service} is lost" for i in lost]
    problems += [f"the decision on {i.service} counts twice" for i in twice]
    return Found(
        ledger.accepted,
        len(ledger.firing),
        len(incidents),
        len(doubled),
        len(taken),
        len(lost),
        len(twice),
        ledger.pressed.total() - len(ledger.pressed) + ledger.unanswered,
        tuple(problems),
    )


def _waiting(store: Store) -> Iterable[str]:
    if waiting := store.inbox.count():
        yield f"{waiting} webhooks wait in the inbox"
    if due := store.outbox.count_due(datetime.max.replace(tzinfo=UTC)):
        yield f"{due} messages wait in the outbox"


def _signals(ledger: Ledger, incidents: Sequence[Incident]) -> Iterable[str]:
    """Each accepted alert in exactly one incident, in its last state; and nothing else there."""
    places = Counter(s.fingerprint for i in incidents for s in i.signals)
    firing = {s.fingerprint for i in incidents for s in i.signals if s.firing}
    accepted = {mark for marks in ledger.firing.values() for mark in marks}
    for mark in sorted(accepted):
        if places[mark] != 1:
            yield f"{mark} is in {places[mark]} incidents"
        if mark in ledger.ended and mark in firing:
            yield f"the end of {mark} is lost"
    yield from (f"{mark} was never accepted" for mark in sorted(places.keys() - accepted))


def _of_one_trouble(ledger: Ledger, incidents: Sequence[Incident]) -> Iterable[str]:
    of: dict[str, list[str]] = {}
    for incident in incidents:
        for service in {s.service for s in incident.signals}:
            of.setdefault(service, []).append(incident.id)
    for service in ledger.firing:
        if len(of.get(service, ())) > 1:
            yield f"{service} has the incidents {', '.join(of[service])}"
    services = {frozenset(s.service for s in i.signals): i.id for i in incidents}
    yield from (f"{i} holds {', '.join(sorted(of))}" for of, i in services.items() if len(of) > 1)


def _twice(said: Sequence[Message]) -> Iterable[str]:
    keys = Counter(filter(None, map(key_of, said)))
    yield from (f"{key} was posted {n} times" for key, n in keys.items() if n > 1)


def _cards(incidents: Sequence[Incident], said: Sequence[Message]) -> Iterable[str]:
    cards: Mapping[str, Message] = {
        key_of(m).removeprefix(CARD): m for m in said if key_of(m).startswith(CARD)
    }
    for incident in incidents:
        card = cards.get(incident.id)
        if card is None:
            yield f"{incident.id} of {incident.service} has no card"
            continue
        if incident.status is Status.RESOLVED and "resolved" not in shown(card):
            yield f"the card of {incident.id} does not say that it is resolved"
        if incident.is_open and incident.acknowledged_by and "acknowledged by" not in shown(card):
            yield f"the card of {incident.id} does not say who acknowledged it"
        told = [m for m in said if key_of(m).startswith(f"{THREAD}{incident.id}#")]
        steps = sum(_steps(m) for m in told)
        if steps != len(incident.timeline):
            yield f"the thread of {incident.id} tells {steps} of {len(incident.timeline)} steps"


def _steps(message: Message) -> int:
    """Of a thread's message: its title counts them ("INC-3 · 2 updates")."""
    words = message.text.partition("·")[2].split()
    return int(words[0]) if words and words[0].isdecimal() else 0


def key_of(message: Message) -> str:
    """The key that the bot hid in its message; empty for one without."""
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("key", ""))


def shown(message: Message) -> str:
    """All words of it, however they are laid out."""
    return f"{message.text} {message.blocks} {message.attachments}"

"""Alerts that belong together so far: one instance, what it says of a place, the group of them."""

import math
from collections.abc import Iterator
from itertools import islice

from knowledge.correlation.outcome import Key
from knowledge.correlation.subject import Subject
from knowledge.records import Signal, Term, Verdict

Place = tuple[str, str, str]
"""Kind (below), cluster, name."""
SERVICE, NODE, ZONE, BLAMED, CLUSTER = "s", "n", "z", "b", "c"
"""Kinds of place. BLAMED is a service that others complain of."""
MODEL = "model:"
"""Before the names of models, which may be called as their servers are."""
ANYWHERE = "*"
"""The cluster under which alerts that know no cluster look."""
_MOST_NAMES = 50
_FIRST_SIGNS = 6


class Member:
    """One alert instance and what became of it."""

    __slots__ = (
        "arrival",
        "base",
        "belief",
        "counted",
        "ended",
        "entity",
        "group",
        "key",
        "lone",
        "rule",
        "seen",
        "severity",
        "signal",
        "start",
        "subject",
        "terms",
        "verdict",
        "weight",
    )

    def __init__(self, signal: Signal, subject: Subject, start: float, arrival: float) -> None:
        self.key: Key = (signal.fingerprint, signal.starts_at)
        self.signal = signal
        self.subject = subject
        self.rule = signal.name[:200]
        self.severity = signal.severity[:40].lower()
        self.start = start
        """When it began, as far as its sender can be believed; epoch seconds."""
        self.arrival = arrival
        self.seen = arrival
        """When it was delivered last."""
        self.ended: float | None = None
        self.entity = entity_of(subject)
        self.base = 0.0
        """Log-likelihood ratio of what the alert alone says; the same for every group."""
        self.weight = 0.0
        """What it adds to its group's evidence, before copies are discounted."""
        self.belief = 1.0
        """Probability that it belongs to its group, given that the group is an incident."""
        self.terms: tuple[Term, ...] = ()
        self.verdict = Verdict.WAITING
        self.group: Group | None = None
        self.counted = 0.0
        """So much it counts for the pace of lone alerts."""
        self.lone = False
        """It stayed alone, and its rule's record says so."""

    @property
    def sign(self) -> tuple[str, str]:
        """Copies of one rule on one service are one sign."""
        return self.rule, self.entity

    @property
    def home(self) -> str:
        """The name of the opened group it belongs to, or empty."""
        group = self.group
        return group.name if group is not None and group.opened else ""


def entity_of(subject: Subject) -> str:
    """What the alert is held against: its model, else its service, else its node."""
    if subject.model:
        return f"{MODEL}{subject.model}"
    return subject.service or subject.node


def places_of(member: Member) -> Iterator[Place]:
    """Where a member makes its group known."""
    subject = member.subject
    if subject.service or subject.model:
        yield SERVICE, subject.cluster, member.entity
    if subject.node:
        yield NODE, "", subject.node
    if subject.zone:
        yield ZONE, subject.cluster, subject.zone
    if subject.peer:
        yield BLAMED, subject.cluster, subject.peer
    yield CLUSTER, subject.cluster, ""


class Activity:
    """One place's trouble within one group."""

    __slots__ = ("arrival", "belief", "count", "entities", "first", "last", "nodes", "own")

    def __init__(self, start: float, arrival: float) -> None:
        self.first = start
        self.arrival = arrival
        self.last = arrival
        self.count = 0
        self.belief = 0.0
        """Probability that this place is in trouble because of the group's cause."""
        self.own = 0
        """Alerts about a node as such, not about pods on it."""
        self.entities: set[str] = set()
        self.nodes: set[str] = set()

    def note(self, member: Member) -> None:
        self.first = min(self.first, member.start)
        self.arrival = min(self.arrival, member.arrival)
        self.last = max(self.last, member.arrival)
        self.count += 1
        self.belief = max(self.belief, member.belief)
        self.own += not member.subject.service
        if len(self.entities) < _MOST_NAMES:
            self.entities.add(member.entity)
        if member.subject.node and len(self.nodes) < _MOST_NAMES:
            self.nodes.add(member.subject.node)


class Group:
    """Alerts with (perhaps) one cause. It is waiting until `opened`."""

    __slots__ = (
        "_due",
        "_pulse",
        "_sent",
        "_vigour",
        "apart",
        "blamed",
        "by_hand",
        "closed_at",
        "counted",
        "firing",
        "first",
        "first_arrival",
        "last",
        "located",
        "members",
        "name",
        "number",
        "opened_at",
        "places",
        "rules",
        "score",
        "signs",
        "told",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"g{number}"
        self.opened_at: float | None = None
        self.closed_at: float | None = None
        self.by_hand = False
        """People arranged it: later evidence does not undo that."""
        self.apart: set[int] = set()
        """Groups that people or later evidence keep apart from this one."""
        self.members: dict[Key, Member] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all members and what they stand for."""
        self.members.clear()
        self.places: dict[Place, Activity] = {}
        self.signs: dict[tuple[str, str], int] = {}
        self.rules: dict[str, int] = {}
        self.score = 0.0
        """Evidence that this is an incident, in nats."""
        self.blamed: tuple[int, tuple[str, ...]] = (0, ())
        """Its size when its suspects were ranked last, and these."""
        self.firing = 0
        self.counted = 0.0
        """What its members count for the pace of lone alerts."""
        self.located = 0
        """Members whose node is known."""
        self.told = 0
        """Members that others told of: no findings of Tandem's own monitors."""
        self.first = float("inf")
        self.first_arrival = float("inf")
        self.last = 0.0
        self._sent = 0
        self._due = (0.0, 0.0, 0.0)
        self._vigour = (-math.inf, 0.0)
        self._pulse = (0.0, 0.0)

    @property
    def opened(self) -> bool:
        return self.opened_at is not None

    @property
    def size(self) -> int:
        return len(self.members)

    def activity(self, place: Place) -> Activity | None:
        """What is known of a place; a place that knows no cluster is met in any."""
        found = self.places.get(place)
        if found is None and place[0] != NODE:
            kind, cluster, name = place
            found = self.places.get((kind, "" if cluster else ANYWHERE, name))
        return found

    def first_signs(self) -> list[Member]:
        """The earliest member of each of the group's first signs."""
        found: dict[tuple[str, str], Member] = {}
        for member in islice(self.members.values(), _MOST_NAMES):
            found.setdefault(member.sign, member)
        return sorted(found.values(), key=lambda m: m.start)[:_FIRST_SIGNS]

    def expect(self, amount: float, at: float, tau: float) -> None:
        """A place was hit at that time: so many alerts are expected of it, most within `tau`."""
        total, waiting, then = self._due
        left = waiting * math.exp(-max(0.0, at - then) / tau)
        self._due = (total + amount, left + amount, max(at, then))
        self._vigour = (-math.inf, 0.0)

    def came(self) -> None:
        """An expected alert came."""
        self._sent += 1
        self._vigour = (-math.inf, 0.0)

    def vigour(self, now: float, tau: float, trust: float) -> float:
        """How many of the expected alerts came, as a ratio: the posterior mean of a rate with a
        Gamma prior of mean 1 and weight `trust` (Gelman et al., Bayesian Data Analysis, 2.6)."""
        # The alerts of one webhook come at one time, and each of them asks.
        known, value = self._vigour
        if known != now:
            total, waiting, then = self._due
            due = total - waiting * math.exp(-(now - then if now > then else 0.0) / tau)
            value = (trust + self._sent) / (trust + due)
            self._vigour = (now, value)
        return value

    def spread(self, belief: float, at: float, tau: float) -> None:
        """Another place was hit."""
        pulse, then = self._pulse
        self._pulse = (pulse * math.exp(-max(0.0, at - then) / tau) + belief, max(at, then))

    def pulse(self, now: float, tau: float) -> float:
        """How many places were hit lately: each counts 1/e after `tau` seconds."""
        pulse, then = self._pulse
        return pulse * math.exp(-max(0.0, now - then) / tau)

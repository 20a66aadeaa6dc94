"""Alerts that belong together so far, and an index from places to the groups that touch them."""

import math
from collections.abc import Iterator
from itertools import islice

from knowledge.correlation.outcome import Key
from knowledge.correlation.subject import Subject
from knowledge.records import Signal, Term, Verdict

Place = tuple[str, str, str]
"""Kind ("s" service, "n" node, "z" zone, "b" blamed service), cluster, name."""
ANYWHERE = "*"
"""In the index, the cluster under which alerts that know no cluster look."""


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
        self.ended: float | None = None
        self.entity = entity_of(subject)
        self.base = 0.0
        """Log-likelihood ratio of what the alert alone says; the same for every group."""
        self.weight = 0.0
        self.belief = 1.0
        """Probability that it belongs to its group, given that the group is an incident."""
        self.terms: tuple[Term, ...] = ()
        self.verdict = Verdict.WAITING
        self.group: Group | None = None
        self.counted = False
        """It counts for the pace of lone alerts."""
        self.lone = False
        """It stayed alone, and its rule's record says so."""

    @property
    def sign(self) -> tuple[str, str]:
        """Copies of one rule on one service are one sign."""
        return self.rule, self.entity


def entity_of(subject: Subject) -> str:
    """What the alert is held against: its model, else its service, else its node."""
    if subject.model:
        return f"model:{subject.model}"
    return subject.service or subject.node


class Activity:
    """One place's trouble within one group."""

    __slots__ = ("arrival", "belief", "count", "first", "last", "own", "services")

    def __init__(self, start: float, arrival: float) -> None:
        self.first = start
        self.arrival = arrival
        self.last = arrival
        self.count = 0
        self.belief = 0.0
        """Probability that this place is in trouble because of the group's cause."""
        self.own = False
        """For a node or zone: it has an alert of its own, not only its pods'."""
        self.services: set[str] = set()

    def note(self, member: Member) -> None:
        self.first = min(self.first, member.start)
        self.arrival = min(self.arrival, member.arrival)
        self.last = max(self.last, member.arrival)
        self.count += 1
        self.belief = max(self.belief, member.belief)
        if len(self.services) < 50:
            self.services.add(member.entity)


class Group:
    """Alerts with (perhaps) one cause. It is waiting until `opened`."""

    __slots__ = (
        "_due",
        "_sent",
        "apart",
        "by_hand",
        "closed_at",
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
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"g{number}"
        self.opened_at: float | None = None
        self.closed_at: float | None = None
        self.by_hand = False
        """People arranged it: later evidence does not split it."""
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
        self.firing = 0
        self._sent = 0
        self._due = (0.0, 0.0, 0.0)
        self.located = 0
        """Members whose node is known."""
        self.first = float("inf")
        self.first_arrival = float("inf")
        self.last = 0.0

    @property
    def size(self) -> int:
        return len(self.members)

    def expect(self, amount: float, at: float, tau: float) -> None:
        """A place was hit at that time: so many alerts are expected of it, most within `tau`."""
        total, waiting, then = self._due
        left = waiting * math.exp(-max(0.0, at - then) / tau)
        self._due = (total + amount, left + amount, max(at, then))

    def came(self) -> None:
        """An expected alert came."""
        self._sent += 1

    def vigour(self, now: float, tau: float, trust: float) -> float:
        """How many of the expected alerts came, as a ratio: the posterior mean of a rate with a
        Gamma prior of mean 1 and weight `trust` (Gelman et al., Bayesian Data Analysis, 2.6)."""
        total, waiting, then = self._due
        due = total - waiting * math.exp(-max(0.0, now - then) / tau)
        return (trust + self._sent) / (trust + due)

    @property
    def opened(self) -> bool:
        return self.opened_at is not None

    def seed(self) -> Member | None:
        return next(iter(self.members.values()), None)


def places_of(member: Member) -> Iterator[Place]:
    """Where a member makes its group known."""
    subject = member.subject
    if subject.service or subject.model:
        yield "s", subject.cluster, member.entity
    if subject.node:
        yield "n", "", subject.node
    if subject.zone:
        yield "z", subject.cluster, subject.zone
    if subject.peer:
        yield "b", subject.cluster, subject.peer


class Index:
    """Which groups touch a place; those touched last come first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: dict[Place, dict[int, Group]] = {}
        self._waiting: dict[Place, dict[int, Group]] = {}
        self.clusterless = False
        """Some alert knew no cluster: it must be found from every cluster."""

    def put(self, group: Group, place: Place) -> None:
        kind, cluster, name = place
        if not cluster and kind != "n":
            self.clusterless = True
        table = self._opened if group.opened else self._waiting
        for at in (place, (kind, ANYWHERE, name)) if kind != "n" else (place,):
            groups = table.setdefault(at, {})
            groups.pop(group.number, None)
            groups[group.number] = group

    def drop(self, group: Group) -> None:
        for place in group.places:
            kind, _, name = place
            for at in (place, (kind, ANYWHERE, name)):
                for table in (self._opened, self._waiting):
                    groups = table.get(at)
                    if groups is not None:
                        groups.pop(group.number, None)
                        if not groups:
                            del table[at]

    def promote(self, group: Group) -> None:
        """The group was opened: list it among the opened ones."""
        self.drop(group)
        for place in group.places:
            self.put(group, place)

    def at(self, kind: str, cluster: str, name: str) -> Iterator[Group]:
        """Groups at that place, at most so many opened and so many waiting ones."""
        if kind == "n":
            yield from self._at((kind, "", name))
        elif not cluster:
            yield from self._at((kind, ANYWHERE, name))
        else:
            yield from self._at((kind, cluster, name))
            if self.clusterless:
                yield from self._at((kind, "", name))

    def _at(self, place: Place) -> Iterator[Group]:
        for table in (self._opened, self._waiting):
            groups = table.get(place)
            if groups:
                yield from islice(reversed(groups.values()), self._most)

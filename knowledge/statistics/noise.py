"""What alerts came to: how many became how few cards, which were noise, which rules to delete."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.incidents import severity_of
from knowledge.records import Incident, Severity, Tally
from knowledge.statistics.spread import upper_share
from knowledge.statistics.times import unattended

Rule = tuple[str, str]
"""Alert name and service."""

HEARTBEATS = frozenset({"watchdog", "infoinhibitor", "deadmansswitch", "heartbeat"})
"""They fire to show that alerting works: no noise, and never to be deleted."""
USEFUL_AT_MOST = 0.25
"""A rule is put up for deletion when at most this share of its alerts can have been of use, chance
counted in: with none of use that takes 12 alerts, with one 19."""


@dataclass(frozen=True)
class Reduction:
    """What came in and what people saw of it."""

    deliveries: int
    instances: int
    cards: int

    @property
    def share(self) -> float | None:
        """The share of alerts that made no card of their own; None when nothing came in."""
        return max(0.0, 1 - self.cards / self.instances) if self.instances else None


@dataclass(frozen=True)
class Noise:
    """The alerts of a rule, a team or a service, and how many of them were of no use: they opened
    or joined nothing, were silenced, or were in incidents that nobody attended to."""

    name: str
    instances: int
    deliveries: int
    silenced: int
    unattended: int
    """In incidents that nobody acknowledged or touched and that ended by themselves."""
    useful: int
    gravest: Severity = Severity.SEV4

    @property
    def noisy(self) -> int:
        return self.instances - self.useful

    @property
    def share(self) -> float:
        return self.noisy / self.instances if self.instances else 0.0


@dataclass(frozen=True)
class Advice:
    """A rule that may be deleted: why, and what that would save."""

    rule: str
    instances: int
    useful: int
    reason: str
    """"fired 212 times in 30 days, in no incident"."""
    saves: float
    """Share of all alerts."""
    careful: str = ""
    """What speaks for another look before it goes."""


def reduction(tallies: Iterable[Tally], cards: int) -> Reduction:
    tallies = list(tallies)
    return Reduction(
        sum(t.deliveries for t in tallies), sum(t.instances for t in tallies), cards
    )  # fmt: skip


def unattended_alerts(incidents: Iterable[Incident]) -> Counter[Rule]:
    """How many alerts of each rule are in incidents that nobody attended to."""
    return Counter((s.name, s.service) for i in incidents if unattended(i) for s in i.signals)


def noise_by(
    tallies: Iterable[Tally], unattended: Mapping[Rule, int], key: Callable[[Tally], str]
) -> list[Noise]:
    """Per `key` ("" leaves a tally out), the noisiest first. Heartbeats are no noise."""
    groups: defaultdict[str, list[Tally]] = defaultdict(list)
    left = Counter(unattended)
    for tally in tallies:
        if (name := key(tally)) and not is_heartbeat(tally.name):
            groups[name].append(tally)
    found = [_noise(name, members, left) for name, members in groups.items()]
    return sorted(found, key=lambda n: (-n.noisy, n.name))


def by_rule(tally: Tally) -> str:
    return tally.name


def is_heartbeat(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower() in HEARTBEATS


def worth_deleting(
    rules: Sequence[Noise], span: str, most: int = 10, *, people: bool = True
) -> list[Advice]:
    """Of the noise by rule, what deleting would cost nobody, the largest saving first.

    `span` is the length of time in words, "30 days". A rule that fired only a few times is never
    named: nothing is known of it yet. Without `people` (a replay) the reason speaks of none.
    """
    total = sum(rule.instances for rule in rules)
    found = [
        _advice(rule, total, span, people)
        for rule in rules
        if upper_share(rule.useful, rule.instances) <= USEFUL_AT_MOST
    ]
    return sorted(found, key=lambda a: (-a.saves, a.rule))[:most]


def _noise(name: str, tallies: Sequence[Tally], left: Counter[Rule]) -> Noise:
    """Takes what it counts as unattended out of `left`: a rule of two severities is two tallies."""
    idle = 0
    for tally in tallies:
        here = min(left[tally.name, tally.service], tally.in_incidents)
        left[tally.name, tally.service] -= here
        idle += here
    return Noise(
        name,
        instances=sum(t.instances for t in tallies),
        deliveries=sum(t.deliveries for t in tallies),
        silenced=sum(t.silenced for t in tallies),
        unattended=idle,
        useful=sum(t.in_incidents for t in tallies) - idle,
        gravest=min(severity_of(t.severity) for t in tallies),
    )


def _advice(rule: Noise, total: int, span: str, people: bool) -> Advice:
    return Advice(
        rule.name,
        rule.instances,
        rule.useful,
        f"fired {rule.instances:,} times in {span}, {_use(rule, people)}",
        rule.instances / total,
        "its sender calls it grave" if rule.gravest is Severity.SEV1 else "",
    )


def _use(rule: Noise, people: bool) -> str:
    if rule.silenced == rule.instances:
        return "always silenced"
    in_incidents = rule.useful + rule.unattended
    if not in_incidents:
        return "in no incident"
    if not people:
        return f"{in_incidents:,} of them in incidents"
    if not rule.useful:
        return f"{in_incidents:,} of them in incidents, none of which anybody attended to"
    return f"{rule.useful:,} of them in incidents that somebody attended to"

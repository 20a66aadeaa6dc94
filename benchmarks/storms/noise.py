"""Alerts that mean nothing: heartbeats, housekeeping, lone blips and a team that alerts on all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.storms.cascade import Firing
from benchmarks.storms.layouts import Subject
from benchmarks.storms.words import HEARTBEATS, HOUSEKEEPING, SYMPTOMS
from benchmarks.storms.world import World

_BLIPS = tuple(s for s, what in SYMPTOMS.items() if what.scope in {"service", "pod"})
_DAY = 86_400.0


@dataclass(frozen=True)
class Noise:
    """How much of each kind."""

    chronic: int = 8
    """Series that have fired for hours or days and go on."""
    flappers: int = 3
    """Housekeeping series that go off and on every few minutes."""
    housekeeping: float = 3.0
    """New housekeeping alerts a minute."""
    blips: float = 1.5
    """Lone alerts a minute under the very names that incidents use."""
    scans: int = 0
    """Times when one housekeeping rule fires on a dozen services at once."""
    noisy_team: bool = False
    """One team whose services blip ten times as often as the others'."""


def noise(rng: Random, world: World, amount: Noise, words: str, seconds: float) -> list[Firing]:
    """Everything without an incident, for a storm of that length."""
    rules = HOUSEKEEPING[words]
    return [
        *_heartbeats(rng, world, seconds),
        *(_chronic(rng, world, rules, seconds) for _ in range(amount.chronic)),
        *(f for _ in range(amount.flappers) for f in _flapper(rng, world, rules, seconds)),
        *_lone(rng, world, amount.housekeeping, seconds, rules, ""),
        *_lone(rng, world, amount.blips, seconds, _BLIPS, _team(rng, world, amount)),
        *(f for _ in range(amount.scans) for f in _scan(rng, world, rules, seconds)),
    ]


def _team(rng: Random, world: World, amount: Noise) -> str:
    return rng.choice(sorted(set(world.owners.values()))) if amount.noisy_team else ""


def _heartbeats(rng: Random, world: World, seconds: float) -> Iterator[Firing]:
    rule = rng.choice(HEARTBEATS)
    for cluster in world.clusters:
        yield Firing(rule, "none", Subject(cluster), -rng.uniform(1, 9) * _DAY, seconds * 2)


def _somewhere(rng: Random, world: World, team: str = "", symptom: str = "") -> Subject:
    cluster = rng.choice(world.clusters)
    services = [s for s in world.roles if not team or world.owners[s] == team or rng.random() < 0.1]
    service = rng.choice(services or list(world.roles))
    scope = (
        SYMPTOMS[symptom].scope if symptom in SYMPTOMS else rng.choice(["service", "node", "pod"])
    )
    if scope == "node":
        return Subject(cluster, node=rng.choice(world.nodes_of(cluster)))
    pods = world.pods_of(cluster, service)
    if scope == "pod" and pods:
        return Subject(cluster, service, rng.choice(pods))
    return Subject(cluster, service)


def _grade(rng: Random) -> str:
    return rng.choices(["info", "ticket", "page"], [5, 4, 1])[0]


def _chronic(rng: Random, world: World, rules: Sequence[str], seconds: float) -> Firing:
    # One in four bears a symptom's name: a service that has been slow for days.
    rule = rng.choice(_BLIPS) if rng.random() < 0.25 else rng.choice(rules)
    subject = _somewhere(rng, world, symptom=rule)
    grade = SYMPTOMS[rule].grade if rule in SYMPTOMS else _grade(rng)
    return Firing(rule, grade, subject, -rng.uniform(0.1, 6) * _DAY, seconds * 2)


def _flapper(rng: Random, world: World, rules: Sequence[str], seconds: float) -> Iterator[Firing]:
    rule, subject, grade = rng.choice(rules), _somewhere(rng, world), _grade(rng)
    period, at = rng.uniform(60, 260), -rng.uniform(0, 300)
    while at < seconds:
        yield Firing(rule, grade, subject, at, at + period * rng.uniform(0.2, 0.8))
        at += period * rng.uniform(0.85, 1.2)


def _lone(
    rng: Random, world: World, rate: float, seconds: float, rules: Sequence[str], team: str
) -> Iterator[Firing]:
    at = -300.0
    while rate > 0 and (at := at + rng.expovariate(rate / 60)) < seconds:
        rule = rng.choice(rules)
        grade = SYMPTOMS[rule].grade if rule in SYMPTOMS else _grade(rng)
        lasts = rng.lognormvariate(4.9, 0.7)
        yield Firing(rule, grade, _somewhere(rng, world, team, rule), at, at + lasts)


def _scan(rng: Random, world: World, rules: Sequence[str], seconds: float) -> Iterator[Firing]:
    rule, at, cluster = rng.choice(rules), rng.uniform(60, seconds - 60), rng.choice(world.clusters)
    for service in rng.sample(sorted(world.roles), min(12, len(world.roles))):
        begin = at + rng.uniform(0, 20)
        yield Firing(rule, "ticket", Subject(cluster, service), begin, begin + rng.uniform(60, 600))

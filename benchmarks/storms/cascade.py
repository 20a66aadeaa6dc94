"""Incidents: what breaks first, and how it climbs to those who call it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from benchmarks.storms.layouts import Subject
from benchmarks.storms.words import SYMPTOMS
from benchmarks.storms.world import Pod, World


@dataclass(frozen=True)
class Firing:
    """One interval during which a series fires; seconds from the storm's start."""

    symptom: str
    """A key of SYMPTOMS, or the rule's own name where it is housekeeping."""
    grade: str
    subject: Subject
    start: float
    end: float
    incident: str = ""


@dataclass(frozen=True)
class Nature:
    """How hard and how fast this storm's cascades are."""

    delay: float = 1.0
    """Factor on the 10 to 60 seconds a hop."""
    strength: float = 1.0
    """Factor on how far and how wide it spreads."""
    flapping: float = 0.2
    """Share of series that go off and on while the incident lasts."""


@dataclass(frozen=True)
class Trouble:
    """One incident as planned; `at` and `until` in seconds from the storm's start."""

    id: str
    kind: str
    cluster: str
    at: float
    until: float
    roots: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    partner: str = ""


Shares = Mapping[str, float]
"""Symptom to the share of the service's series that fire it."""

_ERRORS: Shares = {"errors": 0.95, "errors_pod": 0.6, "retries": 0.7, "burn": 0.35, "probe": 0.6}
_SLOW: Shares = {"latency": 0.95, "latency_pod": 0.6, "retries": 0.5, "burn": 0.3, "probe": 0.3}
_BOTH: Shares = {"latency": 0.8, "errors": 0.7, "latency_pod": 0.4, "errors_pod": 0.3} | {
    "retries": 0.6,
    "threads": 0.3,
    "burn": 0.3,
    "probe": 0.5,
}

AT_ROOT: Mapping[str, Shares] = {
    "bad deploy": {"errors": 1, "errors_pod": 0.9, "burn": 0.8, "latency": 0.3, "restarts": 0.15}
    | {"traffic": 0.3},
    "saturation": {"latency": 1, "latency_pod": 0.8, "cpu": 0.8, "gc": 0.4, "threads": 0.6}
    | {"memory": 0.3, "burn": 0.7},
    "crash loop": {"restarts": 0.9, "scrape": 0.7, "not_ready": 0.6, "replicas": 1, "errors": 0.8},
    "slow store": {"slow_query": 1, "connections": 0.7, "replication": 0.5, "latency_pod": 0.8}
    | {"latency": 0.6},
    "full disk": {"disk": 0.9, "write_errors": 1, "connections": 0.4, "errors": 0.6}
    | {"replication": 0.4},
    "queue": {"lag": 1, "stalled": 0.7, "broker": 0.7, "latency": 0.3},
    "dns": {"dns": 1, "latency_pod": 0.6, "not_ready": 0.3, "cpu": 0.3},
    "third party": {"third_party": 1, "latency": 0.8, "errors": 0.6, "latency_pod": 0.4}
    | {"traffic": 0.3},
}
ABOVE: Mapping[str, Shares] = {
    "bad deploy": _ERRORS,
    "saturation": _SLOW,
    "crash loop": _ERRORS,
    "slow store": _BOTH,
    "full disk": _BOTH,
    "queue": {"lag": 0.8, "stalled": 0.6, "latency": 0.3, "traffic": 0.2},
    "dns": _BOTH,
    "third party": _BOTH,
    "node down": _BOTH,
    "zone loss": _BOTH,
}
_SOON = {"disk": 0.0, "cpu": 0.3, "broker": 0.3, "burn": 1.6, "probe": 1.4, "replicas": 1.5}
"""Some symptoms come before others; factor on the time until a rule notices."""


@dataclass
class _Spread:
    """Which services are hit, when, and how hard."""

    rng: Random
    world: World
    nature: Nature
    hit: dict[str, tuple[float, float]] = field(default_factory=dict)

    def climb(self, start: Mapping[str, tuple[float, float]]) -> None:
        waiting = sorted(start.items(), key=lambda item: item[1][0])
        while waiting:
            service, (at, force) = waiting.pop(0)
            if service in self.hit:
                continue
            self.hit[service] = (at, force)
            for caller in self.world.callers.get(service, ()):
                if self.rng.random() < min(0.97, 0.75 * force * self.nature.strength):
                    hop = self.rng.lognormvariate(3.2, 0.5) * self.nature.delay
                    waiting.append((caller, (at + hop, force * self.rng.uniform(0.5, 0.95))))
            waiting.sort(key=lambda item: item[1][0])


def unfold(rng: Random, world: World, trouble: Trouble, nature: Nature) -> list[Firing]:
    """All that fires because of one incident, flapping included."""
    found = [*_on_nodes(rng, world, trouble, nature)]
    spread = _Spread(rng, world, nature)
    spread.climb(_first_hit(rng, world, trouble, nature))
    for service, (at, force) in spread.hit.items():
        root = service in trouble.roots and trouble.kind in AT_ROOT
        shares = (AT_ROOT if root else ABOVE)[trouble.kind]
        reach = 1.0 if root else min(1.0, force * nature.strength + 0.15)
        found += _symptoms(rng, world, trouble, nature, service, at, shares, reach, spread)
    return [part for firing in found for part in _flapping(rng, firing, nature)]


def _first_hit(
    rng: Random, world: World, trouble: Trouble, nature: Nature
) -> dict[str, tuple[float, float]]:
    if trouble.nodes:
        lost = [pod.service for node in trouble.nodes for pod in world.on_node(node)]
        shares = {s: lost.count(s) / len(world.pods_of(trouble.cluster, s)) for s in set(lost)}
        return {
            s: (trouble.at + rng.uniform(2, 25) * nature.delay, share)
            for s, share in sorted(shares.items())
            if rng.random() < 0.3 + share
        }
    start = {root: (trouble.at, 1.0) for root in trouble.roots if root in world.roles}
    if trouble.kind == "dns":
        # Everybody looks names up; whom it hurts is chance.
        share = min(0.9, 0.4 * nature.strength)
        for service in world.named("app", "worker", "edge"):
            if rng.random() < share:
                start[service] = (trouble.at + rng.uniform(10, 70) * nature.delay, 0.35)
    return start


def _on_nodes(rng: Random, world: World, trouble: Trouble, nature: Nature) -> Iterator[Firing]:
    for node in trouble.nodes:
        whole = trouble.kind == "node down"
        names = ("node", "node_gone") if whole else ("network", "node")
        for i, symptom in enumerate(names):
            if i == 0 or rng.random() < 0.4:
                subject = Subject(trouble.cluster, node=node)
                yield _firing(rng, trouble, symptom, subject, trouble.at, nature)
        for pod in world.on_node(node):
            subject = Subject(pod.cluster, pod.service, pod)
            for symptom, share in (("not_ready", 0.7), ("scrape", 0.5), ("errors_pod", 0.2)):
                if rng.random() < share * (1 if whole else 0.6):
                    yield _firing(rng, trouble, symptom, subject, trouble.at + 15, nature)


def _symptoms(
    rng: Random,
    world: World,
    trouble: Trouble,
    nature: Nature,
    service: str,
    at: float,
    shares: Shares,
    reach: float,
    spread: _Spread,
) -> Iterator[Firing]:
    pods = world.pods_of(trouble.cluster, service)
    for symptom, share in shares.items():
        chosen = share * reach
        for subject in _subjects(rng, world, trouble, symptom, service, pods, spread):
            # One draw for a service's own rule, one a pod for the pods'.
            if rng.random() < chosen:
                yield _firing(rng, trouble, symptom, subject, at, nature)


def _subjects(
    rng: Random,
    world: World,
    trouble: Trouble,
    symptom: str,
    service: str,
    pods: Sequence[Pod],
    spread: _Spread,
) -> list[Subject]:
    cluster, scope = trouble.cluster, SYMPTOMS[symptom].scope
    if scope == "pod":
        return [Subject(cluster, service, pod) for pod in pods]
    if scope == "burn":
        windows = [(("window", "5m"),), (("window", "1h"),)]
        return [Subject(cluster, service, extra=window) for window in windows]
    if scope == "probe":
        seen = world.roles[service] == "edge"
        return [Subject(cluster, service, probe=r) for r in ("fra", "iad")] if seen else []
    if symptom == "third_party":
        return [Subject(cluster, service, extra=(("upstream", trouble.partner),))]
    if scope == "upstream":
        hit = [
            callee for caller, callee in world.edges if caller == service and callee in spread.hit
        ]
        return [Subject(cluster, service, extra=(("upstream", name),)) for name in hit[:2]]
    return [Subject(cluster, service)]


def _firing(
    rng: Random, trouble: Trouble, symptom: str, subject: Subject, at: float, nature: Nature
) -> Firing:
    notice = rng.uniform(5, 50) * _SOON.get(symptom, 1.0) * max(0.5, min(nature.delay, 2.0))
    start = at + notice
    end = max(start + rng.uniform(40, 90), trouble.until + rng.uniform(-40, 90))
    return Firing(symptom, SYMPTOMS[symptom].grade, subject, start, end, trouble.id)


def _flapping(rng: Random, firing: Firing, nature: Nature) -> Iterator[Firing]:
    if rng.random() >= nature.flapping:
        yield firing
        return
    at = firing.start
    while at < firing.end:
        on = rng.uniform(20, 90)
        yield Firing(
            firing.symptom,
            firing.grade,
            firing.subject,
            at,
            min(at + on, firing.end),
            firing.incident,
        )
        at += on + rng.uniform(20, 90)

"""Made-up systems: who calls whom, and where the pods of each service run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

Edge = tuple[str, str]
"""Caller, callee."""


@dataclass(frozen=True)
class Pod:
    cluster: str
    service: str
    name: str
    node: str
    address: str
    """host:port, as `instance` shows it."""


@dataclass(frozen=True)
class World:
    name: str
    clusters: tuple[str, ...]
    roles: Mapping[str, str]
    """Service to "edge", "app", "worker", "db", "cache", "queue" or "dns"."""
    edges: tuple[Edge, ...]
    pods: tuple[Pod, ...]
    zones: Mapping[str, str]
    namespaces: Mapping[str, str]
    owners: Mapping[str, str]
    domain: str = field(default="internal.example")

    @cached_property
    def callers(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for caller, callee in self.edges:
            found[callee].append(caller)
        return {service: tuple(found[service]) for service in self.roles}

    @cached_property
    def _pods(self) -> Mapping[tuple[str, str], tuple[Pod, ...]]:
        found: dict[tuple[str, str], list[Pod]] = defaultdict(list)
        for pod in self.pods:
            found[pod.cluster, pod.service].append(pod)
        return {key: tuple(pods) for key, pods in found.items()}

    def pods_of(self, cluster: str, service: str) -> tuple[Pod, ...]:
        return self._pods.get((cluster, service), ())

    def on_node(self, node: str) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.node == node)

    def nodes_of(self, cluster: str) -> tuple[str, ...]:
        return tuple(node for node in self.zones if node.startswith(f"{cluster}-"))

    def named(self, *roles: str) -> tuple[str, ...]:
        return tuple(service for service, role in self.roles.items() if role in roles)

    def topology(self, known: float = 1.0, rng: Random | None = None) -> dict[str, Any]:
        """What a service catalogue holds of it; `known` is the share of services in it."""
        rng = rng or Random(0)
        kept = {s for s in self.roles if known >= 1 or rng.random() < known}
        return {
            "name": self.name,
            "clusters": list(self.clusters),
            "edges": [list(edge) for edge in self.edges if set(edge) <= kept],
            "namespaces": {s: n for s, n in self.namespaces.items() if s in kept},
            "owners": {s: o for s, o in self.owners.items() if s in kept},
            "pods": [
                {"cluster": p.cluster, "service": p.service, "pod": p.name, "node": p.node}
                for p in self.pods
                if p.service in kept
            ],
            "zones": dict(self.zones) if known >= 1 else {},
        }


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


NAMES: Mapping[str, Sequence[str]] = {
    "bank": _names(
        """
        ledger, accounts, cards, transfers, fx, kyc, statements, limits, fraud-score,
        loans, onboarding, notify, documents, pricing, audit, settlement, vault-proxy,
        mandates, disputes, rewards
        """
    ),
    "media": _names(
        """
        ingest, transcode, packager, playback, drm, library, artwork, captions, profiles,
        watchlist, ranking, search-index, ads-decision, billing-hub, entitlement,
        telemetry, thumbnailer, live-origin, chat, moderation
        """
    ),
    "travel": _names(
        """
        availability, fares, booking, seats, itineraries, loyalty, baggage, hotels, geo,
        currency-rates, reviews, checkin, tickets, partner-sync, offers, upsell, invoices,
        crew, schedule, weather
        """
    ),
    "ml": _names(
        """
        feature-api, scorer, embedder, ranker, experiment, labeler, trainer-api,
        model-gateway, drift-watch, vector-search, tokenizer, batch-predict, online-store,
        annotate, prompts, safety-filter, eval-hub, notebook-proxy, quota, usage-meter
        """
    ),
}
_SUFFIXES = ("", "-api", "-svc", "-worker", "-v2")


def services(rng: Random, count: int) -> list[str]:
    """That many names of one made-up company, none twice."""
    pool = [f"{base}{suffix}" for suffix in _SUFFIXES for base in NAMES[rng.choice(list(NAMES))]]
    unique = list(dict.fromkeys(pool))
    rng.shuffle(unique)
    while len(unique) < count:
        unique.append(f"unit-{len(unique)}")
    return unique[:count]


Graph = tuple[dict[str, str], set[Edge]]
"""Roles and edges."""


def chain(rng: Random) -> Graph:
    """A request that passes ten to fourteen services, with a side branch here and there."""
    length = rng.randint(10, 14)
    names = services(rng, length + 8)
    line, side = ["edge-gateway", *names[:length]], names[length:]
    roles = {line[0]: "edge"} | dict.fromkeys(line[1:], "app") | {"core-db": "db"}
    edges = set(pairwise(line)) | {(line[-1], "core-db")}
    for name in side:
        roles[name] = "app"
        edges.add((rng.choice(line), name))
    return roles, edges


def hub(rng: Random) -> Graph:
    """Services that share one database and one cache behind a gateway."""
    names = services(rng, rng.randint(11, 17))
    roles = {"gateway": "edge", "main-postgres": "db", "shared-redis": "cache"}
    roles |= dict.fromkeys(names, "app")
    edges = {("gateway", name) for name in names if rng.random() < 0.7}
    edges |= {(name, "main-postgres") for name in names if rng.random() < 0.75}
    edges |= {(name, "shared-redis") for name in names if rng.random() < 0.3}
    edges |= {tuple(rng.sample(names, 2)) for _ in range(5)}  # type: ignore[misc]
    return roles, edges


def layers(rng: Random, count: int = 18, wide: float = 2.2) -> Graph:
    """Layers that call the next ones: edges at the top, stores at the bottom."""
    names = services(rng, count)
    stores = {
        f"{name}-db": "db" if rng.random() < 0.7 else "cache"
        for name in rng.sample(names, max(2, count // 6))
    }
    top = max(1, count // 12)
    roles = {name: "edge" if i < top else "app" for i, name in enumerate(names)} | stores
    edges: set[Edge] = set()
    for i, name in enumerate(names[top:], start=top):
        above = names[max(0, i - count // 2) : i]
        for caller in rng.sample(above, min(len(above), rng.randint(1, round(wide)))):
            edges.add((caller, name))
    for store in stores:
        users = {store.removesuffix("-db"), *(rng.sample(names, rng.randint(0, 2)))}
        edges |= {(user, store) for user in users}
    return roles, edges


def events(rng: Random) -> Graph:
    """Producers and consumers around a broker; consumers call it too, as catalogues write it."""
    names = services(rng, rng.randint(14, 20))
    broker = rng.choice(["event-bus", "kafka-main", "rabbit", "pulsar"])
    roles = {"public-api": "edge", broker: "queue", "state-db": "db"}
    edges: set[Edge] = set()
    half = len(names) // 2
    for name in names[:half]:
        roles[name] = "app"
        edges |= {("public-api", name), (name, broker)}
    for name in names[half:]:
        roles[name] = "worker"
        edges.add((name, broker))
        if rng.random() < 0.4:
            edges.add((name, "state-db"))
    return roles, edges


def monolith(rng: Random) -> Graph:
    """One big application, its database and cache, and little else."""
    app = rng.choice(["shop-app", "portal", "backoffice"])
    side = services(rng, 3)
    roles = {"lb": "edge", app: "app", "mysql": "db", "memcached": "cache"}
    roles |= dict.fromkeys(side, "worker")
    return roles, {("lb", app), (app, "mysql"), (app, "memcached"), (side[0], "mysql")}


def tangle(rng: Random) -> Graph:
    """A random graph without cycles."""
    names = services(rng, rng.randint(20, 30))
    roles = {name: "edge" if i == 0 else "app" for i, name in enumerate(names)}
    roles |= dict.fromkeys(names[-3:], "db")
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return roles, {pair for pair in pairs if rng.random() < 0.09}


def populate(
    rng: Random,
    name: str,
    graph: Graph,
    clusters: Sequence[str],
    pods: tuple[int, int],
    nodes: int,
) -> World:
    """Place each service's pods on the nodes of every cluster; `pods` is the least and the most."""
    roles = dict(graph[0]) | {"coredns": "dns"}
    zone_names = rng.choice([("a", "b", "c"), ("1", "2"), ("az1", "az2", "az3", "az4")])
    style = rng.choice(["node-{:02d}", "worker{}", "ip-10-7-{}-22", "pool1-{:03d}"])
    node_names = {c: [f"{c}-{style.format(i)}" for i in range(nodes)] for c in clusters}
    zones = {
        node: f"{cluster}-{zone_names[i % len(zone_names)]}"
        for cluster in clusters
        for i, node in enumerate(node_names[cluster])
    }
    # Counts differ from service to service and agree between clusters.
    counts = {s: rng.randint(*pods) if r != "db" else rng.randint(1, 3) for s, r in roles.items()}
    placed = [
        _pod(rng, cluster, service, i, node_names[cluster], roles[service])
        for cluster in clusters
        for service, count in counts.items()
        for i in range(count)
    ]
    spaces = rng.choice([("default",), ("prod", "infra"), ("shop", "core", "data", "ops")])
    teams = rng.choice([("red", "blue", "green"), ("payments", "platform", "growth", "search")])
    return World(
        name=name,
        clusters=tuple(clusters),
        roles=roles,
        edges=tuple(sorted(graph[1])),
        pods=tuple(placed),
        zones=zones,
        namespaces={
            s: "kube-system" if r == "dns" else rng.choice(spaces) for s, r in roles.items()
        },
        owners={s: rng.choice(teams) for s in roles},
        domain=rng.choice(["internal.example", "corp.example", "svc.example.net"]),
    )


_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def _pod(
    rng: Random, cluster: str, service: str, number: int, nodes: Sequence[str], role: str
) -> Pod:
    random = "".join(rng.choices(_ALPHABET, k=10))
    name = (
        f"{service}-{number}"
        if role in {"db", "queue", "cache"}
        else f"{service}-{random[:9]}-{''.join(rng.choices(_ALPHABET, k=5))}"
    )
    address = f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(2, 250)}:8080"
    return Pod(cluster, service, name, rng.choice(nodes), address)

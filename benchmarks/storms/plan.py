"""The ten storms of a set: a theme each, everything else drawn from the seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from benchmarks.storms import world as shapes
from benchmarks.storms.alertmanager import Sending
from benchmarks.storms.cascade import AT_ROOT, Nature, Trouble
from benchmarks.storms.layouts import Layout
from benchmarks.storms.noise import Noise
from benchmarks.storms.words import VOCABULARIES
from benchmarks.storms.world import Graph, World, populate

KINDS = (*AT_ROOT, "node down", "zone loss")
PARTNERS = ("api.payments-partner.example", "maps.vendor.example", "auth0-like.example")

LAYOUTS = (
    Layout({"service": 0.6, "app": 0.25, "job": 0.15}, "usual"),
    Layout({"app_kubernetes_io_name": 1}, "page/ticket", cluster="k8s_cluster", instance=0.1),
    Layout({"component": 0.6, "deployment": 0.4}, "P", pod="pod_name", node="host"),
    Layout({"job": 1}, "sev", instance=0.9, annotations=("sentence", "runbook_url")),
    Layout({"only pod": 0.6, "deployment": 0.4}, "usual", namespace="k8s_namespace_name"),
    Layout({"only host": 0.5, "service_name": 0.5}, "high/low", cluster="", annotations=("vague",)),
    Layout({"bare job": 0.7, "app": 0.3}, "shouted", target="instance", upstream="destination"),
    Layout({"app": 0.4, "service": 0.3, "only pod": 0.3}, "page/ticket", target="url"),
    Layout({"workload": 0.7, "container": 0.3}, "usual", pod="kubernetes_pod_name"),
)
GROUPINGS: Sequence[tuple[str, ...]] = (
    (),
    ("alertname", "cluster"),
    ("alertname", "namespace"),
    ("alertname",),
    ("namespace", "severity"),
)
CLUSTERS = (("eu-prod", "us-prod"), ("k1", "k2", "k3"), ("blue", "green"), ("west4", "east1"))


@dataclass(frozen=True)
class Storm:
    name: str
    world: World
    words: str
    layout: Layout
    troubles: tuple[Trouble, ...]
    nature: Nature
    noise: Noise
    sending: Sending
    minutes: int
    evaluation: float = 0.0
    """Rules are evaluated this often: starts fall on its grid."""
    known: float = 1.0
    """Share of the services that topology.json has heard of."""
    offset_h: int = 0


@dataclass(frozen=True)
class Theme:
    """What is fixed of a storm; the rest is drawn."""

    graph: Callable[[Random], Graph]
    clusters: int = 1
    pods: tuple[int, int] = (2, 4)
    nodes: int = 10
    minutes: int = 40
    incidents: int = 4
    together: str = ""
    """"clusters": pairs at one time in two clusters; "cluster": pairs at one time in one cluster;
    "again": the same root twice."""
    kinds: Sequence[str] = field(default=KINDS)
    noise: Noise = field(default_factory=Noise)
    known: float = 1.0


def _big(rng: Random) -> Graph:
    return shapes.layers(rng, 60, 3.0)


_STORES = ("slow store", "full disk", "saturation", "bad deploy")
THEMES: dict[str, Theme] = {
    "chain": Theme(shapes.chain, incidents=4),
    "hub": Theme(shapes.hub, pods=(3, 6), incidents=4, kinds=(*_STORES, "crash loop", "dns")),
    "two-clusters": Theme(shapes.layers, 2, incidents=6, together="clusters"),
    "events": Theme(shapes.events, incidents=5, kinds=("queue", "queue", *KINDS)),
    "big-shop": Theme(_big, 2, (3, 8), 40, 35, 6, noise=Noise(20, 6, 8, 4, 1)),
    "monolith": Theme(shapes.monolith, 1, (8, 24), 12, 45, 3),
    "tangle": Theme(shapes.tangle, 2, (1, 5), 16, 40, 5, "cluster"),
    "noisy": Theme(
        shapes.layers, 1, (2, 5), 14, 40, 3, "again", noise=Noise(15, 10, 14, 8, 3, True)
    ),
    "unknown": Theme(shapes.layers, 1, (2, 4), 10, 40, 4, known=0.0),
    "quiet": Theme(shapes.hub, 2, (2, 5), 12, 45, 0, noise=Noise(10, 5, 5, 3, 2)),
}


def plan(seed: int) -> list[Storm]:
    return [_storm(Random(f"{seed}/{name}"), name, theme) for name, theme in THEMES.items()]


def _storm(rng: Random, name: str, theme: Theme) -> Storm:
    pool = [c for c in CLUSTERS if len(c) >= theme.clusters]
    clusters = rng.choice(pool)[: theme.clusters]
    world = populate(rng, name, theme.graph(rng), clusters, theme.pods, theme.nodes)
    layout = rng.choice([x for x in LAYOUTS if x.cluster or theme.clusters == 1])
    factor = rng.uniform(0.6, 1.5)
    amount = replace(
        theme.noise,
        housekeeping=theme.noise.housekeeping * factor,
        blips=theme.noise.blips * rng.uniform(0.4, 1.5),
        scans=theme.noise.scans + (rng.random() < 0.3),
    )
    return Storm(
        name=name,
        world=world,
        words=rng.choice(list(VOCABULARIES)),
        layout=layout,
        troubles=_troubles(rng, world, theme),
        nature=Nature(
            delay=2 ** rng.uniform(-1.7, 1.5),
            strength=2 ** rng.uniform(-1.7, 1.5),
            flapping=rng.choice([0.0, 0.1, 0.25, 0.45]),
        ),
        noise=amount,
        sending=Sending(
            group_by=rng.choice(GROUPINGS),
            group_wait=rng.choice([5, 10, 30]),
            group_interval=rng.choice([30, 60, 120, 300]),
            repeat_interval=rng.choice([1e9, 1e9, 240]),
            replicas=rng.choice([1, 2]),
            late=rng.choice([0.0, 0.02, 0.1]),
            latest=rng.choice([30, 120]),
        ),
        minutes=theme.minutes,
        evaluation=rng.choice([0, 0, 15, 30]),
        known=theme.known if rng.random() < 0.5 else max(theme.known, 0.1),
        offset_h=rng.choice([0, 0, 0, 2]),
    )


def _troubles(rng: Random, world: World, theme: Theme) -> tuple[Trouble, ...]:
    found: list[Trouble] = []
    gap = (theme.minutes - 12) * 60 / max(1, theme.incidents)
    for i in range(theme.incidents):
        at = 150 + gap * i + rng.uniform(0, 0.5) * gap
        previous = found[-1] if found else None
        cluster = rng.choice(world.clusters)
        if previous and theme.together in {"cluster", "clusters"} and i % 2:
            at = previous.at + rng.uniform(0, 60)
            same = theme.together == "cluster"
            others = [c for c in world.clusters if (c == previous.cluster) is same]
            cluster = rng.choice(others or list(world.clusters))
        kind = rng.choice(theme.kinds)
        root = ""
        if previous and theme.together == "again" and i == theme.incidents - 1:
            kind, root, cluster = previous.kind, "".join(previous.roots[:1]), previous.cluster
        until = min(at + rng.uniform(6, 18) * 60, theme.minutes * 60 - 20)
        found.append(_trouble(rng, world, f"INC-{i + 1}", kind, cluster, at, until, root))
    return tuple(found)


def _trouble(
    rng: Random,
    world: World,
    name: str,
    kind: str,
    cluster: str,
    at: float,
    until: float,
    again: str,
) -> Trouble:
    made = Trouble(name, kind, cluster, at, until)
    nodes = world.nodes_of(cluster)
    if kind == "node down":
        node = rng.choice([n for n in nodes if world.on_node(n)] or list(nodes))
        return replace(made, nodes=(node,), zones=(world.zones[node],), roots=_on(world, (node,)))
    if kind == "zone loss":
        zone = rng.choice(sorted({world.zones[node] for node in nodes}))
        lost = tuple(node for node in nodes if world.zones[node] == zone)
        return replace(made, nodes=lost, zones=(zone,), roots=_on(world, lost))
    if kind == "dns":
        return replace(made, roots=("coredns",))
    if kind == "third party":
        partner = rng.choice(PARTNERS)
        root = again or rng.choice(world.named("app", "worker") or world.named("edge"))
        return replace(made, roots=(root, partner), partner=partner)
    if kind in {"slow store", "full disk"}:
        pool = world.named("db", "cache") or world.named("app")
    elif kind == "queue":
        pool = world.named("queue", "worker") or world.named("app")
    else:
        pool = world.named("app", "worker")
    return replace(made, roots=(again or rng.choice(pool),))


def _on(world: World, nodes: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({pod.service for node in nodes for pod in world.on_node(node)}))

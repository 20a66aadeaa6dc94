"""Where a fault can sit: services, their pods, the nodes those run on, and who calls whom."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from knowledge.catalogue import Catalogue


class Level(StrEnum):
    """On which level a component stands. A cache or a database counts as a service: it has
    callers and instances as a service has."""

    SERVICE = "service"
    POD = "pod"
    NODE = "node"


@dataclass(frozen=True)
class Landscape:
    """All components that may be blamed, and how they hang together."""

    levels: Mapping[str, Level]
    service_of: Mapping[str, str] = field(default_factory=dict)
    """Pod -> its service."""
    node_of: Mapping[str, str] = field(default_factory=dict)
    """Pod -> the node it runs on."""
    callees: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Service -> the services, caches and databases it needs."""

    @classmethod
    def from_catalogue(
        cls, catalogue: Catalogue, seen: Iterable[tuple[str, str, str]] = ()
    ) -> "Landscape":
        """What the catalogue knows, and what alerts name beside it: each (service, pod, node),
        with empty text for what is not named."""
        levels = dict.fromkeys(catalogue.services, Level.SERVICE)
        levels |= dict.fromkeys(catalogue.nodes, Level.NODE)
        service_of: dict[str, str] = {}
        node_of: dict[str, str] = {}
        known = ((pod.service, name, pod.node) for name, pod in catalogue.pods.items())
        for service, pod, node in (*known, *seen):
            for name, level in ((service, Level.SERVICE), (node, Level.NODE), (pod, Level.POD)):
                if name:
                    levels.setdefault(name, level)
            if pod and service and levels[pod] is Level.POD:
                service_of.setdefault(pod, service)
            if pod and node:
                node_of.setdefault(pod, node)
        callees = {s: catalogue.callees(s) for s in catalogue.services if catalogue.callees(s)}
        return cls(levels, service_of, node_of, callees)

    @cached_property
    def pods_of(self) -> Mapping[str, tuple[str, ...]]:
        """Service -> its pods, by name."""
        found: dict[str, list[str]] = {}
        for pod, service in sorted(self.service_of.items()):
            found.setdefault(service, []).append(pod)
        return {service: tuple(pods) for service, pods in found.items()}

    @cached_property
    def pods_on(self) -> Mapping[str, tuple[str, ...]]:
        """Node -> the pods on it, by name."""
        found: dict[str, list[str]] = {}
        for pod, node in sorted(self.node_of.items()):
            found.setdefault(node, []).append(pod)
        return {node: tuple(pods) for node, pods in found.items()}

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """How many components stand on each level."""
        return Counter(level.value for level in self.levels.values())

    @cached_property
    def by_lower(self) -> Mapping[str, str]:
        """Names as texts may write them -> component; nodes' names say too little in a text."""
        return {name.lower(): name for name, lv in self.levels.items() if lv is not Level.NODE}

    def home(self, component: str) -> str:
        """The service of a pod; any other component is its own home."""
        return self.service_of.get(component, component)

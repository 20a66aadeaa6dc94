"""What is known of the landscape: services, who calls whom, where they run and whose they are.

The catalogue is one frozen value. It comes from a topology file (`from_topology`), from a file
somebody wrote by hand (`read`), or is empty: then the correlation learns from what fires together.
"""

import json
import tomllib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from knowledge.errors import BadArgs, UserError

Edge = tuple[str, str]
"""Caller and callee: a fault climbs from the second to the first."""


class Pod(NamedTuple):
    """Where one pod runs. What is not known is empty."""

    service: str
    node: str = ""
    cluster: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Services, edges, teams and places. Names are kept as they were written; looking a service
    up does not care for upper and lower case (`canonical`)."""

    services: frozenset[str] = frozenset()
    edges: frozenset[Edge] = frozenset()
    teams: Mapping[str, str] = field(default_factory=dict)
    """Service -> team that owns it."""
    pods: Mapping[str, Pod] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Node -> zone; empty where the zone is not known."""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """Service -> namespace."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names of services, as they appear in labels -> service."""

    @classmethod
    def from_topology(cls, topology: Mapping[str, Any]) -> "Catalogue":
        """Read a topology file's content: `edges` [[caller, callee]], `pods` [{cluster, service,
        pod, node}], `namespaces` and `owners` {service: ...}, `zones` {node: zone}; each optional.

        Raises BadArgs naming the field that is not as it should be.
        """
        if not isinstance(topology, Mapping):
            raise BadArgs("topology", "not an object", "Give an object with edges, pods, zones")
        edges = frozenset(_edge(e, i) for i, e in enumerate(_list(topology, "edges")))
        pods = dict(_pod(p, i) for i, p in enumerate(_list(topology, "pods")))
        namespaces = _texts(topology, "namespaces")
        teams = _texts(topology, "owners")
        zones = _texts(topology, "zones")
        services = {s for edge in edges for s in edge} | {p.service for p in pods.values()}
        services |= namespaces.keys() | teams.keys()
        services |= set(_names(topology.get("services", ()), "services"))
        nodes = {p.node: "" for p in pods.values() if p.node} | zones
        return cls(frozenset(services - {""}), edges, teams, pods, nodes, namespaces)

    @classmethod
    def from_toml(cls, text: str) -> "Catalogue":
        """Read a catalogue written by hand.

            [services.checkout]
            calls = ["cart", "payment"]
            team = "shop"
            namespace = "shop"
            aliases = ["checkout-svc"]

            [nodes.worker-3]
            zone = "eu-a"

            [pods.checkout-0]
            service = "checkout"
            node = "worker-3"
            cluster = "eu"

        Raises BadArgs naming the field, also where the text is not TOML.
        """
        try:
            return cls.from_tables(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise BadArgs("catalogue", f"not TOML: {error}", "Mend that line") from error

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any]) -> "Catalogue":
        """Read the tables `services`, `nodes` and `pods` of a hand-written catalogue."""
        known = {"services", "nodes", "pods"}
        for name in tables:
            if name not in known:
                raise BadArgs(str(name), "not known here", f"Use {', '.join(sorted(known))}")
        services = _tables(tables, "services")
        nodes = _tables(tables, "nodes")
        edges: set[Edge] = set()
        aliases: dict[str, str] = {}
        for name, table in services.items():
            _only(table, f"services.{name}", ("calls", "team", "namespace", "aliases"))
            edges.update(
                (name, c) for c in _names(table.get("calls", ()), f"services.{name}.calls")
            )
            given = _names(table.get("aliases", ()), f"services.{name}.aliases")
            aliases.update((alias, name) for alias in given)
        for name, table in nodes.items():
            _only(table, f"nodes.{name}", ("zone",))
        pods = {
            name: Pod(
                _text(table, "service", f"pods.{name}", required=True),
                _text(table, "node", f"pods.{name}"),
                _text(table, "cluster", f"pods.{name}"),
            )
            for name, table in _tables(tables, "pods").items()
        }
        zones = {name: _text(table, "zone", f"nodes.{name}") for name, table in nodes.items()}
        every = services.keys() | {s for e in edges for s in e} | {p.service for p in pods.values()}
        return cls(
            frozenset(every),
            frozenset(edges),
            _per_service(services, "team"),
            pods,
            {p.node: "" for p in pods.values() if p.node} | zones,
            _per_service(services, "namespace"),
            aliases,
        )

    @classmethod
    def read(cls, path: str | Path) -> "Catalogue":
        """Read a file: *.toml as `from_toml`, *.json as `from_topology` (or the same tables as in
        TOML). Raises UserError naming the file, the field and the remedy."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read ({error}). Give a readable file.") from error
        try:
            if path.suffix == ".toml":
                return cls.from_toml(text)
            if path.suffix == ".json":
                return cls._from_json(text)
        except BadArgs as error:
            raise UserError(f"{path}: {error}") from error
        raise UserError(f"{path}: {path.suffix or 'no suffix'} is not known. Use .toml or .json.")

    @classmethod
    def _from_json(cls, text: str) -> "Catalogue":
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadArgs("catalogue", f"not JSON: {error}", "Mend that line") from error
        if isinstance(content, dict) and isinstance(content.get("services"), dict):
            return cls.from_tables(content)
        return cls.from_topology(content)

    def canonical(self, name: str) -> str:
        """The service's name as the catalogue writes it, or empty when it is none of its services.

        "Checkout", "checkout_service" and "checkout-svc" find "checkout"; so does "checkout" itself
        "checkout-api", where nothing is called just so."""
        key = name.lower()
        found = self._canonical.get(key)
        return found if found is not None else self._canonical.get(_stem(key), "")

    def callers(self, service: str) -> frozenset[str]:
        """Who calls it directly: where its trouble shows next."""
        return self._callers.get(service, frozenset())

    def callees(self, service: str) -> frozenset[str]:
        """Whom it calls directly: where its trouble may come from."""
        return self._callees.get(service, frozenset())

    def hops(self, a: str, b: str) -> int | None:
        """The fewest calls from `a` down to `b`; None when `a` does not depend on `b`."""
        if a == b:
            return 0
        return next((n for s, n in self._walk(a, self._callees) if s == b), None)

    def team(self, service: str) -> str:
        """Who owns it; empty when nobody is known to."""
        return self.teams.get(service, "")

    def impact(self, service: str) -> tuple[str, ...]:
        """The services that depend on it, nearest first."""
        return tuple(s for s, _ in self._walk(service, self._callers))

    def nodes_of(self, service: str) -> frozenset[str]:
        """The nodes its pods run on."""
        return self._nodes_of.get(service, frozenset())

    def services_on(self, node: str) -> frozenset[str]:
        """The services that have a pod on that node."""
        return self._services_on.get(node, frozenset())

    def zone(self, node: str) -> str:
        return self.nodes.get(node, "")

    def cluster_of(self, node: str) -> str:
        return self._clusters.get(node, "")

    def _walk(self, start: str, links: Mapping[str, frozenset[str]]) -> Iterable[tuple[str, int]]:
        seen, queue = {start}, deque([(start, 0)])
        while queue:
            service, distance = queue.popleft()
            for other in sorted(links.get(service, ())):
                if other not in seen:
                    seen.add(other)
                    queue.append((other, distance + 1))
                    yield other, distance + 1

    @cached_property
    def _canonical(self) -> dict[str, str]:
        names = {_stem(s.lower()): s for s in sorted(self.services, reverse=True)}
        names |= {alias.lower(): s for alias, s in self.aliases.items()}
        return names | {s.lower(): s for s in sorted(self.services, reverse=True)}

    @cached_property
    def _callers(self) -> dict[str, frozenset[str]]:
        return _grouped((callee, caller) for caller, callee in self.edges)

    @cached_property
    def _callees(self) -> dict[str, frozenset[str]]:
        return _grouped(self.edges)

    @cached_property
    def _nodes_of(self) -> dict[str, frozenset[str]]:
        return _grouped((p.service, p.node) for p in self.pods.values() if p.node)

    @cached_property
    def _services_on(self) -> dict[str, frozenset[str]]:
        return _grouped((p.node, p.service) for p in self.pods.values() if p.node)

    @cached_property
    def _clusters(self) -> dict[str, str]:
        return {p.node: p.cluster for p in self.pods.values() if p.node}


def _stem(name: str) -> str:
    """Without what people add to a service's name: "cart_service", "cart-svc" -> "cart"."""
    name = name.replace("_", "-")
    for suffix in ("-service", "-svc", "-deployment", "-app", "-api"):
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
    return {name: frozenset(others) for name, others in found.items()}


def _list(topology: Mapping[str, Any], name: str) -> list[Any]:
    value = topology.get(name, [])
    if not isinstance(value, list):
        raise BadArgs(name, "not a list", "Give a list")
    return value


def _edge(value: Any, index: int) -> Edge:
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_name(v) for v in value):
        return (value[0], value[1])
    raise BadArgs(f"edges[{index}]", "not [caller, callee]", "Give the names of two services")


def _pod(value: Any, index: int) -> tuple[str, Pod]:
    where = f"pods[{index}]"
    if not isinstance(value, Mapping):
        raise BadArgs(where, "not an object", "Give cluster, service, pod and node")
    name = _text(value, "pod", where, required=True)
    service = _text(value, "service", where)
    return name, Pod(service, _text(value, "node", where), _text(value, "cluster", where))


def _text(table: Mapping[str, Any], key: str, where: str, *, required: bool = False) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise BadArgs(f"{where}.{key}", "not text", "Give a text")
    if required and not value:
        raise BadArgs(f"{where}.{key}", "missing", "Give its name")
    return value


def _texts(topology: Mapping[str, Any], name: str) -> dict[str, str]:
    value = topology.get(name, {})
    if not isinstance(value, Mapping):
        raise BadArgs(name, "not an object", "Give an object of names")
    for key, text in islice(value.items(), None):
        if not isinstance(text, str):
            raise BadArgs(f"{name}.{key}", "not text", "Give a text")
    return dict(value)


def _tables(tables: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    value = tables.get(name, {})
    if not isinstance(value, Mapping):
        raise BadArgs(name, "not a table", f"Write [{name}.NAME] tables")
    for key, table in value.items():
        if not isinstance(table, Mapping):
            raise BadArgs(f"{name}.{key}", "not a table", f"Write [{name}.{key}]")
    return value


def _only(table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise BadArgs(f"{where}.{key}", "not known here", f"Use {', '.join(known)}")


def _names(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(_is_name(v) for v in value):
        return tuple(value)
    raise BadArgs(where, "not a list of names", "Give a list of names")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _per_service(services: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, str]:
    found = {name: _text(table, key, f"services.{name}") for name, table in services.items()}
    return {name: text for name, text in found.items() if text}

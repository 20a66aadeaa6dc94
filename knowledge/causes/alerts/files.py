"""Cases in files: a line of JSON for each fault with the alerts around it, and a graph.

Their form is that of the data set of labelled alerts (`cases.jsonl`, `graph.json`): a case has an
id, a window of time and alerts; the graph has nodes with types, and labelled edges.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.causes.alerts.landscape import Landscape, Level
from knowledge.causes.alerts.rank import rank_alerts
from knowledge.causes.alerts.rarity import Window, window
from knowledge.causes.alerts.signs import Sign, Source
from knowledge.causes.ranking import Ranking
from knowledge.errors import BadArgs

_SOURCES = {"metric": Source.METRIC, "trace": Source.CALL, "log": Source.LOG}
_NODES = frozenset({"host", "node", "machine", "vm"})
_CALLS = frozenset({"control_flow", "data_flow", "calls", "depends_on"})


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class _Alert(_Row):
    t: float | None = None
    signal: Literal["metric", "trace", "log"]
    component: str = Field(min_length=1)
    caller: str | None = ""
    name: str
    direction: str | None = ""
    kind: str | None = ""
    sample: tuple[str, ...] = ()


class _Case(_Row):
    case_id: str = Field(min_length=1)
    window: tuple[float, float]
    alerts: tuple[_Alert, ...] = ()


class _Node(_Row):
    id: str = Field(min_length=1)
    type: str


class _Edge(_Row):
    source: str
    target: str
    label: str


class _Graph(_Row):
    nodes: tuple[_Node, ...]
    edges: tuple[_Edge, ...] = ()


@dataclass(frozen=True)
class AlertCase:
    """One fault with its alerts, and what fired around the other faults of its file."""

    id: str
    onset: datetime
    signs: tuple[Sign, ...]
    landscape: Landscape
    windows: tuple[Window, ...] = ()

    def rank(self) -> Ranking:
        return rank_alerts(self.signs, self.landscape, self.onset, self.windows)


def read_alert_cases(cases: str, graph: str, name: str = "cases") -> tuple[AlertCase, ...]:
    """Cases from the text of a JSON-lines file and of its graph.

    The past of each case is what fired in the windows of the other cases, before it and after it
    (never what their faults were). Raises BadArgs that names the file, the line and the field.
    """
    landscape = read_graph(graph)
    rows = list(_rows(cases, name))
    signs = [tuple(_signs(row)) for row in rows]
    windows = [window(_at(row.window[0]), seen) for row, seen in zip(rows, signs, strict=True)]
    return tuple(
        AlertCase(
            row.case_id,
            _at(row.window[0]),
            signs[i],
            landscape,
            (*windows[:i], *windows[i + 1 :]),
        )
        for i, row in enumerate(rows)
    )


def read_graph(text: str, name: str = "graph.json") -> Landscape:
    """The landscape from the text of a graph: nodes {id, type}, edges {source, target, label}.

    What has instances, or calls and is called, is a service; what is an instance of a service is
    a pod; what hosts is a node. Raises BadArgs."""
    try:
        graph = _Graph.model_validate_json(text)
    except ValidationError as error:
        raise _bad(name, error) from None
    service_of: dict[str, str] = {}
    node_of: dict[str, str] = {}
    callees: dict[str, set[str]] = {}
    for edge in graph.edges:
        one, other = edge.source, edge.target
        match edge.label:
            case "instance_of":
                service_of[one] = other
            case "has_instance":
                service_of[other] = one
            case "hosted_on":
                node_of[one] = other
            case "hosts":
                node_of[other] = one
            case label if label in _CALLS:
                callees.setdefault(one, set()).add(other)
    hosts = set(node_of.values())
    levels = {
        node.id: Level.POD
        if node.id in service_of
        else Level.NODE
        if node.id in hosts or node.type.lower() in _NODES
        else Level.SERVICE
        for node in graph.nodes
    }
    return Landscape(
        levels, service_of, node_of, {name: frozenset(to) for name, to in callees.items()}
    )


def _rows(text: str, name: str) -> Iterator[_Case]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield _Case.model_validate_json(line)
        except ValidationError as error:
            raise _bad(f"{name}, line {number}", error) from None


def _signs(case: _Case) -> Iterable[Sign]:
    for number, alert in enumerate(case.alerts, 1):
        yield Sign(
            component=alert.component,
            name=alert.name,
            source=_SOURCES[alert.signal],
            at=None if alert.t is None else _at(alert.t),
            direction=alert.direction or alert.kind or "",
            caller=alert.caller or "",
            texts=alert.sample,
            id=f"{case.case_id}-A{number}",
        )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _bad(name: str, error: ValidationError) -> BadArgs:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return BadArgs(name, f"{place}: {first['msg']}".removeprefix(": "), "Mend the field.")

import json
from typing import Any

import pytest

from knowledge.causes.alerts import Level, Source, read_alert_cases, read_graph
from knowledge.errors import BadArgs

GRAPH = json.dumps(
    {
        "nodes": [
            {"id": "cart", "type": "Service"},
            {"id": "store", "type": "Cache"},
            {"id": "cart-0", "type": "Service_Instance"},
            {"id": "n1", "type": "Host"},
        ],
        "edges": [
            {"source": "cart", "target": "store", "label": "data_flow"},
            {"source": "cart", "target": "cart-0", "label": "has_instance"},
            {"source": "cart-0", "target": "n1", "label": "hosted_on"},
        ],
    }
)


def case(number: int, *alerts: dict[str, Any]) -> str:
    start = 1_700_000_000 + number * 3_600
    return json.dumps({"case_id": f"c-{number}", "window": [start, start + 540], "alerts": alerts})


def metric(component: str, t: float, name: str = "cpu") -> dict[str, Any]:
    return {"t": t, "signal": "metric", "component": component, "name": name, "direction": "up"}


def test_a_graph_becomes_a_landscape_by_its_structure() -> None:
    landscape = read_graph(GRAPH)
    assert landscape.levels == {
        "cart": Level.SERVICE,
        "store": Level.SERVICE,
        "cart-0": Level.POD,
        "n1": Level.NODE,
    }
    assert landscape.service_of == {"cart-0": "cart"}
    assert landscape.node_of == {"cart-0": "n1"}
    assert landscape.callees == {"cart": frozenset({"store"})}


def test_the_past_of_a_case_is_what_fired_around_the_others() -> None:
    chronic = [metric("cart-0", 1_700_000_000 + n * 3_600) for n in range(6)]
    rows = [case(n, chronic[n]) for n in range(5)]
    rows.append(case(5, chronic[5], metric("n1", 1_700_018_000, "disk")))
    last = read_alert_cases("\n".join(rows), GRAPH)[-1]
    assert last.id == "c-5"
    assert len(last.windows) == 5
    assert last.rank().suspects[0].component == "n1"


def test_logs_and_calls_are_read_too() -> None:
    log = {"t": None, "signal": "log", "component": "cart-0", "name": "T1", "sample": ["x"]}
    call = {"t": 1_700_000_001, "signal": "trace", "component": "cart-0", "caller": "n1",
            "name": "Get", "kind": "500"}  # fmt: skip
    signs = read_alert_cases(case(0, log, call), GRAPH)[0].signs
    assert [(s.source, s.caller, s.direction, s.texts) for s in signs] == [
        (Source.LOG, "", "", ("x",)),
        (Source.CALL, "n1", "500", ()),
    ]
    assert signs[0].at is None


@pytest.mark.parametrize(
    ("cases", "graph", "told"),
    [
        ('{"case_id": "a"}', GRAPH, r"cases, line 1: window: Field required"),
        ("\n{", GRAPH, r"cases, line 2"),
        (case(0, {"signal": "smell", "component": "x", "name": "y"}), GRAPH, "alerts.0.signal"),
        (case(0), "[]", "graph.json"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(cases: str, graph: str, told: str) -> None:
    with pytest.raises(BadArgs, match=told):
        read_alert_cases(cases, graph)

"""Cases from JSON documents."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.causes.reading import parse_case, parse_flow, parse_logs
from knowledge.errors import BadArgs

CALM = {"timestamps": [0, 60], "series": {"web": {"latency": [0.1, None]}}}
DOCUMENT: dict[str, Any] = {
    "schema": "rca-case/1",
    "case_id": "c1",
    "step_s": 60,
    "failure_time": 1_700_000_000,
    "target": {"service": "web", "metric": "latency"},
    "edges": [["web", "db"]],
    "window": {"timestamps": [1_700_000_000], "series": {"web": {"latency": [2]}}},
}
TRACES = {
    "minutes": 2,
    "log_minutes": 1,
    "ops": [["web", "get", 10, 2000, 4000, 500, 900]],
    "edges": [["web", "db", 10, 300, 800]],
    "logs": [["web", "ERROR", "app.py:7", 3]],
}


def test_a_case() -> None:
    case = parse_case(DOCUMENT, CALM, TRACES, TRACES)
    assert (case.id, case.step, case.edges) == ("c1", timedelta(minutes=1), (("web", "db"),))
    assert case.at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert case.services == ("web", "db")
    assert np.isnan(case.calm["web"]["latency"].values[1])
    assert case.flow is not None
    assert case.flow.operations[0].self_p95 == pytest.approx(0.0009)
    assert case.flow.hops[0].gap_p50 == pytest.approx(0.0003)
    assert case.logs is not None
    assert case.logs.counts[0].level == "error"


def test_traces_of_no_minute_are_none() -> None:
    assert parse_flow({**TRACES, "minutes": 0}) is None
    assert parse_logs({**TRACES, "log_minutes": 0}) is None
    assert parse_flow(None) is None


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["schema"], "other", "schema"),
        (["case_id"], "", "case_id"),
        (["step_s"], 0, "step_s"),
        (["failure_time"], "noon", "failure_time"),
        (["target"], None, "target"),
        (["target", "service"], None, "service"),
        (["edges"], [["web"]], "edges"),
        (["window"], None, "window"),
        (["window", "timestamps"], None, "window.timestamps"),
        (["window", "series"], [], "window.series"),
        (["window", "series", "web"], [1], "window.series.web"),
        (["window", "series", "web", "latency"], [1, 2], "window.series.web.latency"),
        (["window", "series", "web", "latency"], ["fast"], "window.series.web.latency"),
    ],
)
def test_an_error_names_the_field(path: list[str], value: object, field: str) -> None:
    document = deepcopy(DOCUMENT)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(BadArgs) as caught:
        parse_case(document, CALM)
    assert caught.value.field == field


def test_calm_data_of_another_shape_are_told() -> None:
    with pytest.raises(BadArgs, match="normal"):
        parse_case(DOCUMENT, None)

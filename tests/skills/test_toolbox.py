"""The tools of an investigation: what reads, and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from knowledge.adapters.absent import AbsentMetrics
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryMetrics
from knowledge.ports import Found, ReadTool
from knowledge.records import LogLine, Series, Span
from skills.contract import Context, NoArgs, Reply, Role, Skill, Unavailable
from skills.registry import BUILTIN
from skills.testing import NOON, context
from skills.toolbox import MOST_SERIES, is_tool, say_course, toolbox


class Connected:
    """`ports.Telemetry` with one service."""

    sources = ("Loki", "Tempo")

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        values = np.array([120.0, np.nan, 910.0])
        return {"checkout": {"latency_p95": Series({}, np.arange(3.0), values)}}

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        if service != "checkout":
            return []
        at = NOON - timedelta(minutes=5)
        failed = [LogLine(at, service, f"pool timeout after {n} ms", "error") for n in (30, 31)]
        return [*failed, LogLine(at, service, "served", "info")]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        return [
            Span("t", "1", "", "checkout", "POST /pay", NOON, 0.91, failed=True),
            Span("t", "2", "1", "payments", "charge", NOON, 0.2),
        ]


class Missing:
    """`ports.Telemetry` without a source."""

    sources = ()


def box(telemetry: object | None = None, **given: Any) -> dict[str, ReadTool]:
    ctx = context(telemetry=telemetry or Missing(), **{"skills": BUILTIN, **given})
    return {tool.tool.name: tool for tool in toolbox(ctx)}


def test_no_skill_that_needs_more_than_reading_is_a_tool() -> None:
    names = box().keys() - {"metric_query"}
    skills = {skill.name: skill for skill in BUILTIN}
    assert {"incident_summary", "similar_incidents", "model_drift"} <= names
    for name in names:
        assert skills[name].needs is Role.READ
        assert not skills[name].hidden
        assert not skills[name].asks_first
    assert not {"promotion", "approve", "silence", "incident_update", "investigate"} & names


def test_a_skill_is_run_for_the_asker_who_may_only_read() -> None:
    seen: list[Context] = []

    def run(ctx: Context, args: BaseModel) -> Reply:
        seen.append(ctx)
        return Reply("looked", "at it")

    tool = box(skills=(Skill("look", "Look", ("look",), NoArgs, run),))["look"]
    assert tool.run({}) == Found("looked\nat it")
    assert (seen[0].user.id, seen[0].user.role, seen[0].via_button) == ("U1", Role.READ, False)


def test_a_skill_that_tries_to_change_something_is_refused() -> None:
    store = MemoryStore()

    def run(ctx: Context, args: BaseModel) -> Reply:
        ctx.silences.end("SIL-1", "ada", NOON)
        return Reply("done")

    tool = box(skills=(Skill("bad", "Bad", ("bad",), NoArgs, run),), silences=store.silences)["bad"]
    assert not tool.run({}).ok


@pytest.mark.parametrize("error", [Unavailable("prometheus", "gone"), ValueError("bug")])
def test_what_goes_wrong_is_said_in_words(error: Exception) -> None:
    def run(ctx: Context, args: BaseModel) -> Reply:
        raise error

    found = box(skills=(Skill("bad", "Bad", ("bad",), NoArgs, run),))["bad"].run({})
    assert not found.ok
    assert "bug" not in found.text


def test_arguments_that_do_not_fit_are_named() -> None:
    class Args(BaseModel):
        hours: int

    skill = Skill("s", "S", ("s",), Args, lambda ctx, args: Reply("x"))
    found = box(skills=(skill,))["s"].run({"hours": "many"})
    assert not found.ok
    assert found.text.startswith("hours: ")


def test_a_metric_is_told_in_figures() -> None:
    metrics = MemoryMetrics()
    for n in range(MOST_SERIES + 2):
        metrics.add("up", float(n), {"pod": f"a-{n}"})
    lines = box(metrics=metrics)["metric_query"].run({"query": "up"}).text.splitlines()
    assert lines[3] == "pod=a-3: first 3, last 3, lowest 3, median 3, highest 3"
    assert lines[-1] == "and 2 more series"
    assert box(metrics=metrics)["metric_query"].run({"query": "no"}).text.startswith("No series")


@pytest.mark.parametrize(
    "args", [{"query": "x" * 301}, {"query": "up", "minutes": 100_000}, {"minutes": 5}]
)
def test_a_query_has_bounds(args: Mapping[str, Any]) -> None:
    assert not box(metrics=MemoryMetrics())["metric_query"].run(args).ok


def test_without_metrics_it_says_which_setting_connects_them() -> None:
    found = box(metrics=AbsentMetrics())["metric_query"].run({"query": "up"})
    assert not found.ok
    assert "PROMETHEUS_URL" in found.text


def test_telemetry_is_there_where_something_is_connected() -> None:
    assert "service_logs" not in box()
    tools = box(Connected())
    asked = {"service": "checkout"}
    assert tools["service_signals"].run(asked).text == (
        "latency_p95: first 120, last 910, lowest 120, median 515, highest 910"
    )
    logs = tools["service_logs"].run(asked).text.splitlines()
    assert logs[:2] == ["2 error, 1 info", "2 times: pool timeout after # ms"]
    assert "served" not in "\n".join(logs)
    assert "served" in tools["service_logs"].run({**asked, "contains": "SERVED"}).text
    assert tools["service_logs"].run({"service": "cart"}).text == "No such lines of cart."
    traces = tools["service_traces"].run(asked).text.splitlines()
    assert traces[0] == "checkout POST /pay: 1 calls, 1 failed, p95 910 ms"


def test_a_series_without_values_says_so() -> None:
    assert say_course(Series({}, np.arange(1.0), np.array([np.nan]))) == "no values"


def test_hidden_and_unbuilt_skills_are_no_tools() -> None:
    for change in ({"hidden": True}, {"ready": False}, {"needs": Role.OPERATE}):
        skill = Skill("s", "S", ("s",), NoArgs, lambda ctx, args: Reply("x"), **change)
        assert not is_tool(skill)

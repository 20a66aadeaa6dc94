from datetime import datetime
from typing import Any

import pytest

from bot.turn import checked
from bot.watching import MonitorWatching
from bot.watching.testing import series, watching_at
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, UserError
from knowledge.monitors import MetricMonitor, ModelMonitor
from skills.contract import Call, Reply, Skill
from skills.monitor_backtest import monitor_preview
from skills.monitor_backtest import skill as monitor_backtest
from skills.testing import NOON, context


def daily(at: datetime) -> dict[Any, float]:
    """Slow from ten to eleven every day, and slower on Tuesdays."""
    slow = 9.0 if at.weekday() == 1 else 6.0
    return {series(service="checkout"): slow if at.hour == 10 else 1.0}


def world() -> MonitorWatching:
    p99 = {"name": "p99", "query": "latency", "above": 5, "every": "10m"}
    return watching_at(
        NOON,
        MemoryStore(),
        [MetricMonitor.model_validate(p99), ModelMonitor.model_validate({"model": "fraud"})],
        {"latency": daily},
    )


def run(skill: Skill[Any], **args: str) -> Reply:
    return skill.run(context(watching=world()), checked(skill, Call(skill.name, args)))


def test_a_week_of_one_monitor_with_its_picture() -> None:
    reply = run(monitor_backtest, monitor="p99")
    assert reply.title == "p99: 7 alarms in the last 7 d"
    (section,) = reply.sections
    assert "*Fri 10:00*, 1 h: p99 is 6" in section.lines[0].text
    assert section.lines[-1].text == "and 2 more"
    assert reply.pictures[0].alt.startswith("p99 over the last 7 d, 1 series: 7 alarms.")
    assert [b.label for b in reply.buttons] == ["Tune", "Last 24 h", "Last 28 d"]


def test_any_other_length_of_time() -> None:
    reply = run(monitor_backtest, monitor="p99", window="2d")
    assert reply.title == "p99: 2 alarms in the last 2 d"
    with pytest.raises(BadArgs, match="window: choose at most 35 d"):
        run(monitor_backtest, monitor="p99", window="90d")


def test_without_a_name_it_asks_which() -> None:
    assert [b.label for b in run(monitor_backtest).buttons] == ["fraud", "p99"]


def test_a_preview_of_a_new_monitor() -> None:
    reply = run(monitor_preview, name="new", query="latency", limit="> 8")
    assert reply.title == "new: 1 alarm in the last 7 d"
    assert reply.text == ""
    assert len(reply.pictures) == 1


def test_a_preview_of_a_tuned_monitor_compares_it_with_the_present_one() -> None:
    reply = run(monitor_preview, monitor="metric:p99", query="latency", limit="> 8")
    assert reply.title == "p99: 1 alarm in the last 7 d"
    assert reply.text == "The monitor that runs now would have had 7."
    same = run(monitor_preview, monitor="metric:p99", query="latency", limit="> 5")
    assert same.text == ""
    close = run(monitor_preview, monitor="metric:p99", query="latency", limit="> 5.5")
    assert close.text == "As many as the monitor that runs now would have had: 7."


def test_a_preview_of_a_preset_tells_what_has_no_data() -> None:
    reply = run(monitor_preview, preset="redis")
    assert reply.title == "redis: no alarm in the last 7 d"
    assert all("rejects" in line.text for line in reply.sections[0].lines)
    assert reply.pictures == ()


def test_a_preview_of_a_models_monitor() -> None:
    reply = run(monitor_preview, monitor="model:fraud", every="6h", needs="1 of 1")
    assert reply.title == "fraud: no alarm in the last 7 d"
    assert "runs now" in reply.text


def test_a_query_that_is_rejected_is_told() -> None:
    reply = run(monitor_preview, name="new", query="sum(", limit="> 8")
    assert "parse error" in reply.footer


@pytest.mark.parametrize("args", [{}, {"name": "new"}, {"preset": "none"}])
def test_what_is_missing_is_named(args: dict[str, str]) -> None:
    with pytest.raises(UserError):
        run(monitor_preview, **args)

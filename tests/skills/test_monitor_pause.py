from datetime import timedelta
from typing import Any

import pytest

from bot.turn import checked
from bot.watching import MonitorWatching
from bot.watching.testing import watching_at
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs
from knowledge.monitors import MetricMonitor
from skills.contract import Call, Reply, Skill
from skills.monitor_pause import monitor_pause, monitor_resume
from skills.testing import NOON, context


def world() -> MonitorWatching:
    return watching_at(
        NOON, MemoryStore(), [MetricMonitor(name=name, query="q", above=1) for name in ("a", "b")]
    )


def run(watching: MonitorWatching, skill: Skill[Any], pressed: bool = True, **args: str) -> Reply:
    ctx = context(watching=watching, via_button=pressed)
    return skill.run(ctx, checked(skill, Call(skill.name, args)))


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def test_words_alone_pause_nothing() -> None:
    watching = world()
    reply = run(watching, monitor_pause, pressed=False, monitor="a", duration="2h")
    assert [b.call for b in reply.buttons] == [
        Call("monitor_pause", {"monitor": "metric:a", "duration": "2h"})
    ]
    assert not watching.get("a").paused


def test_without_a_length_the_usual_ones_are_offered() -> None:
    reply = run(world(), monitor_pause, pressed=False, monitor="a")
    assert labels(reply) == ["1 hour", "8 hours", "Until somebody resumes it"]


def test_a_press_pauses_it_for_so_long() -> None:
    watching = world()
    reply = run(watching, monitor_pause, monitor="a", duration="8h")
    assert watching.get("a").paused_until == NOON + timedelta(hours=8)
    assert reply.title == "a: paused until 20:00"
    assert "Resume" in labels(reply)


def test_it_may_rest_until_somebody_resumes_it() -> None:
    watching = world()
    run(watching, monitor_pause, monitor="a", duration="until resumed")
    paused = watching.get("a")
    assert (paused.paused, paused.paused_until) == (True, None)
    run(watching, monitor_resume, pressed=False, monitor="a")
    assert watching.get("a").paused, "words alone resume nothing"
    assert "Pause" in labels(run(watching, monitor_resume, monitor="a"))
    assert not watching.get("a").paused


def test_which_one_is_asked_of_those_that_can_be_meant() -> None:
    watching = world()
    assert labels(run(watching, monitor_pause, pressed=False)) == ["a", "b"]
    with pytest.raises(BadArgs, match="none is paused"):
        run(watching, monitor_resume, pressed=False)
    watching.pause("b", None, "U1")
    assert labels(run(watching, monitor_resume, pressed=False)) == ["b"]
    assert labels(run(watching, monitor_pause, pressed=False)) == ["a"]


@pytest.mark.parametrize("duration", ["90d", "0s", "a while"])
def test_a_length_that_makes_no_sense_is_refused(duration: str) -> None:
    with pytest.raises(BadArgs, match="duration"):
        run(world(), monitor_pause, monitor="a", duration=duration)


def test_one_that_runs_needs_no_resuming() -> None:
    assert run(world(), monitor_resume, monitor="a").text == "It is not paused."

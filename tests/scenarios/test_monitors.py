"""A monitor's life from its window to its pause, on the whole bot with the real Slack SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import cos, pi

import pytest
from running_world import World, running_world, stand_ins

from bot.playground.client import PersonClient
from knowledge.adapters.memory.telemetry import MemoryMetrics

CHANNEL = "#incidents"
QUERY = "histogram_quantile(0.99, rate(latency_bucket[5m]))"
BAD_HOUR = (datetime.now(UTC).hour + 12) % 24
"""Far from now, so that a week has seven whole ones of it."""


def latency(at: float) -> float:
    """Follows the day, and is far too high for an hour of it."""
    hour = datetime.fromtimestamp(at, UTC).hour
    return 4.0 if hour == BAD_HOUR else 1 - 0.5 * cos(2 * pi * at / 86400)


def metrics() -> MemoryMetrics:
    made = MemoryMetrics()
    made.add(QUERY, latency, {"service": "checkout"})
    made.add(QUERY, lambda at: 0.2, {"service": "search"})
    return made


@pytest.fixture(params=["socket", "http"], scope="module")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    parts = {**stand_ins(), "metrics": metrics()}
    with running_world(request.param, tmp_path_factory.mktemp("bot"), parts=parts) as running:
        yield running


def open_window(ada: PersonClient) -> None:
    ada.command("/ops monitors", CHANNEL)
    shown = ada.wait_for(lambda m: "New monitor" in m.buttons, channel=CHANNEL, timeout=60)
    ada.click(shown, "New monitor")


def test_from_the_window_with_its_picture_to_the_pause(world: World) -> None:
    ada = world.person("ada")
    open_window(ada)
    view = ada.wait_for_view("Or a query of your own", timeout=60)
    typed = {"name": "slow", "query": QUERY, "every": "15m", "limit": "> 9"}
    ada.click(view, "Show last week", values=typed)
    assert "slow: no alarm" in ada.wait_for_view("in the last 7 d", timeout=60).text_shown

    view = ada.view()
    assert view is not None
    ada.click(view, "Show last week", values={"limit": "> 3"})
    view = ada.wait_for_view("7 alarms in the last 7 d", timeout=60)
    assert "no alarm" not in view.text_shown
    assert ada.download(view.images[0]).startswith(b"\x89PNG")
    assert ada.submit(view, {"limit": "high"}) == {
        "limit": "'high' is no limit; write for example > 1.5 or < 20"
    }
    assert ada.submit(view, {"limit": "> 3"}) == {}
    card = ada.wait_for("It runs from now on", channel=CHANNEL, timeout=60)
    assert "at most 3" in card.text_shown

    ada.command("/ops monitors slow", CHANNEL)
    card = ada.wait_for(
        lambda m: "Tune" in m.buttons and bool(m.images), channel=CHANNEL, timeout=60
    )
    ada.click(card, "Tune")
    view = ada.wait_for_view("7 alarms in the last 7 d", timeout=60)
    ada.click(view, "Show last week", values={"limit": "> 5"})
    assert "would have had 7" in ada.wait_for_view("slow: no alarm", timeout=60).text_shown
    ada.close()

    ada.click(card, "Pause")
    ada.submit(ada.wait_for_view("For how long", timeout=60), {"duration": "8h"})
    ada.wait_for("slow: paused until", channel=CHANNEL, timeout=60)
    ada.command("/ops monitors slow", CHANNEL)
    ada.wait_for(lambda m: "Resume" in m.buttons and bool(m.images), channel=CHANNEL, timeout=60)
    recorded = {entry.skill: entry.outcome for entry in world.bot.parts.store.audit.find(limit=50)}
    assert recorded["monitor_create"] == recorded["monitor_pause"] == "ok"


def test_one_who_only_reads_is_told_before_anything_is_typed(world: World) -> None:
    eva = world.person("eva")
    open_window(eva)
    view = eva.wait_for_view("Not allowed", timeout=60)
    assert "Or a query of your own" not in view.text_shown
    assert view.submit == ""
    eva.close()

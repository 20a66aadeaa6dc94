"""What Tandem notices itself, on the whole bot: its card, what is pressed on it, whom it joins."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from running_world import World, running_world, stand_ins
from test_silences import alert, deliver

from bot.parts import MONITOR
from bot.playground.shown import Message
from knowledge.codec import signals_to_json
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import Change, Episode, Look, Signal, SignalKind, Trace
from tests.skills.watching_double import WatchingDouble

CHANNEL = "#incidents"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def trace(now: datetime, jump: datetime) -> Trace:
    """Two days of a daily wave with its band, and far above it since `jump`."""
    times = np.arange(now.timestamp() - 2 * 86400, now.timestamp(), 60.0)
    wave = 0.25 + 0.1 * np.sin(times / 13751)
    noise = 0.012 * np.random.default_rng(7).standard_normal(len(times))
    beyond = times >= jump.timestamp()
    values = np.where(beyond, 1.9 + 10 * noise, wave + noise)
    return Trace({"job": "payments"}, times, values, wave - 0.05, wave + 0.05, beyond * 0.97)


def watching(now: datetime) -> WatchingDouble:
    unsure = [
        Episode(now - n * 9 * HOUR, now - n * 9 * HOUR + 6 * MINUTE, {}, 0.6, "")
        for n in range(1, 8)
    ]
    sure = Episode(now - 40 * HOUR, now - 39 * HOUR, {}, 0.97, "")
    double = WatchingDouble(episodes=[*unsure, sure], traces=(trace(now, now - 9 * MINUTE),))
    for name in ("payments-p99", "tracking-p99", "depot-p99"):
        double.add(MetricMonitor(name=name, query=f"p99{{monitor='{name}'}}"))
    double.add(ModelMonitor(model="eta-model", name="eta-model"))
    for n in range(60):
        at = now - (60 - n) * HOUR
        drift = 0.31 + 0.02 * (n % 3) if n > 56 else 0.02 + 0.01 * (n % 4)
        double.kept.add_look(
            Look("eta-model", at, at - 24 * HOUR, at, 9000, "stable", "2", {"drift": drift})
        )
    return double


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    parts = {**stand_ins(), "watching": watching(datetime.now(UTC))}
    with running_world("socket", tmp_path_factory.mktemp("bot"), parts=parts) as running:
        yield running


def slow(service: str, sure: str = "0.97", ago: timedelta = 9 * MINUTE) -> Signal:
    now = datetime.now(UTC)
    monitor = f"{service}-p99"
    return Signal(
        f"{monitor}/{ago}",
        monitor,
        now - ago,
        now,
        source="monitor",
        kind=SignalKind.METRIC,
        service=service,
        severity="warning",
        summary=f"p99 of {service} is far above its usual",
        description="1.9 s, where 0.20 to 0.30 is usual at this hour.",
        labels={"monitor": f"metric:{monitor}", "sure": sure},
    )


def drift(served_by: str, ago: timedelta = MINUTE) -> Signal:
    now = datetime.now(UTC)
    return Signal(
        f"drift/{served_by}",
        "ModelDrift",
        now - ago,
        now,
        source="monitor",
        kind=SignalKind.DRIFT,
        service=served_by,
        severity="warning",
        summary="eta-model: inputs drift, 6 of 14 columns",
        description="Over the last 24 h: temp moved down by 4.9 sd; distance has a new shape.",
        labels={
            "monitor": "model:eta-model",
            "model": "eta-model",
            "window": "24h",
            "sure": "0.91",
            "columns": "temp, distance",
        },
    )


def notice(world: World, *signals: Signal) -> None:
    world.bot.accept(MONITOR, signals_to_json(signals), signals)


def card(world: World, text: str) -> Message:
    return world.person("ada").wait_for(
        lambda m: " INC-" in m.text_shown.partition("\n")[0] and text in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )


def test_a_finding_has_a_card_of_its_own_at_once(world: World) -> None:
    deploy = Change("d1", datetime.now(UTC) - 15 * MINUTE, "deploy", "tracking", "", "4.2", "ines")
    world.bot.parts.store.changes.add(deploy)
    notice(world, slow("tracking"))
    shown = card(world, "p99 of tracking is far above its usual")
    assert "very sure (0.97)" in shown.text_shown
    assert "Likely: " in shown.text_shown
    assert "deploy tracking 4.2" in shown.text_shown
    assert shown.buttons[:4] == ("Investigate", "Snooze", "Not useful", "Useful")

    ada = world.person("ada")
    ada.click(shown, "Investigate")
    looked = ada.wait_for("Asks", channel=CHANNEL, timeout=60)
    assert looked.ephemeral
    ada.click(shown, "Snooze")
    ada.click(ada.wait_for("for how long?", channel=CHANNEL, timeout=60), "8 hours")
    ada.wait_for("Snoozed until", channel=CHANNEL, timeout=60)
    taken = card(world, "acknowledged by ada")
    assert "Snoozed" in taken.text_shown


def test_not_useful_twice_raises_the_bar_when_somebody_keeps_it(world: World) -> None:
    ada = world.person("ada")
    notice(world, slow("depot", "0.62", 50 * MINUTE))
    shown = card(world, "p99 of depot is far above its usual")
    ada.click(shown, "Not useful")
    noted = ada.wait_for("Noted: not useful", channel=CHANNEL, timeout=60)
    ada.click(noted, "Propose one now")
    proposal = ada.wait_for("Raise the bar of depot-p99?", channel=CHANNEL, timeout=60)
    assert "would have fired 1 time instead of 8 in the last 7 d" in proposal.text_shown
    ada.click(proposal, "Keep sure 0.7")
    ada.wait_for("depot-p99: sure 0.7 instead of 0.50", channel=CHANNEL, timeout=60)
    assert world.bot.parts.watching.get("depot-p99").sure == 0.7


def test_one_cause_that_three_notice_is_one_incident(world: World) -> None:
    notice(world, slow("payments", ago=MINUTE))
    card(world, "p99 of payments is far above its usual")
    deliver(world, alert("checkout", "HighErrorRate"))
    notice(world, drift("payments"))
    joined = card(world, "eta-model: inputs drift, 6 of 14 columns")
    assert "Tandem noticed" in joined.text_shown
    assert "High error rate" in joined.text_shown
    assert "Investigate" not in joined.buttons
    found = [
        incident
        for incident in world.bot.parts.store.incidents.find(open_only=True)
        if {"payments", "checkout"} & {s.service for s in incident.signals}
    ]
    assert len(found) == 1


def test_a_drift_alone_has_a_card_that_asks_for_nobody(world: World) -> None:
    alone = replace(drift("routing"), fingerprint="alone", labels={**drift("routing").labels})
    alone = replace(alone, labels={**alone.labels, "model": "churn", "monitor": "model:churn"})
    alone = replace(alone, summary="churn: inputs drift, 2 of 9 columns")
    notice(world, alone)
    shown = card(world, "churn: inputs drift")
    asked = ("Investigate", "Model or infrastructure?", "Snooze", "Retrain", "Roll back")
    assert shown.buttons[:5] == asked
    assert "Nothing that Tandem knows of changed in the 26 h before" in shown.text_shown

import re
from datetime import timedelta

import pytest

from bot.demo.rules import RULES
from bot.demo.world import (
    BREAKAGES,
    LASTS,
    MODEL_SERVICE,
    ORDERS,
    P99,
    RECENT_HOURS,
    RISE,
    SERVICES,
    World,
    backfill,
    exposition,
    orders_per_minute,
    past,
    readings,
)
from skills.testing import NOON

LATER = NOON + timedelta(seconds=30)


def breached(world: World) -> set[tuple[str, str]]:
    """Which rules the world breaks half a minute later: the alert's name and whose it is."""
    return {
        (rule.name, labels.get("service") or labels["node"])
        for metric, labels, value in readings(world, LATER)
        for rule in RULES
        if rule.metric == metric and rule.breached(value)
    }


def test_at_rest_nothing_alerts_at_any_time() -> None:
    world = World()
    for minutes in range(0, 600, 7):
        for metric, labels, value in readings(world, NOON + timedelta(minutes=minutes)):
            assert not any(r.metric == metric and r.breached(value) for r in RULES), labels


@pytest.mark.parametrize(
    ("breakage", "alerts"),
    [
        (
            "latency",
            {
                ("LatencyP99High", "payments"),
                ("HighErrorRate", "payments"),
                ("LatencyP99High", "checkout-api"),
                ("HighErrorRate", "checkout-api"),
            },
        ),
        ("deploy", {("HighErrorRate", "checkout-api"), ("ErrorBudgetBurn", "checkout-api")}),
        ("drift", set()),
        ("orders", set()),
        ("gpu", {("GpuClockThrottled", "eta-model"), ("LatencyP99High", "eta-model")}),
    ],
)
def test_each_breakage_alerts_where_it_should(breakage: str, alerts: set[tuple[str, str]]) -> None:
    world = World()
    world.break_(breakage, NOON)
    assert breached(world) == alerts


def test_a_storm_is_a_storm() -> None:
    world = World()
    world.break_("storm", NOON)
    alerts = breached(world)
    assert len(alerts) >= 15
    assert {s.name for s in SERVICES if s.zone == "eu-1b"} <= {service for _, service in alerts}


def test_drift_is_only_seen_by_those_who_look_at_the_inputs() -> None:
    world = World()
    world.break_("drift", NOON)
    assert world.strength("eta-model", "drift", LATER) == 1.0


def test_an_effect_rises_and_ends_by_itself() -> None:
    world = World()
    world.break_("deploy", NOON)
    strengths = [world.strength("checkout-api", "errors", NOON + RISE * s) for s in (0, 0.5, 1, 9)]
    assert strengths == pytest.approx([0, 0.105, 0.21, 0.21])
    assert world.active(NOON + LASTS) == {"deploy": NOON}
    assert world.active(NOON + LASTS + timedelta(seconds=1)) == {}
    assert world.strength("checkout-api", "errors", NOON + 2 * LASTS) == 0


def test_what_follows_later_begins_later() -> None:
    world = World()
    world.break_("latency", NOON)
    at = NOON + timedelta(seconds=3)
    assert world.strength("payments", "p99", at) > 6
    assert world.strength("checkout-api", "p99", at) == 0


def test_mending_ends_everything_at_once() -> None:
    world = World()
    for breakage in BREAKAGES:
        world.break_(breakage.id, NOON)
    assert len(world.active(LATER)) == len(BREAKAGES)
    world.mend()
    assert breached(world) == set()


def test_an_unknown_breakage_is_refused() -> None:
    with pytest.raises(KeyError, match="meteor"):
        World().break_("meteor", NOON)


def test_what_prometheus_scrapes_is_in_its_text_format() -> None:
    lines = exposition(readings(World(), NOON)).splitlines()
    sample = re.compile(r'[a-zA-Z_]\w*\{\w+="[^"\\\n]*"(,\w+="[^"\\\n]*")*\} -?[\d.]+(e[+-]\d+)?')
    assert all(line.startswith("# TYPE ") or sample.fullmatch(line) for line in lines)
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) == len(set(series))
    kinds = [line for line in lines if line.startswith("#")]
    assert len(kinds) == len(set(kinds)) == 7


def test_orders_have_days_and_weeks_in_them() -> None:
    week = [orders_per_minute(NOON + timedelta(minutes=10 * i)) for i in range(7 * 144)]
    thursday, saturday = week[:144], week[2 * 144 : 3 * 144]
    assert max(thursday) > 2 * min(thursday)
    assert sum(saturday) < 0.9 * sum(thursday)


def test_what_is_written_of_the_past_is_what_the_world_would_have_said() -> None:
    lines = backfill(NOON, "127.0.0.1:9", days=1).splitlines()
    assert lines[-1] == "# EOF"
    samples = [line.rsplit(" ", 2) for line in lines if line.startswith(ORDERS)]
    assert len(samples) == 1440
    last = NOON - timedelta(minutes=1)
    (then,) = past(ORDERS, last)
    assert samples[-1][1:] == [f"{then[2]:.6g}", f"{last.timestamp():.0f}"]


def test_every_service_has_hours_of_history_and_the_models_has_days() -> None:
    lines = backfill(NOON, "127.0.0.1:9", days=1).splitlines()
    slow = [line for line in lines if line.startswith(P99)]
    of = {s.name: sum(f'service="{s.name}"' in line for line in slow) for s in SERVICES}
    assert of.pop(MODEL_SERVICE) == 1440
    assert set(of.values()) == {RECENT_HOURS * 60}


def test_orders_fall_without_an_alert() -> None:
    world = World()
    (before,) = [value for name, _, value in readings(world, LATER) if name == ORDERS]
    world.break_("orders", NOON)
    (after,) = [value for name, _, value in readings(world, LATER) if name == ORDERS]
    assert after == pytest.approx(0.66 * before)

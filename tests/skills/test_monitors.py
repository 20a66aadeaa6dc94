from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.watching import MonitorWatching
from bot.watching.testing import series, watching_at
from knowledge.adapters.memory.store import MemoryStore
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import Look
from skills import monitors
from skills.contract import Call, Reply, Tone
from skills.testing import NOON, context


def spiky(at: datetime) -> dict[Any, float]:
    """One of two services is slow from ten to eleven."""
    slow = at.hour == 10 and at.day == NOON.day
    return {series(service="checkout"): 9.0 if slow else 1.0, series(service="search"): 1.0}


def metric(name: str, **more: Any) -> MetricMonitor:
    return MetricMonitor.model_validate(
        {"name": name, "query": "p99", "above": 5, "every": "5m", **more}
    )


def world() -> MonitorWatching:
    made = watching_at(
        NOON,
        MemoryStore(),
        [
            metric("checkout-p99", service="checkout", tell=["#ops"]),
            metric("checkout-errors", service="checkout"),
            metric("disk", query="gone"),
            ModelMonitor.model_validate({"model": "fraud"}),
        ],
        {"p99": spiky},
    )
    made.pause("disk", NOON + timedelta(hours=2), "U2")
    return made


def ask(watching: MonitorWatching, monitor: str = "") -> Reply:
    return monitors.skill.run(context(watching=watching), monitors.Args(monitor=monitor))


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def test_all_of_them_with_what_is_normal_and_how_they_do() -> None:
    reply = ask(world())
    assert reply.title == "4 monitors: 1 paused"
    assert reply.table is not None
    rows = {row[0]: row[1:] for row in reply.table.rows}
    assert rows["checkout-p99"] == ("at most 5", "5 min", "starting", "–")
    assert rows["disk"][2] == "paused until 14:00"
    assert rows["fraud"][0] == "data like the reference's"
    assert "New monitor" in labels(reply)


def test_where_nothing_is_watched_it_says_how_to_begin() -> None:
    reply = ask(watching_at(NOON, MemoryStore()))
    assert reply.title == "Nothing is watched yet"
    assert labels(reply) == ["New monitor"]


def test_part_of_a_name_or_a_service_lists_those() -> None:
    reply = ask(world(), "checkout")
    assert reply.title == "2 monitors like checkout: all is normal"
    assert ask(world(), "errors").title == "checkout-errors: starting"


def test_what_nothing_is_called_offers_all() -> None:
    reply = ask(world(), "zzz")
    assert "zzz" in reply.title
    assert reply.buttons[0].call == Call("monitors")


def test_more_than_fit_are_counted() -> None:
    many = [metric(f"m{n:03}") for n in range(300)]
    reply = ask(watching_at(NOON, MemoryStore(), many))
    assert reply.title.startswith("300 monitors")
    assert "260 more are not shown" in reply.footer


@pytest.mark.parametrize("name", ["checkout-p99", "metric:checkout-p99", "Checkout-P99"])
def test_one_with_the_picture_of_its_last_day(name: str) -> None:
    reply = ask(world(), name)
    assert reply.title == "checkout-p99: starting"
    assert reply.fields["Query"] == "`p99`"
    assert reply.fields["Told besides the channel"] == "#ops"
    (lines,) = reply.sections
    assert lines.heading == "In the last 24 h"
    assert "Thu 10:00" in lines.lines[0].text
    assert "checkout" in lines.lines[0].text
    (picture,) = reply.pictures
    assert picture.png.startswith(b"\x89PNG")
    assert "1 alarm" in picture.alt
    assert labels(reply) == ["Tune", "Last week", "Pause", "Remove"]
    assert reply.buttons[0].asks
    assert reply.buttons[3].confirm


def test_one_whose_data_cannot_be_read_is_shown_all_the_same() -> None:
    reply = ask(world(), "disk")
    assert reply.pictures == ()
    assert "No picture of the last day" in reply.footer
    assert labels(reply) == ["Tune", "Last week", "Resume", "Remove"]


def test_a_models_monitor_tells_its_last_looks() -> None:
    store = MemoryStore()
    watching = watching_at(NOON, store, [ModelMonitor.model_validate({"model": "fraud"})])
    start = NOON - timedelta(hours=24)
    store.monitors.add_look(
        Look(
            "fraud", NOON - timedelta(hours=1), start, NOON, 4200, "drifting", findings=("amount",)
        )
    )
    reply = ask(watching, "fraud")
    assert [line.text for line in reply.sections[0].lines] == ["11:00 drifting, 4,200 rows: amount"]
    assert reply.fields["Looks at"] == "the last 24 h"
    assert reply.tone is Tone.GOOD

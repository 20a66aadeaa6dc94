import threading
from collections.abc import Callable

import pytest

from bot.upkeep.health import (
    SOCKET_GRACE_S,
    TURN_STUCK_S,
    Body,
    DatabaseAway,
    Health,
    Probe,
    database_of,
)
from bot.upkeep.pulse import Pulse


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def away() -> Body | None:
    return None


def there() -> Body | None:
    return {"inbox_waiting": 3}


def health(
    clock: Clock,
    database: Callable[[], Body | None] = there,
    socket: Callable[[], bool] | None = None,
) -> Health:
    return Health(Pulse(clock), database, workers=2, socket=socket, stuck_s=60, clock=clock)


def says(body: Body, name: str) -> str:
    checks = body["checks"]
    assert isinstance(checks, dict)
    return str(checks[name]["says"])


# Alive -----------------------------------------------------------------------------------------


def test_a_process_that_waits_is_alive() -> None:
    clock = Clock()
    of = health(clock)
    of.pulse.loop("intake", lambda: None)()
    clock.seconds = 10_000
    report = of.alive()
    assert report.ok
    assert report.body["inbox_waiting"] == 3


def test_a_database_that_is_away_is_no_reason_to_start_again() -> None:
    report = health(Clock(), away).alive()
    assert report.ok
    assert says(report.body, "database") == "does not answer"


def stuck_in(of: Health, clock: Clock, seconds: float) -> bool:
    """Whether it counts as alive when its loop hangs for so long."""
    seen: list[bool] = []

    def hang() -> None:
        clock.seconds += seconds
        seen.append(of.alive().ok)

    of.pulse.loop("intake", hang)()
    return seen[0]


def test_a_loop_that_hangs_while_the_database_answers_is() -> None:
    clock = Clock()
    of = health(clock)
    assert stuck_in(of, clock, 59)
    assert not stuck_in(of, clock, 61)
    assert of.alive().ok  # It went on by itself.


def test_a_loop_that_hangs_because_the_database_does_is_excused() -> None:
    clock = Clock()
    assert stuck_in(health(clock, away), clock, 10_000)


def test_a_loop_that_ended_is_not_excused() -> None:
    of = health(Clock(), away)

    def end() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        of.pulse.loop("courier", end)()
    assert not of.alive().ok
    assert says(of.alive().body, "loops") == "ended: courier"


def test_all_workers_stuck_is_one_worker_is_not() -> None:
    clock = Clock()
    of = health(clock)
    with of.pulse.turn("a"):
        clock.seconds = TURN_STUCK_S + 1
        assert of.alive().ok
        with of.pulse.turn("b"):
            clock.seconds += TURN_STUCK_S + 1
            assert not of.alive().ok


# Ready -----------------------------------------------------------------------------------------


def test_ready_by_http_once_signed_in() -> None:
    of = health(Clock())
    assert not of.ready().ok
    of.signed_in = True
    assert of.ready().ok
    assert of.is_ready


def test_not_ready_without_the_database() -> None:
    of = health(Clock(), away)
    of.signed_in = True
    assert not of.ready().ok
    assert of.last == {"database": False, "slack": True, "staying": True}


def test_not_ready_while_leaving_but_alive() -> None:
    of = health(Clock())
    of.signed_in = of.draining = True
    assert not of.ready().ok
    assert of.alive().ok


def test_webhooks_wait_for_slack_only_for_a_while() -> None:
    clock = Clock()
    of = health(clock, socket=lambda: False)
    of.signed_in = True
    assert not of.ready().ok
    clock.seconds = SOCKET_GRACE_S
    assert of.ready().ok
    assert "webhooks are taken" in says(of.ready().body, "slack")


# What the dead man's switch is told ------------------------------------------------------------


def test_what_keeps_it_from_its_work() -> None:
    of = health(Clock(), away, socket=lambda: False)
    assert of.works() == [
        "database: does not answer",
        "Slack's socket is not connected",
        "it has not signed in to Slack",
    ]


def test_all_is_well() -> None:
    of = health(Clock(), socket=lambda: True)
    of.signed_in = True
    assert of.works() == []


# Asking the database ---------------------------------------------------------------------------


def test_a_database_that_hangs_is_asked_once() -> None:
    over, asked = threading.Event(), threading.Semaphore(0)
    count: list[int] = []

    def hang() -> Body:
        count.append(1)
        asked.release()
        over.wait(20)
        return {}

    probe = Probe(hang, wait_s=0.01)
    assert probe() is None
    assert probe() is None
    asked.acquire(timeout=20)
    assert len(count) == 1
    probe.wait_s = 20
    over.set()
    assert probe() == {}


def test_an_answer_is_given_again_while_it_is_fresh() -> None:
    clock, numbers = Clock(), iter(range(10))
    probe = Probe(lambda: {"inbox_waiting": next(numbers)}, clock=clock, wait_s=20)
    assert [probe(), probe()] == [{"inbox_waiting": 0}, {"inbox_waiting": 0}]
    clock.seconds = 2
    assert probe() == {"inbox_waiting": 1}


@pytest.mark.parametrize("error", [DatabaseAway("it is locked"), ZeroDivisionError("oh")])
def test_any_error_is_no_answer(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Body:
        raise error

    assert Probe(fail, wait_s=20)() is None
    assert "the database" in caplog.text


def test_the_bots_own_words_of_its_store() -> None:
    assert database_of(lambda: {"ok": True, "inbox_waiting": 2})() == {"inbox_waiting": 2}
    with pytest.raises(DatabaseAway, match="is locked"):
        database_of(lambda: {"ok": False, "database": "is locked"})()

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import BELIEVED_AFTER_S, SteadyClock, counter

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A wall clock that can be set, and a counter that cannot."""

    def __init__(self) -> None:
        self.wall = NOON
        self.counter = 5_000.0
        self.leaps = 0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.counter, self.leapt)

    def leapt(self) -> None:
        self.leaps += 1

    def passes(self, seconds: float) -> datetime:
        self.wall += timedelta(seconds=seconds)
        self.counter += seconds
        return self.clock.now()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_time_is_the_walls(machine: Machine) -> None:
    assert machine.clock.now() == NOON
    assert machine.passes(90) == NOON + timedelta(seconds=90)
    assert (machine.leaps, machine.clock.off_s) == (0, 0.0)


@pytest.mark.parametrize("step", [timedelta(seconds=20), timedelta(seconds=-20)])
def test_a_small_correction_is_followed_at_once(machine: Machine, step: timedelta) -> None:
    machine.wall += step
    assert machine.passes(1) == NOON + step + timedelta(seconds=1)
    assert machine.leaps == 0


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_a_leap_is_not_believed_and_told_once(
    machine: Machine, leap: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    machine.wall += leap
    assert machine.passes(1) == NOON + timedelta(seconds=1)
    assert machine.passes(100) == NOON + timedelta(seconds=101)
    assert (machine.leaps, machine.clock.off_s) == (1, leap.total_seconds())
    assert f"{leap.total_seconds():+.0f} s off" in caplog.text


def test_a_clock_set_right_is_believed_at_once(machine: Machine) -> None:
    machine.wall += HOUR
    machine.passes(100)
    machine.wall -= HOUR
    assert machine.passes(1) == NOON + timedelta(seconds=101) == machine.wall
    assert (machine.leaps, machine.clock.off_s) == (2, 0.0)


def test_a_leap_that_stands_is_believed_in_the_end(machine: Machine) -> None:
    machine.wall += HOUR
    machine.passes(1)
    assert machine.passes(BELIEVED_AFTER_S - 1) < NOON + HOUR
    assert machine.passes(1) == machine.wall
    assert (machine.leaps, machine.clock.off_s) == (2, 0.0)
    machine.passes(1)
    assert machine.leaps == 2


def test_a_second_leap_is_waited_for_anew(machine: Machine) -> None:
    machine.wall += HOUR
    machine.passes(1)
    machine.passes(BELIEVED_AFTER_S - 10)
    machine.wall += HOUR
    machine.passes(1)
    assert machine.passes(BELIEVED_AFTER_S - 10) < NOON + HOUR
    assert machine.passes(20) == machine.wall


def test_the_counter_never_goes_back() -> None:
    seen = [counter() for _ in range(100)]
    assert seen == sorted(seen)

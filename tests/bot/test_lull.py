"""A clock that stands still but for the pauses that are taken."""

import sys

import pytest

from bot.lull import LONGEST_S, LULL_S, Lull, take_short_turns


class Clock:
    def __init__(self, lull_ends: float = 0.0) -> None:
        self.now = 100.0
        self.lull: Lull | None = None
        self.busy_until = lull_ends

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        for _ in range(2):
            self.now += max(seconds / 2, 1e-6)
            if self.lull is not None and self.now < self.busy_until:
                self.lull.came()


def test_without_requests_nothing_waits() -> None:
    clock = Clock()
    lull = Lull(clock, clock.pause)
    lull.wait()
    lull.give_way()
    assert clock.now == 100.0


def test_after_one_request_a_lull_is_waited_for() -> None:
    clock = Clock()
    lull = Lull(clock, clock.pause)
    lull.came()
    lull.give_way()
    assert clock.now == pytest.approx(100.0 + LULL_S)


def test_requests_without_end_hold_an_answer_up_for_a_moment_only() -> None:
    clock = Clock(lull_ends=200.0)
    lull = clock.lull = Lull(clock, clock.pause)
    lull.came()
    lull.wait()
    assert clock.now == pytest.approx(100.0 + LONGEST_S, abs=1e-4)
    lull.wait()
    assert clock.now == pytest.approx(100.0 + 2 * LONGEST_S, abs=1e-4)


def test_many_small_steps_wait_once_for_a_burst() -> None:
    clock = Clock(lull_ends=200.0)
    lull = clock.lull = Lull(clock, clock.pause)
    lull.came()
    clock.pause(LULL_S / 2)
    for _ in range(100):
        lull.give_way()
    assert clock.now == pytest.approx(100.0 + LONGEST_S, abs=1e-4)


def test_after_a_lull_a_new_burst_is_waited_for_again() -> None:
    clock = Clock()
    lull = Lull(clock, clock.pause)
    lull.came()
    lull.give_way()
    clock.now += 10.0
    lull.came()
    lull.give_way()
    assert clock.now == pytest.approx(110.0 + 2 * LULL_S)


def test_threads_take_short_turns() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    take_short_turns()
    try:
        assert sys.getswitchinterval() < 0.005
    finally:
        sys.setswitchinterval(before)

"""An event loop whose time passes when a test says so; who waits does it in a thread of its own."""

import sys
from collections.abc import Callable
from threading import Thread

import pytest

from bot.lull import LATE_S, LULL_S, Lull, take_short_turns

SOON_S = 20.0


class Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback


class Loop:
    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        self._timers.append(Timer(self.now + delay, callback))
        return self._timers[-1]

    def passes(self, seconds: float, held_up_s: float = 0.0) -> None:
        """Timers run when they are due, or where the loop is held up, so much later."""
        end = self.now + seconds
        while due := [t for t in self._timers if t.at <= end]:
            timer = min(due, key=lambda t: t.at)
            self._timers.remove(timer)
            self.now = timer.at + held_up_s
            timer.callback()
            held_up_s = 0.0
        self.now = max(self.now, end)


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def lull(loop: Loop) -> Lull:
    return Lull(lambda: loop, loop.time)


def waiting(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def ends(thread: Thread) -> bool:
    thread.join(SOON_S)
    return not thread.is_alive()


def is_held(work: Callable[[], None]) -> bool:
    """Whether it waits now: it has not come back after a moment."""
    thread = waiting(work)
    thread.join(0.05)
    return thread.is_alive()


def test_without_requests_nothing_waits(lull: Lull) -> None:
    assert ends(waiting(lull.wait))
    assert ends(waiting(lull.give_way))


def test_a_request_holds_up_what_computes_until_there_is_a_lull(loop: Loop, lull: Lull) -> None:
    lull.came()
    answer, step = waiting(lull.wait), waiting(lull.give_way)
    loop.passes(LULL_S / 2)
    lull.came()
    loop.passes(LULL_S * 0.9)
    assert is_held(lull.wait)
    loop.passes(LULL_S)
    assert ends(answer)
    assert ends(step)


def test_a_loop_that_was_held_up_knows_of_no_lull(loop: Loop, lull: Lull) -> None:
    lull.came()
    loop.passes(LULL_S, held_up_s=2 * LATE_S)
    assert is_held(lull.give_way)
    loop.passes(LULL_S)
    assert ends(waiting(lull.give_way))


def test_requests_without_end_hold_nothing_up_for_ever(loop: Loop) -> None:
    lull = Lull(lambda: loop, loop.time, longest_s=0.1)
    lull.came()
    assert ends(waiting(lull.wait))
    assert ends(waiting(lull.give_way))
    assert is_held(lull.wait)


def test_many_small_steps_wait_once_for_a_burst(loop: Loop) -> None:
    lull = Lull(lambda: loop, loop.time, longest_s=50.0)
    lull.came()
    for _ in range(6_000):
        loop.passes(LULL_S / 2)
        lull.came()
    # Their share of this burst is over, though the burst is not.
    assert ends(waiting(lull.give_way))
    assert is_held(lull.wait)


def test_after_a_lull_a_new_burst_is_waited_for_again(loop: Loop, lull: Lull) -> None:
    lull.came()
    loop.passes(10.0)
    lull.came()
    assert is_held(lull.give_way)


def test_where_no_loop_acknowledges_nobody_waits() -> None:
    lull = Lull()
    lull.came()
    assert ends(waiting(lull.wait))


def test_threads_take_short_turns() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    take_short_turns()
    try:
        assert sys.getswitchinterval() < 0.005
    finally:
        sys.setswitchinterval(before)

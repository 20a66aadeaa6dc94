import pytest

from bot.upkeep.pulse import Pulse


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_loop_that_waits_is_not_stuck_however_long() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    work = pulse.loop("intake", lambda: 3)
    clock.seconds += 1000
    assert pulse.stuck() == {"intake": 0.0}
    assert work() == 3
    clock.seconds += 1000
    assert pulse.stuck() == {"intake": 0.0}


def test_a_round_is_stuck_since_anything_was_done_in_it() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    seen: list[float] = []

    def work() -> None:
        clock.seconds += 70
        seen.append(pulse.stuck()["courier"])
        pulse.progress()
        clock.seconds += 40
        seen.append(pulse.stuck()["courier"])

    pulse.loop("courier", work)()
    assert seen == [70, 40]
    assert pulse.stuck() == {"courier": 0}


def test_progress_outside_of_a_loop_counts_for_none() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.loop("intake", lambda: None)()
    pulse.progress()
    assert pulse.stuck() == {"intake": 0}


def test_an_error_ends_a_round_and_not_the_loop() -> None:
    pulse = Pulse(Clock())

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pulse.loop("intake", fail)()
    assert pulse.stuck() == {"intake": 0}


def test_what_ends_the_thread_ends_the_loop() -> None:
    pulse = Pulse(Clock())

    def leave() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        pulse.loop("intake", leave)()
    assert pulse.stuck() == {"intake": float("inf")}


def test_turns_under_way_the_longest_first() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    with pulse.turn("one"):
        clock.seconds += 5
        with pulse.turn("two"):
            clock.seconds += 1
            assert pulse.turns() == [(6, "one"), (1, "two")]
        assert pulse.turns() == [(6, "one")]
    assert pulse.turns() == []

"""When monitors are due."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.watching.beat import Beat, first_ms, shift_of

MINUTE = 60_000
NOON = 1_772_712_000_000


def test_the_first_time_is_as_told_then_it_keeps_to_its_rhythm() -> None:
    beat = Beat()
    beat.add("a", MINUTE, "up", NOON + 7)
    assert beat.due(NOON) == []
    assert beat.due(NOON + 10) == [("a", NOON + 7)]
    shift = shift_of("up", MINUTE)
    times = [at for now in range(NOON, NOON + 10 * MINUTE, 250) for _, at in beat.due(now)]
    assert len(times) >= 9
    assert all(at % MINUTE == shift for at in times)
    assert {b - a for a, b in pairwise(times)} == {MINUTE}


def test_what_was_missed_comes_once() -> None:
    beat = Beat()
    beat.add("a", MINUTE, "up", NOON)
    beat.due(NOON)
    ((key, at),) = beat.due(NOON + 60 * MINUTE)
    assert key == "a"
    assert NOON + 59 * MINUTE < at <= NOON + 60 * MINUTE


def test_those_that_ask_the_same_are_due_at_the_same_time() -> None:
    beat = Beat()
    beat.add("a", MINUTE, "up", NOON)
    beat.add("b", MINUTE // 2, "up", NOON)
    beat.due(NOON)
    at_of: dict[str, set[int]] = {"a": set(), "b": set()}
    for now in range(NOON, NOON + 10 * MINUTE, 250):
        for key, at in beat.due(now):
            at_of[key].add(at)
    assert at_of["a"] < at_of["b"]


def test_thousands_are_spread_over_the_interval() -> None:
    seconds = Counter(shift_of(f"query {n}", MINUTE) // 1000 for n in range(6_000))
    assert len(seconds) == 60
    assert 50 < min(seconds.values()) <= max(seconds.values()) < 160


def test_many_begin_within_half_a_minute_and_few_at_once() -> None:
    many = [first_ms(f"q{n}", MINUTE, 2_000, NOON) - NOON for n in range(2_000)]
    assert 0 <= min(many) < 1_000
    assert 29_000 < max(many) < 30_000
    few = [first_ms(f"q{n}", 24 * 60 * MINUTE, 3, NOON) - NOON for n in range(3)]
    assert max(few) < 100


def test_a_new_rhythm_replaces_the_old_one() -> None:
    beat = Beat()
    beat.add("a", MINUTE, "up", NOON)
    beat.add("a", 2 * MINUTE, "up", NOON + MINUTE)
    assert beat.due(NOON) == []
    assert beat.due(NOON + MINUTE) == [("a", NOON + MINUTE)]
    assert len(beat) == 1
    beat.remove("a")
    assert beat.due(NOON + 60 * MINUTE) == []
    beat.remove("a")
    assert len(beat) == 0


@given(st.integers(20, 10**8), st.integers(0, 10**7), st.lists(st.integers(1, 10**7), max_size=30))
def test_times_only_go_forward_and_never_past_now(every: int, first: int, waits: list[int]) -> None:
    beat, now, last = Beat(), NOON, -1
    beat.add("a", every, "up", NOON + first)
    for wait in waits:
        now += wait
        for _, at in beat.due(now):
            assert last < at <= now
            last = at

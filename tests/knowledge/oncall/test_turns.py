from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.oncall import Layer, Rotation, Turn, joined, overlay

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(day: int, hour: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def said(turns: list[Turn]) -> list[tuple[str, str, str]]:
    return [(t.person, f"{t.start:%d %H}", f"{t.end:%d %H}") for t in turns]


def test_people_take_turns_in_order_and_start_again() -> None:
    layer = Layer(("ada", "ben"), START, 7 * DAY)
    assert said(layer.turns(at(4), at(18))) == [
        ("ada", "04 00", "09 09"),
        ("ben", "09 09", "16 09"),
        ("ada", "16 09", "18 00"),
    ]


def test_nobody_before_the_start_and_after_the_end() -> None:
    layer = Layer(("ada",), START, DAY, until=START + 2 * DAY)
    assert said(joined(layer.turns(at(1), at(9)))) == [("ada", "02 09", "04 09")]


def test_hand_overs_keep_to_the_wall_clock_when_the_clocks_change() -> None:
    """Germany goes from UTC+1 to UTC+2 on 29 March 2026."""
    layer = Layer(("ada", "ben"), datetime(2026, 3, 27, 9, tzinfo=BERLIN), DAY)
    begins = [f"{t.start:%d %H}" for t in layer.turns(at(27, 8), at(31))]
    assert begins == ["27 08", "28 08", "29 07", "30 07"]


def test_turns_of_hours_keep_their_length_when_the_clocks_change() -> None:
    layer = Layer(("ada", "ben"), datetime(2026, 3, 28, 8, tzinfo=BERLIN), 12 * HOUR)
    turns = layer.turns(at(28, 7), at(30, 7))
    assert {turn.end - turn.start for turn in turns} == {12 * HOUR}


@pytest.mark.parametrize(
    ("days", "hours", "expected"),
    [
        (range(5), (time(9), time(17)), [("06 09", "06 17"), ("09 09", "09 17")]),
        ((5, 6), None, [("07 00", "09 00")]),
        ((4,), (time(22), time(6)), [("06 22", "07 06")]),
    ],
)
def test_days_and_hours(
    days: tuple[int, ...], hours: tuple[time, time] | None, expected: list[tuple[str, str]]
) -> None:
    layer = Layer(("ada",), START, 7 * DAY, days=frozenset(days), hours=hours)
    found = joined(Rotation((layer,)).turns(at(6), at(10)))
    assert [(f"{t.start:%d %H}", f"{t.end:%d %H}") for t in found] == expected


def test_hours_past_midnight_hold_on_the_morning_after() -> None:
    layer = Layer(("ada",), START, 7 * DAY, days=frozenset((4,)), hours=(time(22), time(6)))
    assert said(layer.turns(at(7, 1), at(7, 2))) == [("ada", "07 01", "07 02")]


def test_a_later_layer_covers_and_overrides_cover_all() -> None:
    rotation = Rotation(
        (
            Layer(("ada",), START, 7 * DAY),
            Layer(("chloe",), START, 7 * DAY, hours=(time(9), time(17))),
        ),
        (Turn("dev", at(5, 12), at(5, 20)),),
    )
    assert said(rotation.turns(at(5, 6), at(6, 6))) == [
        ("ada", "05 06", "05 09"),
        ("chloe", "05 09", "05 12"),
        ("dev", "05 12", "05 20"),
        ("ada", "05 20", "06 06"),
    ]


spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 9), st.sampled_from("abc")), max_size=6
)


def plan(raw: list[tuple[int, int, str]]) -> list[Turn]:
    turns: list[Turn] = []
    for start, length, person in raw:
        turns = overlay(
            turns, [Turn(person, START + start * HOUR, START + (start + length) * HOUR)]
        )
    return turns


@given(spans, spans)
def test_an_overlay_says_at_each_hour_what_the_upper_one_says_else_the_lower(
    one: list[tuple[int, int, str]], two: list[tuple[int, int, str]]
) -> None:
    lower, upper = plan(one), plan(two)
    both = overlay(lower, upper)
    assert all(a.end <= b.start for a, b in pairwise(both))

    def holds(turns: list[Turn], moment: datetime) -> str:
        return next((t.person for t in turns if t.start <= moment < t.end), "")

    for hour in range(61):
        moment = START + hour * HOUR
        assert holds(both, moment) == (holds(upper, moment) or holds(lower, moment))


@given(
    st.integers(0, 400), st.integers(1, 200), st.sampled_from(("1h", "12h", "1d", "7d")), st.data()
)
def test_a_part_of_the_plan_is_the_plan_cut(
    begins: int, lasts: int, length: str, data: st.DataObject
) -> None:
    lengths = {"1h": HOUR, "12h": 12 * HOUR, "1d": DAY, "7d": 7 * DAY}
    layer = Layer(("ada", "ben", "chloe"), datetime(2026, 3, 20, 9, tzinfo=BERLIN), lengths[length])
    start = at(20) + begins * HOUR
    end = start + lasts * HOUR
    moment = start + data.draw(st.integers(0, lasts - 1)) * HOUR
    whole = [t.person for t in layer.turns(start, end) if t.start <= moment < t.end]
    assert whole == [t.person for t in layer.turns(moment, moment + HOUR / 60)]

from datetime import timedelta
from struct import unpack

from knowledge.model_or_infra import Side, What
from skills.side_pictures import MOST_CALM, Lane, LaneMark, lanes_picture
from skills.testing import NOON

START = NOON - timedelta(hours=3)
SLOW = Lane("latency $p99", NOON - timedelta(hours=1), Side.INFRASTRUCTURE)
CALM = [Lane(f"calm {n}", None, Side.UNKNOWN) for n in range(MOST_CALM + 3)]
MOVED = LaneMark(NOON - timedelta(hours=2), "eta-model v5 became champion", What.ALIAS)


def height(png: bytes) -> int:
    found: int = unpack(">II", png[16:24])[1]
    return found


def test_it_says_what_left_its_range_when_and_what_happened() -> None:
    picture = lanes_picture("eta-model", [SLOW, *CALM], [MOVED], START, NOON)
    assert picture is not None
    assert picture.alt == (
        "Out of their usual range: latency $p99 since 11:00; 10:00 eta-model v5 became champion. "
        "Times are UTC."
    )
    assert picture.png.startswith(b"\x89PNG")


def test_a_few_calm_lanes_stand_for_the_others() -> None:
    few = lanes_picture("eta-model", [SLOW, *CALM[:MOST_CALM]], [], START, NOON)
    many = lanes_picture("eta-model", [SLOW, *CALM], [], START, NOON)
    assert few is not None
    assert many is not None
    assert height(few.png) == height(many.png)


def test_what_happened_outside_is_not_drawn_and_nothing_is_no_picture() -> None:
    early = LaneMark(START - timedelta(hours=1), "long ago", What.DEPLOY)
    picture = lanes_picture("eta-model", [SLOW], [early], START, NOON)
    assert picture is not None
    assert "long ago" not in picture.alt
    assert lanes_picture("eta-model", [], [MOVED], START, NOON) is None

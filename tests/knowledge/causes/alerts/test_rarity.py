from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.causes.alerts import Landscape, Sign, window
from knowledge.causes.alerts.rarity import chances, past, surprise

ONSET = datetime(2026, 3, 5, 12, tzinfo=UTC)
Make = Callable[..., Sign]


def chance(landscape: Landscape, sign: Sign, ages_h: list[float], now: list[Sign]) -> float:
    """Of the sign, that fired in the first of the windows of these ages only."""
    windows = [
        window(ONSET - timedelta(hours=age), (sign,) if i == 0 else ())
        for i, age in enumerate(ages_h)
    ]
    return chances([sign, *now], past(windows, ONSET, landscape), landscape)[sign.key]


def test_a_state_that_began_an_hour_ago_is_no_news(landscape: Landscape, sign: Make) -> None:
    old = [100.0 + n for n in range(30)]
    lately = chance(landscape, sign("cart-0"), [1.0, *old], [])
    long_ago = chance(landscape, sign("cart-0"), [99.0, *old], [])
    assert surprise(lately) < surprise(long_ago) - 1


def test_a_component_without_a_past_borrows_that_of_its_level(
    landscape: Landscape, sign: Make
) -> None:
    windows = [window(ONSET - timedelta(days=n), (sign("shop-0"),)) for n in range(1, 40)]
    known = past(windows, ONSET, landscape)
    new = [sign("cart-0"), sign("cart-0", "never seen"), sign("n1")]
    common, rare, elsewhere = chances(new, known, landscape).values()
    assert common > rare
    assert elsewhere == pytest.approx(chances([sign("n2")], known, landscape)[sign("n2").key])


def test_what_others_show_at_the_same_moment_is_usual_but_not_what_siblings_show(
    landscape: Landscape, sign: Make
) -> None:
    me = sign("cart-0")
    siblings = chance(landscape, me, [], [sign("cart-1"), sign("cart-2")])
    strangers = chance(landscape, me, [], [sign("shop-1"), sign("shop-2")])
    assert strangers > 2 * siblings


def test_surprise_is_in_nats() -> None:
    assert surprise(1.0) == 0
    assert surprise(1 / 50) == pytest.approx(3.912, abs=0.001)

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.rca_alerts import (
    accuracy,
    by,
    most_alerts,
    places,
    ranked,
    with_history_before,
    without_history,
    worst,
)
from knowledge.causes.alerts import AlertCase, Landscape, Level, Sign, window

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LANDSCAPE = Landscape(dict.fromkeys(("shop", "cart", "mail"), Level.SERVICE))
LABELS = {
    "c1": {"root_cause": "cart", "level": "service"},
    "c2": {"root_cause": "mail", "level": "pod"},
}


def case(name: str, *components: str) -> AlertCase:
    """Each alert on shop also fires at all other times, before and after."""
    signs = tuple(Sign(c, f"alert {n}", at=NOON) for n, c in enumerate(components))
    usual = [s for s in signs if s.component == "shop"]
    windows = [window(NOON + n * timedelta(hours=1), usual) for n in (-3, -2, -1, 1, 2)]
    return AlertCase(name, NOON, signs, LANDSCAPE, tuple(windows))


CASES = (case("c1", "shop", "shop", "cart"), case("c2", "cart"))


def test_places_are_told_by_the_exact_component() -> None:
    assert places(CASES, LABELS, ranked) == [1, 2]
    assert places(CASES, LABELS, most_alerts) == [2, 2]
    assert places(CASES, LABELS, lambda _: ["shop"]) == [10**9, 10**9]
    assert accuracy([1, 2, 4], 1) == pytest.approx(1 / 3)


def test_a_shorter_past_is_of_use_and_none_is_less() -> None:
    assert with_history_before(CASES[0])[0] == "cart"
    assert without_history(CASES[0])[0] == "shop"


def test_groups_and_the_worst_cases() -> None:
    assert by("level", CASES, LABELS, [1, 2]) == {"pod": [2], "service": [1]}
    (bad,) = worst(CASES, LABELS, [1, 2])
    assert bad.case == "c2"
    assert "mail is in place 2 behind cart: no alert on it is unusual" in bad.why

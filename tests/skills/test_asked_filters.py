from datetime import date

import pytest

from knowledge.records import Filters
from skills.asked_filters import given, merged, read_filters, say
from skills.contract import BadArgs

TODAY = date(2026, 4, 10)


@pytest.mark.parametrize(
    ("text", "rest", "filters"),
    [
        (
            "like this on checkout since March, resolved only",
            "",
            Filters(service="checkout", since="2026-03-01", resolved_only=True),
        ),
        (
            "anything like INC-12 since 2026-02-03",
            "anything like INC-12",
            Filters(since="2026-02-03"),
        ),
        ("timeouts on checkout", "timeouts on checkout", Filters()),
        ("timeouts on checkout since 10:00", "timeouts on checkout since 10:00", Filters()),
        ("disk full since November", "disk full", Filters(since="2025-11-01")),
        ("disk full before 2025", "disk full", Filters(until="2024-12-31")),
        ("sev1 outages in the last 2 weeks", "", Filters(severity="SEV1", since="2026-03-27")),
        ("dns failures, only resolved ones", "dns failures", Filters(resolved_only=True)),
        ("have we seen this before?", "", Filters()),
        ("the pod was resolved twice", "the pod was resolved twice", Filters()),
    ],
)
def test_words_limit(text: str, rest: str, filters: Filters) -> None:
    assert read_filters(text, TODAY) == (rest, filters)


def test_given_one_by_one() -> None:
    assert given("checkout", "2026-01-01", "", "P1", True) == Filters(
        "checkout", "2026-01-01", "", "SEV1", True
    )
    with pytest.raises(BadArgs, match="since"):
        given("", "March", "", "", False)
    with pytest.raises(BadArgs, match="severity"):
        given("", "", "", "awful", False)


def test_what_is_given_comes_before_what_is_said() -> None:
    both = merged(Filters(service="a"), Filters(service="b", since="2026-01-01"))
    assert both == Filters(service="a", since="2026-01-01")


def test_limits_are_said() -> None:
    assert say(Filters("checkout", "2026-03-01", "", "SEV1", True)) == (
        "on checkout, since 2026-03-01, SEV1, resolved only"
    )
    assert say(Filters()) == ""

from datetime import UTC, datetime

import pytest

from knowledge.promotion.policy import Freeze, Policy
from knowledge.promotion.policy_file import parse_quiet
from knowledge.promotion.quiet import quiet_until


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quiet(*texts: str, freezes: tuple[Freeze, ...] = ()) -> Policy:
    return Policy(quiet=tuple(parse_quiet(t) for t in texts), freezes=freezes)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-07:00", "2026-03-05 21:59", None),
        ("22:00-07:00", "2026-03-05 22:00", "2026-03-06 07:00"),
        ("22:00-07:00", "2026-03-06 06:59", "2026-03-06 07:00"),
        ("22:00-07:00", "2026-03-06 07:00", None),
        ("thu 22:00-07:00", "2026-03-07 01:00", None),
        ("fri 16:00-24:00", "2026-03-06 23:59", "2026-03-07 00:00"),
        ("sat,sun 00:00-24:00", "2026-03-07 12:00", "2026-03-09 00:00"),
        # Berlin's clock went forward in the night to 29 March: the span is an hour shorter.
        ("sun 01:00-05:00 Europe/Berlin", "2026-03-29 00:30", "2026-03-29 03:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(hours: str, now: str, until: str | None) -> None:
    assert quiet_until(quiet(hours), at(now)) == (at(until) if until else None)


def test_a_freeze_that_ends_in_quiet_hours_goes_on_until_they_end() -> None:
    freeze = Freeze(at("2026-03-05 10:00"), at("2026-03-05 23:00"))
    policy = quiet("22:00-07:00", freezes=(freeze,))
    assert quiet_until(policy, at("2026-03-05 12:00")) == at("2026-03-06 07:00")
    assert quiet_until(policy, at("2026-03-05 09:00")) is None


def test_quiet_hours_without_an_end_are_not_counted_for_ever() -> None:
    found = quiet_until(quiet("00:00-24:00"), at("2026-03-05 12:00"))
    assert found is not None
    assert found > at("2026-05-01 00:00")


def test_a_part_of_a_zones_name_is_no_zone() -> None:
    with pytest.raises(ValueError, match="no time zone 'Europe'"):
        parse_quiet("fri 16:00-24:00 Europe")

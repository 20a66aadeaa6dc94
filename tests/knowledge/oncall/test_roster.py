from datetime import UTC, datetime, timedelta

import pytest

from knowledge.errors import NotFound, UserError
from knowledge.oncall import Aim, Assignment, Layer, Level, OnCall, Policy, Rotation, Target, Turn

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEKLY = Rotation((Layer(("U1", "U2", "U3"), MONDAY, 7 * DAY),))
ALONE = Rotation((Layer(("U9",), MONDAY, 7 * DAY),))
GAP = Rotation((), (Turn("U5", MONDAY + 3 * DAY, MONDAY + 4 * DAY),))
STANDARD = Policy("standard", (Level(5 * timedelta(minutes=1), (Target(Aim.ON_CALL),)),))


DEFAULT = Assignment("platform", "standard")


def oncall(default: Assignment = DEFAULT) -> OnCall:
    return OnCall(
        rotations={"platform": WEEKLY, "solo": ALONE, "gap": GAP},
        policies={"standard": STANDARD},
        services={"Checkout": Assignment("solo")},
        teams={"payments": Assignment("gap", "none-such")},
        default=default,
        people={"ada": "U1", "Ben Osei": "U2"},
    )


def test_until_when_and_who_is_next() -> None:
    shift = oncall().who("platform", MONDAY + 2 * DAY)
    assert (shift.person, shift.rotation) == ("U1", "platform")
    assert (shift.until, shift.next) == (MONDAY + 7 * DAY, "U2")
    assert shift.next_from == shift.until
    assert not shift.by_default


def test_one_person_alone_has_no_end_and_nobody_next() -> None:
    shift = oncall().who("checkout", MONDAY)
    assert (shift.person, shift.until, shift.next) == ("U9", None, "")


def test_in_a_gap_nobody_is_on_call_until_the_next_comes() -> None:
    shift = oncall().who("gap", MONDAY)
    assert (shift.person, shift.next) == ("", "U5")
    assert shift.until == shift.next_from == MONDAY + 3 * DAY


def test_after_the_last_turn_there_is_nobody_at_all() -> None:
    shift = oncall().who("gap", MONDAY + 9 * DAY)
    assert (shift.person, shift.until, shift.next) == ("", None, "")


@pytest.mark.parametrize(
    ("subject", "team", "rotation", "by_default"),
    [
        ("checkout", "", "solo", False),
        ("CHECKOUT", "payments", "solo", False),
        ("ledger", "Payments", "gap", False),
        ("ledger", "platform", "platform", False),
        ("ledger", "", "platform", True),
        ("", "", "platform", False),
    ],
)
def test_the_service_first_then_its_team_then_the_default(
    subject: str, team: str, rotation: str, by_default: bool
) -> None:
    shift = oncall().who(subject, MONDAY, team)
    assert (shift.rotation, shift.by_default) == (rotation, by_default)


def test_without_a_default_the_nearest_names_are_offered() -> None:
    with pytest.raises(NotFound) as raised:
        oncall(default=Assignment()).who("chekout", MONDAY)
    assert raised.value.nearest == ("Checkout",)


def test_nothing_configured_says_how_to() -> None:
    assert not OnCall().configured
    with pytest.raises(UserError, match="TANDEM_ONCALL"):
        OnCall().who("checkout", MONDAY)
    assert OnCall().policy_of("checkout") is None


def test_the_policy_is_the_services_own_or_the_default() -> None:
    assert oncall().policy_of("checkout") == STANDARD
    assert oncall().policy_of("ledger", "payments") is None


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (Target(Aim.ON_CALL), "U9"),
        (Target(Aim.NEXT), ""),
        (Target(Aim.ON_CALL, "platform"), "U1"),
        (Target(Aim.NEXT, "platform"), "U2"),
        (Target(Aim.ON_CALL, "gap"), ""),
        (Target(Aim.PERSON, "U7"), "U7"),
        (Target(Aim.CHANNEL, "#leads"), "#leads"),
    ],
)
def test_whom_a_level_reaches(target: Target, reached: str) -> None:
    assert oncall().reached(target, "checkout", MONDAY) == reached


def test_names_and_ids() -> None:
    assert oncall().person("@ben osei") == "U2"
    assert oncall().person("nobody") == ""
    assert (oncall().name_of("U1"), oncall().name_of("U8")) == ("ada", "U8")

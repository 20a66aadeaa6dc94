from datetime import UTC, datetime, timedelta

import pytest

from knowledge.records import Approval, ApprovalStatus, Change, ModelVersion
from knowledge.serving import Move, moves, served
from knowledge.windows import Span

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return NOON + timedelta(days=number)


def version(number: str, *aliases: str) -> ModelVersion:
    return ModelVersion("fraud", number, day(-30), aliases)


def approval(version: str, champion: str, at: datetime, outcome: str = "moved") -> Approval:
    return Approval(
        "",
        "fraud",
        version,
        champion,
        "U1",
        "ada",
        at,
        status=ApprovalStatus.APPROVED,
        decided_at=at,
        decided_by_name="grace",
        outcome=outcome,
    )


def test_moves_come_from_approvals_and_from_changes_that_name_a_version() -> None:
    changes = [
        Change("1", day(-2), "rollback", "fraud", "back", version="v6", author="ada"),
        Change("2", day(-1), "deploy", "fraud", "features", version="2.3"),
    ]
    found = moves([approval("7", "6", day(-5)), approval("8", "7", day(-1), "")], changes)
    assert found == (Move(day(-5), "7", "6", "grace"), Move(day(-2), "6", by="ada"))


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("5", Span(day(-30), day(-9))),
        ("6", Span(day(-2), NOON)),
        ("7", Span(day(-5), day(-2))),
        ("9", None),
    ],
)
def test_a_version_served_until_the_next_one_did(asked: str, span: Span | None) -> None:
    known = (Move(day(-9), "6", "5"), Move(day(-5), "7"), Move(day(-2), "6"))
    assert served(version(asked), known, NOON) == span


def test_a_move_that_was_told_twice_is_one() -> None:
    known = (Move(day(-5), "7"), Move(day(-4), "7"))
    assert served(version("7"), known, NOON) == Span(day(-5), NOON)


def test_a_champion_of_which_no_move_is_known_counts_from_its_registration() -> None:
    assert served(version("7", "champion"), (), NOON) == Span(day(-30), NOON)
    assert served(version("7"), (), NOON) is None

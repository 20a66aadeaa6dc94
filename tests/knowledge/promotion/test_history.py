from dataclasses import replace
from datetime import UTC, datetime

import pytest

from knowledge.promotion.history import champion_since, has_served, previous_champion
from knowledge.records import Approval, ApprovalStatus, ModelVersion, Move

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def version(number: str, *aliases: str) -> ModelVersion:
    return ModelVersion("eta-model", number, NOW, aliases=aliases)


ASKED = Approval("APR-1", "eta-model", "5", "3", "U1", "ada", NOW)
MOVED = replace(ASKED, status=ApprovalStatus.APPROVED, outcome="champion moved from v3 to v5")
LATE = replace(ASKED, status=ApprovalStatus.EXPIRED, outcome="nobody decided in time")


def test_the_previous_champion_by_alias_and_by_record() -> None:
    versions = [version("5"), version("4", "previous_champion"), version("3")]
    by_alias = previous_champion(versions, [], "5")
    by_record = previous_champion([versions[0], versions[2]], [MOVED], "5")
    assert by_alias == versions[1]
    assert by_record == versions[2]
    assert previous_champion(versions[:1], [MOVED], "5") is None


def test_since_when_a_version_is_champion() -> None:
    assert champion_since([LATE, MOVED], "5") == MOVED
    assert champion_since([MOVED], "4") is None


@pytest.mark.parametrize(
    ("number", "served"), [("3", True), ("5", True), ("8", True), ("7", True), ("6", False)]
)
def test_what_was_champion_by_requests_and_by_moves(number: str, served: bool) -> None:
    past = Move("MOV-1", "eta-model", "8", "7", NOW, NOW)
    waiting = replace(ASKED, version="6")
    assert has_served(number, [MOVED, waiting], [past]) is served

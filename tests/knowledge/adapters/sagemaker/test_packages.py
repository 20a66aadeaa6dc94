from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from knowledge.adapters.sagemaker.packages import (
    NONE,
    PREVIOUS,
    SINCE,
    UNTIL,
    Approval,
    Package,
    champion_of,
    previous_of,
    promoted,
    read_package,
    retired,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def package(version: int, approval: str = Approval.APPROVED, **metadata: str) -> Package:
    arn = f"arn:aws:sagemaker:eu-central-1:1:model-package/eta/{version}"
    return Package("eta", str(version), arn, NOON, NOON, approval, metadata)


def after(package: Package, given: dict[str, Any], at: datetime) -> Package:
    """The package as SageMaker has it after an update."""
    return replace(
        package,
        approval=given["ModelApprovalStatus"],
        metadata=given["CustomerMetadataProperties"],
        changed_at=at,
    )


def test_none_is_champion_where_none_is_approved() -> None:
    waiting = [package(1, Approval.PENDING), package(2, Approval.REJECTED)]
    assert champion_of(waiting) is None
    assert previous_of(None) == ""


def test_of_several_approved_ones_the_last_approval_counts_and_not_the_highest_number() -> None:
    old, new = package(1), package(2)
    old = after(old, promoted(old, "2", NOON + HOUR), NOON + HOUR)
    champion = champion_of([old, new])
    assert champion is not None
    assert champion.version == "1"
    assert previous_of(champion) == "2"


def test_an_approval_by_others_counts_from_when_the_version_was_changed() -> None:
    ours = package(1)
    ours = after(ours, promoted(ours, "", NOON), NOON)
    theirs = replace(package(2), changed_at=NOON + HOUR)
    assert champion_of([ours, theirs]) == theirs
    assert champion_of([ours, replace(theirs, changed_at=NOON - HOUR)]) == ours


def test_one_that_was_replaced_and_is_approved_again_by_others_is_champion() -> None:
    first, second = package(1), package(2)
    first = after(first, promoted(first, "", NOON), NOON)
    second = after(second, promoted(second, "1", NOON + HOUR), NOON + HOUR)
    first = after(first, retired(first, "2", NOON + HOUR), NOON + HOUR)
    assert champion_of([first, second]) == second
    again = replace(first, approval=Approval.APPROVED, changed_at=NOON + 2 * HOUR)
    assert champion_of([again, second]) == again


def test_the_same_time_goes_to_the_higher_number() -> None:
    assert champion_of([package(1), package(2)]) == package(2)


def test_other_metadata_is_kept() -> None:
    kept = package(3, Approval.PENDING, service="eta-api")
    given = promoted(kept, "", NOON)["CustomerMetadataProperties"]
    assert given == {
        "service": "eta-api",
        SINCE: NOON.isoformat("T", "microseconds"),
        PREVIOUS: NONE,
    }
    assert set(retired(kept, "4", NOON)["CustomerMetadataProperties"]) == {"service", UNTIL}


@pytest.mark.parametrize("stamp", ["yesterday", "", "2026-13-01"])
def test_a_stamp_that_is_no_time_counts_as_none(stamp: str) -> None:
    spoilt = package(1, Approval.APPROVED, **{SINCE: stamp})
    assert champion_of([spoilt, package(2)]) == package(2)


def test_a_version_that_was_never_changed_counts_from_its_creation() -> None:
    raw = {
        "ModelPackageGroupName": "eta",
        "ModelPackageVersion": 4,
        "ModelPackageArn": "arn",
        "CreationTime": NOON,
    }
    found = read_package(raw)
    assert (found.version, found.changed_at, found.approved) == ("4", NOON, False)

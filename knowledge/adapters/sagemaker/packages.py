"""Which version of a model package group is the champion, and what is written to change it.

SageMaker has no aliases. It has ModelApprovalStatus, and deployment pipelines listen to that alone:
some deploy the version whose status changed, others the newest one that is Approved. So exactly one
version of a group is kept Approved: then both kinds mean the champion
(docs/decisions/0029-one-approved-version.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from knowledge.promotion import show_version

SINCE = "tandem.champion_since"
"""Customer metadata on a champion: when Tandem approved it, ISO 8601."""
UNTIL = "tandem.champion_until"
"""And when Tandem replaced it. A version whose UNTIL is not before its SINCE, and that is Approved
all the same, was approved by somebody else."""
PREVIOUS = "tandem.previous_champion"
"""On a champion: the version that served before it, or NONE. It is written together with the
approval, so that no crash can part the two."""
NONE = "none"
OURS = (SINCE, UNTIL, PREVIOUS)


class Approval(StrEnum):
    """SageMaker's ModelApprovalStatus."""

    APPROVED = "Approved"
    REJECTED = "Rejected"
    PENDING = "PendingManualApproval"


@dataclass(frozen=True)
class Package:
    """One version of a group, as DescribeModelPackage has it."""

    group: str
    version: str
    arn: str
    created_at: datetime
    changed_at: datetime
    """Of its approval, its metadata or its description: SageMaker does not say which."""
    approval: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def approved(self) -> bool:
        return self.approval == Approval.APPROVED

    @property
    def number(self) -> int:
        return int(self.version)


def read_package(raw: Mapping[str, Any]) -> Package:
    created = raw["CreationTime"].astimezone(UTC)
    return Package(
        group=raw["ModelPackageGroupName"],
        version=str(raw["ModelPackageVersion"]),
        arn=raw["ModelPackageArn"],
        created_at=created,
        changed_at=raw["LastModifiedTime"].astimezone(UTC)
        if "LastModifiedTime" in raw
        else created,
        approval=raw.get("ModelApprovalStatus", ""),
        metadata=dict(raw.get("CustomerMetadataProperties") or {}),
        raw=raw,
    )


def champion_of(packages: Iterable[Package]) -> Package | None:
    """The one that was approved last, of those that are Approved."""
    approved = (p for p in packages if p.approved)
    return max(approved, key=lambda p: (approved_at(p), p.number), default=None)


def approved_at(package: Package) -> datetime:
    """As Tandem stamped it; of an approval by others, when the version was changed last."""
    since, until = (_moment(package.metadata.get(k, "")) for k in (SINCE, UNTIL))
    if since is None or (until is not None and until >= since):
        return package.changed_at
    return since


def previous_of(champion: Package | None) -> str:
    """The version that served before this one, as far as Tandem wrote it down; or empty."""
    found = champion.metadata.get(PREVIOUS, "") if champion is not None else ""
    return "" if found == NONE else found


def promoted(package: Package, before: str, at: datetime) -> dict[str, Any]:
    """What UpdateModelPackage is given to make it the champion in the place of `before`."""
    instead = f", in the place of {show_version(before)}" if before else ""
    stamps = {SINCE: _stamp(at), PREVIOUS: before or NONE}
    return _update(package, Approval.APPROVED, f"Made champion by Tandem{instead}.", stamps)


def retired(package: Package, champion: str, at: datetime) -> dict[str, Any]:
    """What UpdateModelPackage is given once another version is the champion."""
    why = f"Replaced as champion by {show_version(champion)}, by Tandem."
    return _update(package, Approval.REJECTED, why, {UNTIL: _stamp(at)})


def _update(
    package: Package, approval: Approval, why: str, stamps: Mapping[str, str]
) -> dict[str, Any]:
    # All of the metadata, each time: whether the given keys replace the others is not documented.
    return {
        "ModelPackageArn": package.arn,
        "ModelApprovalStatus": approval.value,
        "ApprovalDescription": why,
        "CustomerMetadataProperties": {**package.metadata, **stamps},
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

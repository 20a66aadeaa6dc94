from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from knowledge.adapters.s3_archive import Mode, S3Archive
from knowledge.errors import Unavailable
from tests.knowledge.adapters.aws_server import REGION, aws_client

UNTIL = datetime.now(UTC) + timedelta(days=365)


class Bucket:
    def __init__(self, url: str, *, locks: bool) -> None:
        self.name = f"audit-{uuid4().hex[:8]}"
        self.s3: Any = aws_client("s3", url)
        self.url = url
        self.s3.create_bucket(
            Bucket=self.name,
            ObjectLockEnabledForBucket=locks,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )

    def archive(self, prefix: str = "tandem/heads", mode: Mode = Mode.COMPLIANCE) -> S3Archive:
        place = f"s3://{self.name}/{prefix}"
        return S3Archive(place, mode=mode, region=REGION, endpoint=self.url)


@pytest.fixture
def bucket(aws: str) -> Bucket:
    return Bucket(aws, locks=True)


def test_what_is_kept_cannot_be_deleted_and_what_is_put_on_top_hides_nothing(
    bucket: Bucket,
) -> None:
    archive = bucket.archive()
    address = archive.keep("2026-11-22.json", b"head", UNTIL)
    place, _, version = address.partition("?versionId=")
    assert place == f"s3://{bucket.name}/tandem/heads/2026-11-22.json"
    key = {"Bucket": bucket.name, "Key": "tandem/heads/2026-11-22.json"}
    for more in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(bucket.s3.exceptions.ClientError, match="AccessDenied"):
            bucket.s3.delete_object(**key, VersionId=version, **more)
    bucket.s3.put_object(**key, Body=b"forged")
    bucket.s3.delete_object(**key)
    (found,) = archive.kept()
    assert (found.content, found.address) == (b"head", address)
    assert abs(found.until - UNTIL) < timedelta(seconds=2)


def test_keeping_the_same_again_changes_nothing(bucket: Bucket) -> None:
    archive = bucket.archive()
    assert archive.keep("a.json", b"1", UNTIL) == archive.keep("a.json", b"1", UNTIL)
    assert len(list(archive.kept())) == 1


def test_something_else_under_the_name_is_no_success(bucket: Bucket) -> None:
    archive = bucket.archive()
    archive.keep("a.json", b"1", UNTIL)
    with pytest.raises(Unavailable, match="holds something else") as error:
        archive.keep("a.json", b"2", UNTIL)
    assert not error.value.retry


def test_a_bucket_that_locks_nothing_is_named_with_the_remedy(aws: str) -> None:
    bucket = Bucket(aws, locks=False)
    with pytest.raises(Unavailable, match=f"{bucket.name} has no object lock") as error:
        bucket.archive().keep("a.json", b"1", UNTIL)
    assert not error.value.retry


def test_an_object_without_a_lock_is_not_taken_for_kept(bucket: Bucket) -> None:
    archive = bucket.archive("")
    bucket.s3.put_object(Bucket=bucket.name, Key="a.json", Body=b"1", ChecksumAlgorithm="SHA256")
    with pytest.raises(Unavailable, match="no object lock"):
        archive.keep("a.json", b"1", UNTIL)
    assert list(archive.kept()) == []


def test_governance_is_possible(bucket: Bucket) -> None:
    bucket.archive(mode=Mode.GOVERNANCE).keep("a.json", b"1", UNTIL)
    head = bucket.s3.head_object(Bucket=bucket.name, Key="tandem/heads/a.json")
    assert head["ObjectLockMode"] == "GOVERNANCE"


def test_a_bucket_that_is_not_there(aws: str) -> None:
    archive = S3Archive("s3://never-made/x", region=REGION, endpoint=aws)
    with pytest.raises(Unavailable, match="there is no bucket never-made"):
        archive.keep("a.json", b"1", UNTIL)
    with pytest.raises(Unavailable, match="there is no bucket never-made"):
        list(archive.kept())

"""An archive in S3 (or MinIO) that nobody can change before its time: objects with a lock.

In COMPLIANCE mode not even the account's root user can delete or shorten it; in GOVERNANCE mode
those with s3:BypassGovernanceRetention can. A lock protects one version of an object: somebody may
put a newer version or a delete marker on top of it, but what was locked stays and is read back by
`kept`.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from knowledge.adapters.aws import Aws, Missing, split_s3
from knowledge.errors import Unavailable

SYSTEM = "audit archive"
ROUNDING = timedelta(seconds=1)
"""S3 keeps the end of a lock in whole seconds."""


class Mode(StrEnum):
    COMPLIANCE = "COMPLIANCE"
    GOVERNANCE = "GOVERNANCE"


@dataclass(frozen=True)
class Locked:
    """One version of an object that is under a lock."""

    address: str
    content: bytes
    until: datetime


class S3Archive:
    """Implements `Archive` below "s3://bucket/prefix". Raises BadArgs where that is no address.

    The role needs s3:PutObject, s3:PutObjectRetention, s3:GetObject, s3:GetObjectRetention and, for
    `kept`, s3:ListBucketVersions and s3:GetObjectVersion.
    """

    def __init__(
        self,
        place: str,
        *,
        mode: Mode = Mode.COMPLIANCE,
        region: str = "",
        endpoint: str = "",
        timeout: float = 10.0,
    ) -> None:
        self._bucket, self._prefix = split_s3(place, "TANDEM_AUDIT_ARCHIVE")
        self._mode = mode
        self._aws = Aws(SYSTEM, region, {"s3": endpoint}, timeout)

    @property
    def name(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def keep(self, name: str, content: bytes, until: datetime) -> str:
        """Raises Unavailable also where something else is under that name, or where the bucket
        locks nothing: then nobody should believe that it is kept."""
        key = f"{self._prefix}/{name}".lstrip("/")
        checksum = b64encode(hashlib.sha256(content).digest()).decode()
        found = self._head(key)
        if found is None:
            self._put(key, content, until)
            found = self._head(key)
        if found is None or found.get("ChecksumSHA256") != checksum:
            why = f"{self.name}/{name} holds something else than what is to be kept"
            raise Unavailable(SYSTEM, why, retry=False)
        self._unless_locked(found, name, until)
        return f"{self.name}/{name}?versionId={found['VersionId']}"

    def kept(self) -> Iterator[Locked]:
        """All that is under a lock below the prefix, oldest first, whatever was put on top."""
        for version in sorted(self._versions(), key=lambda v: v["LastModified"]):
            found = self._version(version["Key"], version["VersionId"])
            if found is not None:
                yield found

    def _put(self, key: str, content: bytes, until: datetime) -> None:
        try:
            self._aws.ask(
                "s3",
                lambda c: c.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",
                    ObjectLockMode=self._mode.value,
                    ObjectLockRetainUntilDate=until,
                ),
            )
        except Missing:
            raise self._no_bucket() from None
        except Unavailable as error:
            if "Bucket is missing" in error.why:
                raise self._unlocked() from error
            raise

    def _head(self, key: str) -> Any:
        try:
            return self._aws.ask(
                "s3",
                lambda c: c.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"),
            )
        except Missing:
            return None

    def _unless_locked(self, found: Any, name: str, until: datetime) -> None:
        ends = found.get("ObjectLockRetainUntilDate")
        if found.get("ObjectLockMode") is None or ends is None:
            raise self._unlocked()
        if ends + ROUNDING < until or found["ObjectLockMode"] != self._mode:
            why = f"{self.name}/{name} is locked otherwise than asked"
            raise Unavailable(SYSTEM, why, retry=False)

    def _versions(self) -> list[Any]:
        def pages(client: Any) -> list[Any]:
            paginator = client.get_paginator("list_object_versions")
            prefix = f"{self._prefix}/" if self._prefix else ""
            found = paginator.paginate(Bucket=self._bucket, Prefix=prefix)
            return [version for page in found for version in page.get("Versions", ())]

        try:
            return self._aws.ask("s3", pages)
        except Missing:
            raise self._no_bucket() from None

    def _version(self, key: str, version: str) -> Locked | None:
        def read(client: Any) -> Locked | None:
            answer = client.get_object(Bucket=self._bucket, Key=key, VersionId=version)
            with answer["Body"] as body:
                content = body.read()
            if answer.get("ObjectLockMode") is None:
                return None
            until = answer["ObjectLockRetainUntilDate"].astimezone(UTC)
            return Locked(f"s3://{self._bucket}/{key}?versionId={version}", content, until)

        try:
            return self._aws.ask("s3", read)
        except Missing:  # its lock ended, and it was deleted meanwhile
            return None

    def _no_bucket(self) -> Unavailable:
        return Unavailable(SYSTEM, f"there is no bucket {self._bucket}", retry=False)

    def _unlocked(self) -> Unavailable:
        why = (
            f"the bucket {self._bucket} has no object lock; make one with it (it needs versions): "
            "aws s3api create-bucket --object-lock-enabled-for-bucket"
        )
        return Unavailable(SYSTEM, why, retry=False)

"""What model packages keep in S3: documents, model data, predictions."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from knowledge.adapters.aws import Aws, Missing, split_s3
from knowledge.adapters.frames.opened import read_frame
from knowledge.errors import BadArgs, Unavailable, UserError
from knowledge.records import Frame

MOST_DOCUMENT = 16 * 2**20
MOST_PREDICTIONS = 256 * 2**20
"""Bytes that are read of one object; a larger one is named and left."""


class Unreadable(Exception):
    """An object that is not there, not allowed, too large or not what it should be: in words."""


@dataclass(frozen=True)
class Kept:
    """What tells a stored object's content: ETag and size."""

    etag: str
    size: int


class Stored:
    """Reads objects by their address. Raises Unreadable, and Unavailable where S3 cannot be
    reached."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def document(self, address: str) -> Any:
        """The JSON at that address."""
        body = self._bytes(address, MOST_DOCUMENT)
        try:
            return json.loads(body)
        except ValueError:
            raise Unreadable(f"{address} is no JSON") from None

    def frame(self, address: str) -> Frame:
        """The table at that address, in the format that its name ends in."""
        body = self._bytes(address, MOST_PREDICTIONS)
        suffix = PurePosixPath(address).suffix
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"predictions{suffix}"
            file.write_bytes(body)
            try:
                return read_frame(file)
            except UserError as error:
                raise Unreadable(f"{address} cannot be read: {error}") from error

    def below(self, address: str) -> list[Kept]:
        """The object at that address, or all below it, ordered by name."""
        bucket, key = _split(address)
        try:
            head = self._ask(lambda c: c.head_object(Bucket=bucket, Key=key), address)
        except Missing:
            return self._listed(address, bucket, key)
        return [Kept(head["ETag"].strip('"'), head["ContentLength"])]

    def _listed(self, address: str, bucket: str, prefix: str) -> list[Kept]:
        def pages(client: Any) -> list[Any]:
            paginator = client.get_paginator("list_objects_v2")
            found = paginator.paginate(Bucket=bucket, Prefix=f"{prefix}/")
            return [one for page in found for one in page.get("Contents", ())]

        try:
            found = self._ask(pages, address)
        except Missing:
            found = []
        if not found:
            raise Unreadable(f"{address} is not there")
        return [
            Kept(f"{one['Key'].removeprefix(prefix)} {one['ETag']}", one["Size"])
            for one in sorted(found, key=lambda o: str(o["Key"]))
        ]

    def _bytes(self, address: str, most: int) -> bytes:
        bucket, key = _split(address)

        def read(client: Any) -> bytes:
            answer = client.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                if answer["ContentLength"] > most:
                    raise Unreadable(f"{address} is larger than {most // 2**20} MiB")
                content: bytes = body.read()
            return content

        try:
            content: bytes = self._ask(read, address)
        except Missing:
            raise Unreadable(f"{address} is not there") from None
        return content

    def _ask(self, request: Any, address: str) -> Any:
        """A lasting refusal concerns this object; anything else concerns S3."""
        try:
            return self._aws.ask("s3", request)
        except Unavailable as error:
            if error.retry:
                raise
            raise Unreadable(f"{address}: {error.why}") from error


def digest_of(parts: Sequence[Mapping[str, Any]]) -> str:
    """One digest of what is served: images, environment and the ETags of model data."""
    text = json.dumps(list(parts), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _split(address: str) -> tuple[str, str]:
    try:
        return split_s3(address)
    except BadArgs as error:
        raise Unreadable(f"{address or 'an empty text'} is no S3 address") from error

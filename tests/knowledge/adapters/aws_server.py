"""AWS on loopback: moto's server, one for a session, and clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

REGION = "eu-central-1"
ACCOUNT = "123456789012"
"""What moto takes everybody for."""
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@contextmanager
def aws_server() -> Iterator[str]:
    """The address of a fresh AWS."""
    pytest.importorskip("boto3", reason="needs boto3, from the extra `aws`")
    moto = pytest.importorskip("moto.server", reason="needs moto, from the extra `dev`")
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@cache
def aws_client(service: str, url: str) -> Any:
    """Kept: making one reads megabytes of descriptions."""
    import boto3

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )

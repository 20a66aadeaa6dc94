import socket

import pytest
from servers import free_port

from knowledge.adapters.aws import Aws, split_s3
from knowledge.errors import BadArgs, Unavailable
from tests.knowledge.adapters.aws_server import REGION


def look(aws: Aws) -> None:
    aws.ask("s3", lambda c: c.list_buckets())


def test_a_service_that_is_not_there(aws: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"archive: cannot be reached at {url}") as error:
        look(Aws("archive", REGION, {"s3": url}, timeout=1))
    assert error.value.retry


def test_a_service_that_hangs_is_given_up(aws: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
            look(Aws("archive", REGION, {"s3": url}, timeout=0.2))


def test_without_credentials_the_remedy_is_named(
    aws_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(Unavailable, match="AWS_ACCESS_KEY_ID") as error:
        look(Aws("archive", REGION, {"s3": aws_url}))
    assert not error.value.retry


@pytest.mark.parametrize(
    ("address", "parts"),
    [("s3://b/a/c.json", ("b", "a/c.json")), ("s3://b", ("b", "")), ("s3://b/a/", ("b", "a"))],
)
def test_an_address_in_two(address: str, parts: tuple[str, str]) -> None:
    assert split_s3(address) == parts


@pytest.mark.parametrize("address", ["", "b/a", "https://b/a", "s3:///a"])
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(BadArgs, match=r"TANDEM_AUDIT_ARCHIVE: .* is no S3 address"):
        split_s3(address, "TANDEM_AUDIT_ARCHIVE")

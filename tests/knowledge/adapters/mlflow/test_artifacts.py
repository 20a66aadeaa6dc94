"""The digest of what would be served."""

from collections.abc import Mapping
from operator import attrgetter

import pytest

from knowledge.adapters.mlflow.artifacts import (
    HASHED_EACH,
    HASHED_IN_ALL,
    File,
    Folder,
    Listing,
    digest,
)
from knowledge.adapters.mlflow.server import Server
from knowledge.errors import Unavailable

FILES: Mapping[str, bytes] = {"MLmodel": b"model_uuid: m-1", "model.pkl": b"weights", "a/b": b""}


def digest_of(contents: Mapping[str, bytes]) -> str:
    return digest(
        [File(path, len(content)) for path, content in contents.items()],
        lambda file: contents[file.path],
    )


def test_the_same_files_have_the_same_digest_in_any_order() -> None:
    assert digest_of(FILES).startswith("sha256:")
    assert digest_of(dict(reversed(FILES.items()))) == digest_of(FILES)


@pytest.mark.parametrize(
    "changed",
    [
        {"model.pkl": b"weightz"},
        {"model.pkl": b"weights."},
        {"more.txt": b""},
        {"MLmodel": b"model_uuid: m-2"},
    ],
)
def test_any_change_changes_it(changed: Mapping[str, bytes]) -> None:
    assert digest_of({**FILES, **changed}) != digest_of(FILES)


def test_a_file_that_is_gone_or_renamed_changes_it() -> None:
    fewer = {path: content for path, content in FILES.items() if path != "a/b"}
    assert len({digest_of(f) for f in (FILES, fewer, {**fewer, "a/c": b""})}) == 3


def test_of_a_large_file_only_path_and_size_are_looked_at() -> None:
    read: list[File] = []

    def note(file: File) -> bytes:
        read.append(file)
        return bytes(file.size)

    large, small = File("weights", HASHED_EACH + 1), File("MLmodel", HASHED_EACH)
    first = digest([large, small], note)
    assert read == [small]
    assert digest([File("weights", HASHED_EACH + 2), small], note) != first


def test_many_small_files_are_read_up_to_a_limit_the_smallest_first() -> None:
    read: list[File] = []

    def note(file: File) -> bytes:
        read.append(file)
        return b""

    count = HASHED_IN_ALL // HASHED_EACH
    files = [File(f"part-{i}", HASHED_EACH) for i in range(count)]
    digest([*files, File("MLmodel", 1)], note)
    assert min(read, key=attrgetter("size")).path == "MLmodel"
    assert len(read) == count


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc",
        "/etc",
        "http://127.0.0.1:1/x",
        "mlflow-artifacts://127.0.0.1:1/0",
        "ftp://127.0.0.1/x",
        "",
    ],
)
def test_files_of_this_machine_and_of_other_hosts_are_not_read(address: str) -> None:
    """Whoever may write the registry would be shown them, or be sent Tandem's credentials."""
    with pytest.raises(Unavailable, match="which is not read") as error:
        Folder(Server("http://127.0.0.1:5000"), address).list()
    assert not error.value.retry


def test_a_file_is_found_by_its_name_in_any_case() -> None:
    listing = Listing((File("evaluation/Model_Card.md", 1), File("README.md", 2)))
    assert listing.get("model_card.md", "readme.md") == File("evaluation/Model_Card.md", 1)
    assert listing.get("missing.md") is None

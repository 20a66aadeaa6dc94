from pathlib import Path

import pytest

from knowledge.errors import UserError
from knowledge.secret_files import LARGEST, find_secret, has_file


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_bytes(b"hunter2\n")
    return path


def test_a_secret_is_a_variable_or_the_file_that_is_named(secret: Path) -> None:
    assert find_secret("TOKEN", {"TOKEN": "plain"}) == "plain"
    assert find_secret("TOKEN", {"TOKEN_FILE": str(secret)}) == "hunter2"
    assert find_secret("TOKEN", {"TOKEN": "", "TOKEN_FILE": None}) == ""
    assert find_secret("TOKEN") == ""


@pytest.mark.parametrize(
    ("held", "read"),
    [
        (b"a b ", "a b "),
        (b"a\r\n", "a"),
        (b"a\n\n", "a"),
        (b"-----BEGIN\nKEY-----\n", "-----BEGIN\nKEY-----"),
        ("señas".encode(), "señas"),
    ],
)
def test_only_line_breaks_at_the_end_are_left_out(secret: Path, held: bytes, read: str) -> None:
    secret.write_bytes(held)
    assert find_secret("TOKEN", {"TOKEN_FILE": str(secret)}) == read


def test_the_first_place_that_has_it_counts(secret: Path) -> None:
    environment, written = {"TOKEN": "from the environment"}, {"TOKEN_FILE": str(secret)}
    assert find_secret("TOKEN", environment, written) == "from the environment"
    assert not has_file("TOKEN", environment, written)
    assert find_secret("TOKEN", written, environment) == "hunter2"
    assert has_file("TOKEN", written, environment)
    assert not has_file("TOKEN", {}, {"OTHER_FILE": str(secret)})


def test_both_in_one_place_are_a_contradiction(secret: Path) -> None:
    with pytest.raises(UserError, match=r"TOKEN and TOKEN_FILE are both set\. Keep one of them"):
        find_secret("TOKEN", {"TOKEN": "x", "TOKEN_FILE": str(secret)})


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"x" * (LARGEST + 1), "larger than 64 KiB"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(secret: Path, held: bytes, words: str) -> None:
    secret.write_bytes(held)
    with pytest.raises(UserError, match=f"^TOKEN_FILE: .*{words}") as refused:
        find_secret("TOKEN", {"TOKEN_FILE": str(secret)})
    assert "xx" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=f"^TOKEN_FILE: {path} cannot be read: "):
            find_secret("TOKEN", {"TOKEN_FILE": str(path)})

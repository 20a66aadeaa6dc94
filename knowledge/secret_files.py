"""A secret by its name: the variable `X`, or the file that `X_FILE` names.

Docker and Kubernetes mount secrets as files and systemd hands credentials over as files: a file is
seen neither by `docker inspect` nor by child processes. Used by the settings and by every file that
holds names of secrets.
"""

from collections.abc import Mapping
from pathlib import Path

from knowledge.errors import UserError

SUFFIX = "_FILE"
LARGEST = 64 * 1024
"""Bytes. A secret is a line; what is larger is another file, named by mistake."""

Variables = Mapping[str, str | None]


def find_secret(name: str, *places: Variables) -> str:
    """The secret from the first place that has it, empty where none has.

    `places` are the environment and what a `.env` file holds, in this order. A line break at the
    end of the file is left out, all else is kept. Raises UserError when one place has both the
    variable and its file, and when the file cannot be read, is empty or too large.
    """
    for variables in places:
        value, path = variables.get(name), variables.get(name + SUFFIX)
        if value and path:
            raise UserError(f"{name} and {name}{SUFFIX} are both set. Keep one of them.")
        if path:
            return _read(name + SUFFIX, Path(path))
        if value:
            return value
    return ""


def has_file(name: str, *places: Variables) -> bool:
    """Whether the first place that knows the name knows it as a file."""
    for variables in places:
        if variables.get(name + SUFFIX):
            return True
        if variables.get(name):
            return False
    return False


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            held = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{variable}: {path} cannot be read: {error.strerror}.") from error
    if len(held) > LARGEST:
        raise UserError(f"{variable}: {path} is larger than 64 KiB. Name the file of the secret.")
    try:
        secret = held.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UserError(f"{variable}: {path} is not UTF-8 text.") from None
    if not secret:
        raise UserError(f"{variable}: {path} is empty. Put the secret in, or take {variable} out.")
    return secret

"""Folders of artefacts: their files, what is in them, and one digest for all.

Read through the MLflow server where it serves artefacts (the default since MLflow 2), or straight
from a bucket with that cloud's package and credentials. Nothing else is read: the address comes
from the registry, and whoever may write there should reach neither this machine's files nor other
hosts, which would be sent Tandem's credentials besides.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from knowledge.adapters.mlflow.server import SYSTEM, Server
from knowledge.errors import Unavailable

SERVED = "mlflow-artifacts"
BUCKETS = ("s3", "gs", "abfss", "wasbs")
MOST_FILES = 2000
MOST_DEPTH = 12
HASHED_EACH = 4 << 20
HASHED_IN_ALL = 32 << 20
AT_ONCE = 4


@dataclass(frozen=True)
class File:
    path: str
    """Relative to the folder, with slashes."""
    size: int


@dataclass(frozen=True)
class Listing:
    """One level of a folder."""

    files: tuple[File, ...] = ()
    folders: tuple[str, ...] = ()

    def get(self, *names: str) -> File | None:
        """The first of these that is there, without regard to case."""
        by_name = {f.path.rpartition("/")[2].lower(): f for f in self.files}
        return next((by_name[n.lower()] for n in names if n.lower() in by_name), None)


class Folder:
    """Artefacts at one address, as they are at one moment: what was asked once is remembered.
    Raises Unavailable; a folder that is not there is empty."""

    def __init__(self, server: Server, address: str) -> None:
        self._server = server
        self._address = address
        self._opened: Any = None
        self._lock = Lock()
        self._listed: dict[str, Listing] = {}
        self._read: dict[str, bytes] = {}

    def list(self, under: str = "") -> Listing:
        if under not in self._listed:
            self._listed[under] = self._list(under)
        return self._listed[under]

    def _list(self, under: str) -> Listing:
        with self._server.translated():
            found = self._repository().list_artifacts(under or None)
            files = tuple(File(str(f.path), int(f.file_size or 0)) for f in found if not f.is_dir)
            return Listing(files, tuple(str(f.path) for f in found if f.is_dir))

    def files(self) -> tuple[File, ...]:
        """All of them, by path."""
        found: list[File] = []
        level = [""]
        for _ in range(MOST_DEPTH):
            listings = [self.list(path) for path in level]
            found += [file for listing in listings for file in listing.files]
            level = [folder for listing in listings for folder in listing.folders]
            if len(found) > MOST_FILES or len(level) > MOST_FILES:
                raise Unavailable(SYSTEM, f"it has more than {MOST_FILES} files", retry=False)
            if not level:
                return tuple(sorted(found, key=lambda f: f.path))
        raise Unavailable(SYSTEM, f"its folders are more than {MOST_DEPTH} deep", retry=False)

    def read(self, file: File, limit: int) -> bytes:
        if file.size > limit:
            why = f"{file.path} has {file.size:,} bytes, more than {limit:,}"
            raise Unavailable(SYSTEM, why, retry=False)
        if file.path not in self._read:
            self._read[file.path] = self._download(file)
        return self._read[file.path]

    def _download(self, file: File) -> bytes:
        with self._server.translated(), TemporaryDirectory() as folder:
            path = Path(folder, "content")
            # download_artifacts() would ask first whether it is a folder, a request for each file.
            self._repository()._download_file(file.path, str(path))
            content = path.read_bytes()
        if len(content) != file.size:
            why = f"{file.path} came with {len(content):,} of {file.size:,} bytes"
            raise Unavailable(SYSTEM, why)
        return content

    def _repository(self) -> Any:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with self._lock:
            if self._opened is None:
                _check(self._address, self._server.uri)
                self._opened = get_artifact_repository(self._address, tracking_uri=self._server.uri)
            return self._opened


def digest(files: Sequence[File], read: Callable[[File], bytes]) -> str:
    """ "sha256:..." over the path and size of every file, and over the content of those that are
    small: at most HASHED_EACH bytes each and, taken from the smallest on, HASHED_IN_ALL together.
    MLmodel is among them, with MLflow's own id of what was saved."""
    small = _small(files)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="artifacts") as pool:
        contents = list(pool.map(read, small))
    hashes = {f: hashlib.sha256(c).hexdigest() for f, c in zip(small, contents, strict=True)}
    told = [[f.path, f.size, hashes.get(f, "")] for f in sorted(files, key=lambda f: f.path)]
    return "sha256:" + hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _small(files: Iterable[File]) -> list[File]:
    chosen: list[File] = []
    left = HASHED_IN_ALL
    for file in sorted(files, key=lambda f: (f.size, f.path)):
        if file.size > min(HASHED_EACH, left):
            break
        chosen.append(file)
        left -= file.size
    return chosen


def _check(address: str, server: str) -> None:
    parts = urlsplit(address)
    if parts.scheme in BUCKETS:
        return
    if parts.scheme == SERVED and parts.netloc in ("", urlsplit(server).netloc):
        return
    raise Unavailable(
        SYSTEM,
        f"its files are at {parts.scheme or 'file'}://{parts.netloc}, which is not read: Tandem "
        f"reads what the MLflow server serves ({SERVED}:) and {', '.join(BUCKETS)}",
        retry=False,
    )

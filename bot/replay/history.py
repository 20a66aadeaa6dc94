"""Reading history: files of webhooks, one JSON object a line, in order of arrival.

    {"received_at": "2026-03-05T12:00:00Z", "payload": {...}, "source": "grafana"}

`source` may be left out for Alertmanager. What cannot be read is named, never fatal.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

from bot.webhooks import parser_for
from bot.webhooks.fields import Fields, kind
from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.records import Signal

TOPOLOGY = "topology.json"
DEFAULT_SOURCE = "alertmanager"
LONGEST_LINE = 64 * 2**20
"""Bytes; a longer one is no webhook that Tandem would have accepted."""
_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Malformed:
    """Something that was left out: where it stands, and what is wrong with it."""

    file: str
    line: int
    field: str
    problem: str


@dataclass(frozen=True)
class Webhook:
    """One line that could be read, with what its payload holds."""

    received_at: datetime
    source: str
    signals: tuple[Signal, ...]
    payload: Mapping[str, Any]

    def starts(self) -> "Starts":
        """When its alerts began, as the payload writes it."""
        alerts = self.payload.get("alerts")
        found: dict[tuple[str, datetime], str] = {}
        for alert in alerts if isinstance(alerts, list) else ():
            text = alert.get("startsAt") if isinstance(alert, dict) else None
            if not isinstance(text, str) or (moment := _moment(text)) is None:
                continue
            found.setdefault(("", moment), text)
            if isinstance(fingerprint := alert.get("fingerprint"), str):
                found[fingerprint.strip(), moment] = text
        return Starts(found)


@dataclass(frozen=True)
class Starts:
    """Fingerprint and moment to the text; without a fingerprint, one that means the moment."""

    texts: Mapping[tuple[str, datetime], str]

    def of(self, signal: Signal) -> str:
        """Empty where the payload writes no such time: other tools name it otherwise."""
        moment = signal.starts_at
        return self.texts.get((signal.fingerprint, moment)) or self.texts.get(("", moment), "")


@dataclass(frozen=True)
class History:
    """The files of one storm, or of one stretch of time, in the order in which they are read."""

    name: str
    files: tuple[Path, ...]
    topology: Path | None = None
    """The catalogue that lies beside it."""

    def read(self) -> Iterator[Webhook | Malformed]:
        """What each line holds; a line may give both a webhook and mistakes in parts of it."""
        for file in self.files:
            yield from _read_file(file)


def histories(paths: Sequence[Path]) -> list[History]:
    """What the command line names: files, folders of files, or folders of such folders.

    Raises UserError for a path that holds no history, and for two of one name.
    """
    found = [history for path in paths for history in _at(path)]
    names = [history.name for history in found]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"two histories are called {name}. Replay them into folders of their own."
            )
    return found


def _at(path: Path) -> list[History]:
    if path.is_file():
        return [_history(_name_of(path), (path,), path.parent)]
    if not path.is_dir():
        raise UserError(f"{path}: there is no such file or folder.")
    if files := _files(path):
        return [_history(path.resolve().name, files, path)]
    below = [(folder, _files(folder)) for folder in sorted(path.iterdir()) if folder.is_dir()]
    if found := [_history(folder.name, files, folder) for folder, files in below if files]:
        return found
    raise UserError(f"{path}: holds no history. Give files that end in {', '.join(_SUFFIXES)}.")


def _history(name: str, files: tuple[Path, ...], folder: Path) -> History:
    topology = folder / TOPOLOGY
    return History(name, files, topology if topology.is_file() else None)


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(f for f in folder.iterdir() if f.is_file() and f.name.endswith(_SUFFIXES)))


def _name_of(file: Path) -> str:
    """The file's own name, or its folder's where it is called "alerts" like all the others."""
    name = file.name
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        name = name.removesuffix(suffix)
    return file.resolve().parent.name if name == "alerts" else name


def _read_file(file: Path) -> Iterator[Webhook | Malformed]:
    number = 0
    try:
        with _open(file) as lines:
            while line := lines.readline(LONGEST_LINE):
                number += 1
                if line.strip():
                    yield from _read_line(line, file.name, number)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Malformed(file.name, number + 1, "file", f"the compressed data is damaged: {error}")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error


def _open(file: Path) -> IO[bytes]:
    """Told by the content, not by the name: an export is often named as it was before gzip."""
    with file.open("rb") as stream:
        zipped = stream.read(len(_GZIP)) == _GZIP
    return cast("IO[bytes]", gzip.open(file)) if zipped else file.open("rb")


def _read_line(line: bytes, file: str, number: int) -> Iterator[Webhook | Malformed]:
    try:
        webhook, mistakes = _webhook(line)
    except BadArgs as error:
        yield Malformed(file, number, error.field, _problem(error.problem, error.remedy))
        return
    yield webhook
    for field, problem in mistakes:
        yield Malformed(file, number, field, problem)


def _webhook(line: bytes) -> tuple[Webhook, list[tuple[str, str]]]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadArgs("line", f"not JSON ({error})", "Write one JSON object a line") from None
    if not isinstance(entry, dict):
        raise BadArgs("line", f"{kind(entry)}, not an object", "Write one JSON object a line")
    fields = Fields(entry)
    received_at = fields.time("received_at")
    if received_at is None:
        raise BadArgs("received_at", "missing", "Give the time of arrival in RFC 3339 form")
    payload = entry.get("payload")
    if not isinstance(payload, dict):
        problem = "missing" if payload is None else f"{kind(payload)}, not an object"
        raise BadArgs("payload", problem, "Give the webhook's body")
    source = fields.text("source") or DEFAULT_SOURCE
    try:
        parsed = parser_for(source)(payload, received_at)
    except NotFound as error:
        raise BadArgs("source", str(error), "") from None
    except BadArgs as error:
        raise BadArgs(f"payload.{error.field}", error.problem, error.remedy) from None
    mistakes = [(f"payload.{r.path}", _problem(r.problem, r.remedy)) for r in parsed.refused]
    if parsed.more_refused:
        mistakes.append(("payload", f"{parsed.more_refused} more mistakes of the same payload"))
    return Webhook(received_at, source, parsed.signals, payload), mistakes


def _problem(problem: str, remedy: str) -> str:
    return f"{problem}. {remedy}" if remedy else problem


@lru_cache(maxsize=65_536)
def _moment(text: str) -> datetime | None:
    try:
        return Fields({"startsAt": text}).time("startsAt")
    except BadArgs:
        return None

"""Files, folders and archives to documents.

JSON lines of past incidents, Markdown post-mortems and runbooks, and exports of Jira, ServiceNow,
PagerDuty, Confluence, Notion and Slack: which one a file is, is seen from what it holds. One bad
line or file is reported by name and line, and the rest is read.
"""

import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from knowledge.errors import UserError
from knowledge.ingest import confluence, jira, notion, pagerduty, servicenow, slack
from knowledge.ingest.documents import Problem, parse_line, parse_markdown
from knowledge.ingest.markup import html_text, html_title
from knowledge.ingest.rows import Ticket, document_of
from knowledge.records import Document, DocumentKind

LARGEST_FILE = 200 * 2**20
"""Bytes; larger ones are left out and said."""
LARGEST_ARCHIVE = 2 * 2**30
"""Bytes that an archive may hold when it is unpacked."""
MOST_FILES = 200_000

_MARKDOWN = (".md", ".markdown")
_HTML = (".html", ".htm")
_SUFFIXES = (".jsonl", *_MARKDOWN, ".json", ".csv", ".xml", *_HTML, ".zip")
_NOT_UNPACKED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, lzma.LZMAError, ValueError),
    *(RuntimeError, OSError),
)
"""What damaged, locked and oddly packed files raise; RuntimeError is what zipfile says of a
password and of a method that it does not know."""
_DAY = re.compile(r"^\d{4}-\d\d-\d\d\.json$")
_OF_SLACK = frozenset(
    (
        *("users.json", "org_users.json", "channels.json", "groups.json", "dms.json"),
        *("mpims.json", "canvases.json", "integration_logs.json", "content_flags.json"),
    )
)
_Tickets = Iterator[tuple[int, Ticket]]
_CSV: tuple[tuple[Callable[[set[str]], bool], Callable[[str], _Tickets]], ...] = (
    (jira.is_csv, jira.from_csv),
    (servicenow.is_csv, servicenow.from_csv),
    (pagerduty.is_csv, pagerduty.from_csv),
)
_JSON: tuple[tuple[Callable[[Any], bool], Callable[[Any], _Tickets]], ...] = (
    (jira.is_json, jira.from_json),
    (servicenow.is_json, servicenow.from_json),
    (pagerduty.is_json, pagerduty.from_json),
    (confluence.is_json, confluence.from_json),
)

Item = Document | Problem


@dataclass(frozen=True)
class Reading:
    """What was read, and what was not."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _File:
    """A file of a folder or an archive. `shown` is how problems name it."""

    path: PurePosixPath
    shown: str
    size: int
    read: Callable[[], bytes]
    on_disk: bool = False


def read_paths(paths: Sequence[Path]) -> Reading:
    """Read files, and folders and archives with all that is in them. Of one id in two places the
    later counts, and that is reported."""
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for path in paths:
        for item in _read_path(path):
            if isinstance(item, Problem):
                problems.append(item)
                continue
            if item.id in documents:
                problems.append(Problem(str(path), 0, f"the id {item.id!r} comes more than once"))
            documents[item.id] = item
    return Reading(tuple(documents.values()), tuple(problems))


def read_setting(library: str) -> Reading:
    """TANDEM_LIBRARY: files, folders or archives, comma separated."""
    return read_paths([Path(part.strip()) for part in library.split(",") if part.strip()])


def _read_path(path: Path) -> Iterator[Item]:
    if path.is_dir():
        found = [f for f in sorted(path.rglob("*")) if f.is_file()]
        inside = [f for f in found if f.resolve().is_relative_to(path.resolve())]
        # A folder is often a checkout of what many write to: a link in it must not read the rest
        # of the machine into the library.
        for f in found:
            if f not in inside:
                yield Problem(str(f), 0, "a link that leads out of the folder; it is not followed")
        known = [_on_disk(f, path) for f in inside if f.suffix.lower() in _SUFFIXES]
        if not known:
            yield Problem(str(path), 0, "the folder holds no .jsonl or .md file, and no export")
        yield from _read_all(known)
    elif path.suffix.lower() in _SUFFIXES or not path.exists():
        yield from _read_all([_on_disk(path, path.parent)])
    else:
        yield Problem(
            str(path),
            0,
            "cannot be read; give .jsonl or .md files, exports of a ticket system, a wiki or "
            "Slack, or folders of them",
        )


def _on_disk(file: Path, below: Path) -> _File:
    size = file.stat().st_size if file.exists() else 0
    path = PurePosixPath(below.name, *file.relative_to(below).parts)
    return _File(path, str(file), size, file.read_bytes, on_disk=True)


def _read_all(files: Sequence[_File]) -> Iterator[Item]:
    """A Slack export is several files that mean something together only."""
    roots = {f.path.parent for f in files if f.path.name in ("users.json", "org_users.json")}
    days = [f for f in files if _DAY.match(f.path.name) and f.path.parent.parent in roots]
    of_slack = [f for f in files if f.path.parent in roots and f.path.name in _OF_SLACK] + days
    if days:
        yield from _read_slack(of_slack)
    for file in files:
        if not days or file not in of_slack:
            yield from _read_file(file)


def _read_file(file: _File) -> Iterator[Item]:
    suffix = file.path.suffix.lower()
    try:
        if suffix == ".zip" and file.on_disk:
            yield from _read_archive(file, file.shown)
            return
        if file.size > LARGEST_FILE:
            raise UserError(f"larger than {LARGEST_FILE // 2**20} MB")
        if suffix == ".zip":
            yield from _read_archive(file, io.BytesIO(file.read()))
            return
        text = file.read().decode("utf-8-sig")
        yield from _items(file, suffix, text)
    except OSError as error:
        yield Problem(file.shown, 0, error.strerror or "cannot be read")
    except UnicodeDecodeError as error:
        line = bytes(error.object)[: error.start].count(b"\n") + 1
        yield Problem(file.shown, line, "not UTF-8")
    except (UserError, zipfile.BadZipFile, RecursionError, NotImplementedError) as error:
        yield Problem(file.shown, 0, str(error) or type(error).__name__)


def _items(file: _File, suffix: str, text: str) -> Iterator[Item]:
    if suffix == ".jsonl":
        yield from _lines(file, text)
    elif suffix in _MARKDOWN:
        yield _markdown(file, text)
    elif suffix == ".csv":
        yield from _documents(file, _csv_tickets(text))
    elif suffix == ".xml":
        yield from _documents(file, jira.from_xml(text))
    elif suffix == ".json":
        yield from _documents(file, _json_tickets(text))
    else:
        yield document_of(_html_ticket(file, text))


def _lines(file: _File, text: str) -> Iterator[Item]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield parse_line(line)
        except UserError as error:
            yield Problem(file.shown, number, str(error))


def _markdown(file: _File, text: str) -> Document:
    stem = file.path.stem
    if notion.is_page(stem):
        return document_of(notion.from_markdown(text, stem))
    runbook = "runbook" in file.path.parent.name.lower() or "runbook" in stem.lower()
    return parse_markdown(text, stem, DocumentKind.RUNBOOK if runbook else None)


def _csv_tickets(text: str) -> _Tickets:
    head = text.partition("\n")[0].lower()
    header = {name.strip().strip('"') for name in head.strip().split(",")}
    for fits, read in _CSV:
        if fits(header):
            return read(text)
    raise UserError(
        "no export that is known: a CSV file of Jira has the column Issue key, one of ServiceNow "
        "number and short_description, one of PagerDuty incident_number"
    )


def _json_tickets(text: str) -> _Tickets:
    try:
        data: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not JSON: {error.msg} in line {error.lineno}; lines of JSON belong into a .jsonl file"
        ) from None
    except (ValueError, RecursionError):
        raise UserError("not JSON that can be read: too deep, or a number too long") from None
    for fits, read in _JSON:
        if fits(data):
            return read(data)
    raise UserError(
        "no export that is known: one of Jira has issues, one of ServiceNow records or result, "
        "one of PagerDuty incidents, one of Confluence results with a body"
    )


def _html_ticket(file: _File, text: str) -> Ticket:
    stem = file.path.stem
    if confluence.is_html(text):
        return confluence.from_html(text, stem)
    if notion.is_html(text):
        return notion.from_html(text, stem)
    return Ticket(id=stem, title=html_title(text) or stem, body=html_text(text))


def _documents(file: _File, tickets: Iterable[tuple[int, Ticket]]) -> Iterator[Item]:
    """`tickets` with the line or number of each."""
    for number, ticket in tickets:
        try:
            yield document_of(ticket)
        except UserError as error:
            yield Problem(file.shown, number, str(error))


def _read_archive(file: _File, content: str | io.BytesIO) -> Iterator[Item]:
    """Raises UserError for one that is too large unpacked, BadZipFile for a broken one."""
    with zipfile.ZipFile(content) as archive:
        # Not is_dir(), which stumbles over a file without a name.
        inside = [info for info in archive.infolist() if not info.filename.endswith("/")]
        if len(inside) > MOST_FILES or sum(i.file_size for i in inside) > LARGEST_ARCHIVE:
            raise UserError("too large when unpacked; unpack it, and name the folder you need")
        known = [
            _File(
                PurePosixPath(file.path.stem, info.filename),
                f"{file.shown}:{info.filename}",
                info.file_size,
                _reader(archive, info),
            )
            for info in inside
            # Notion packs archives into one; what is deeper than that is nobody's export.
            if PurePosixPath(info.filename).suffix.lower() in _SUFFIXES
            and (file.on_disk or not info.filename.lower().endswith(".zip"))
        ]
        # Notion's tables repeat pages that come as files of their own.
        pages = any(notion.is_page(f.path.stem) for f in known if f.path.suffix in _MARKDOWN)
        kept = [f for f in known if not (pages and f.path.suffix.lower() == ".csv")]
        if not kept:
            raise UserError("the archive holds nothing that can be read")
        yield from _read_all(kept)


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as stream:
                # Never more than was said: the sizes in an archive are its maker's word.
                content = stream.read(info.file_size + 1)
        except _NOT_UNPACKED as error:
            raise UserError(f"it cannot be unpacked: {type(error).__name__}") from None
        if len(content) > info.file_size:
            raise UserError("the archive lies about its size")
        return content

    return read


def _read_slack(files: Sequence[_File]) -> Iterator[Item]:
    names: dict[str, str] = {}
    channels: dict[str, list[_File]] = {}
    for file in files:
        if file.path.name in ("users.json", "org_users.json"):
            found = yield from _slack_json(file)
            names |= slack.people(found)
        elif _DAY.match(file.path.name):
            channels.setdefault(file.path.parent.name, []).append(file)
    for channel, days in sorted(channels.items()):
        messages: list[Any] = []
        for day in days:
            found = yield from _slack_json(day)
            messages += found if isinstance(found, list) else []
        for ticket in slack.tickets(channel, messages, names):
            yield document_of(ticket)


def _slack_json(file: _File) -> Generator[Item, None, Any]:
    """Gives the content back; what cannot be read is a Problem and gives None."""
    try:
        return json.loads(file.read().decode("utf-8-sig"))
    except (OSError, ValueError, UserError, RecursionError) as error:
        yield Problem(file.shown, 0, f"cannot be read: {error}")
        return None

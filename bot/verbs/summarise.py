"""`tandem summarise`: summaries of incidents in JSON files, without Slack; with or without an LLM.

Five styles: `summary` (all of it, at most 220 words), `catch-up` (short, or what is new since a
time), `status` (for people outside), `postmortem` (a draft) and `handover` (one for all files: the
end of a shift).
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.parts import make_llm
from bot.settings import read_settings
from knowledge.durations import parse_duration
from knowledge.errors import BadArgs, TandemError, UserError
from knowledge.incident_files import read_incident
from knowledge.ports import LLM
from knowledge.records import Incident
from knowledge.summary import (
    Statement,
    Summary,
    reword,
    sources_of,
    summarise,
    to_markdown,
)
from knowledge.summary.catching_up import catch_up
from knowledge.summary.postmortem import postmortem
from knowledge.summary.report import Report, report_markdown
from knowledge.summary.shift import OnShift, shift_handover
from knowledge.updates import draft


class Kind(StrEnum):
    SUMMARY = "summary"
    CATCH_UP = "catch-up"
    STATUS = "status"
    HANDOVER = "handover"
    POSTMORTEM = "postmortem"


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("summarise", help="summarise incidents from JSON files")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one incident each")
    parser.add_argument(
        "--style",
        choices=[kind.value for kind in Kind],
        default=Kind.SUMMARY.value,
        help="what for; handover is one text for all files (default: summary)",
    )
    parser.add_argument(
        "--since", default="", metavar="TIME", help="catch-up, handover: 8h, 14:30 or an ISO time"
    )
    parser.add_argument("--out", type=Path, help="folder that gets one <id>.md per incident")
    parser.add_argument("--markdown", action="store_true", help="as Markdown, which is the default")
    parser.add_argument("--json", action="store_true", help="statements with sources, on stdout")
    parser.add_argument(
        "--llm", action="store_true", help="summary: let the configured LLM word it, checked"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when every file was summarised, else 1; a bad file does not stop the others."""
    now = datetime.now(UTC)
    kind = Kind(args.style)
    failures = 0
    read: list[Incident] = []
    try:
        llm = _llm() if args.llm else None
    except TandemError as error:
        print(f"tandem summarise: {error}", file=sys.stderr)
        return 1
    for file in args.files:
        try:
            incident = read_incident(_read(file), file.name)
            read.append(incident)
            if kind is not Kind.HANDOVER:
                _tell(args, incident.id, *_one(kind, incident, now, args.since, llm))
        except TandemError as error:
            print(f"tandem summarise: {error}", file=sys.stderr)
            failures += 1
    if kind is Kind.HANDOVER and read:
        try:
            _tell(args, "handover", *_handover(read, args.since))
        except TandemError as error:
            print(f"tandem summarise: {error}", file=sys.stderr)
            failures += 1
    return 1 if failures else 0


Told = tuple[str, Callable[[], dict[str, Any]]]
"""A text, and the same as JSON."""


def _one(kind: Kind, incident: Incident, now: datetime, since: str, llm: LLM | None) -> Told:
    if kind is Kind.STATUS:
        text = draft(incident, now)
        return text, lambda: {"id": incident.id, "style": kind.value, "text": text}
    if kind is Kind.POSTMORTEM:
        return _told(postmortem(incident, now))
    if kind is Kind.CATCH_UP:
        summary = catch_up(incident, now, _moment(since, latest([incident])))
    else:
        summary = summarise(incident, now)
        if llm is not None:
            summary = reword(summary, incident, llm, read_settings().tandem_llm_timeout)
    return to_markdown(summary, sources_of(incident)), lambda: as_dict(summary)


def _handover(incidents: Sequence[Incident], since: str) -> Told:
    """As of the latest thing that the files know."""
    now = latest(incidents)
    start = _moment(since, now) or min(i.opened_at for i in incidents)
    return _told(shift_handover(OnShift(start, incidents), now))


def _told(report: Report) -> Told:
    return report_markdown(report), lambda: report_dict(report)


def latest(incidents: Sequence[Incident]) -> datetime:
    """The newest moment of what was said, recorded or resolved."""
    moments = [s.at for i in incidents for s in sources_of(i).values()]
    return max([*moments, *(i.resolved_at for i in incidents if i.resolved_at)])


def _moment(said: str, now: datetime) -> datetime | None:
    if not said.strip():
        return None
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", said.strip())
    if clock:
        return now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    try:
        at = datetime.fromisoformat(said.strip())
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return now - parse_duration(said)
    except (ValueError, OverflowError):
        raise BadArgs("--since", f"{said[:40]!r} is no time", "Write for example 8h") from None


def as_dict(summary: Summary) -> dict[str, Any]:
    """A summary as JSON: one object a line, statements with their group and source ids."""
    return {
        "id": summary.incident,
        "title": summary.title,
        "status": summary.status.value,
        "as_of": summary.as_of.isoformat(),
        "statements": [_statement(s) for s in summary.statements],
    }


def report_dict(report: Report) -> dict[str, Any]:
    """A report as JSON: sections, each with its statements and their source ids."""
    return {
        "title": report.title,
        "as_of": report.as_of.isoformat(),
        "parts": [
            {
                "heading": part.heading,
                "questions": part.open,
                "statements": [_statement(s) for s in part.statements],
            }
            for part in report.parts
        ],
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "group": statement.group.value,
        "text": statement.text,
        "sources": list(statement.sources),
    }


def _tell(
    args: argparse.Namespace, name: str, text: str, as_json: Callable[[], dict[str, Any]]
) -> None:
    if args.out is not None:
        _write(args.out, name, text)
    if args.json:
        print(json.dumps(as_json(), ensure_ascii=False))
    elif args.out is None:
        print(text)


def _llm() -> LLM:
    model = make_llm(read_settings())
    if model is None:
        raise UserError("--llm needs OPENAI_MODEL and OPENAI_BASE_URL or OPENAI_API_KEY.")
    return model


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8 text") from None


def _write(folder: Path, name: str, text: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: cannot write to {folder} ({error.strerror})") from error

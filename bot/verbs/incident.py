"""`tandem incident`: cards, time lines and exports of incidents in JSON files, without Slack."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.text_view import draw
from knowledge.errors import TandemError, UserError
from knowledge.incident_files import read_incident, write_incident
from knowledge.records import Incident
from skills import cards
from skills.contract import Reply

EVERYTHING = 1_000_000


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("incident", help="show incidents from JSON files")
    parser.add_argument(
        "action",
        choices=["show", "timeline", "export"],
        help="show: the card; timeline: all that happened, in order; export: Markdown",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one incident each")
    parser.add_argument("--out", type=Path, help="folder that gets the files of an export")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when every file could be read, else 1; a bad file does not stop the others."""
    if args.out is not None and args.action != "export":
        raise UserError("--out: only an export writes files. Leave it out, or use export.")
    now = datetime.now(UTC)
    failures = 0
    for file in args.files:
        try:
            incident = read_incident(_read(file), file.name)
            if args.out is not None:
                _write(args.out, incident, now)
            else:
                print(_shown(args.action, incident, args.json, now))
        except TandemError as error:
            print(f"tandem incident: {error}", file=sys.stderr)
            failures += 1
    return 1 if failures else 0


def _shown(action: str, incident: Incident, as_json: bool, now: datetime) -> str:
    if as_json:
        return json.dumps(_JSON[action](incident, now), ensure_ascii=False)
    if action == "show":
        return draw(cards.incident_card(incident, now=_as_of(incident, now)))
    if action == "timeline":
        return draw(cards.timeline_reply(incident, most=EVERYTHING))
    return cards.markdown(incident, now=now)


def _card(incident: Incident, now: datetime) -> dict[str, Any]:
    card: Reply = cards.incident_card(incident, now=_as_of(incident, now))
    links = {source.key: source.url for source in card.sources}
    return {
        "id": incident.id,
        "title": incident.title,
        "state": cards.say_state(incident, _as_of(incident, now)),
        "fields": dict(card.fields),
        "sections": [
            {
                "heading": section.heading,
                "lines": [
                    {"text": line.text, "links": [links[key] for key in line.sources]}
                    for line in section.lines
                ],
            }
            for section in card.sections
        ],
    }


def _timeline(incident: Incident, now: datetime) -> dict[str, Any]:
    return {
        "id": incident.id,
        "timeline": [
            {"at": e.at.isoformat(), "kind": e.kind, "text": e.text, "url": e.url}
            for e in cards.timeline(incident)
        ],
    }


def _export(incident: Incident, now: datetime) -> Any:
    return json.loads(write_incident(incident))


_JSON: dict[str, Callable[[Incident, datetime], Any]] = {
    "show": _card,
    "timeline": _timeline,
    "export": _export,
}


def _as_of(incident: Incident, now: datetime) -> datetime:
    """A file tells of a past moment: an incident that is open in it is no older than that."""
    return incident.updated_at if incident.is_open else now


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8 text") from None


def _write(folder: Path, incident: Incident, now: datetime) -> None:
    texts = {
        "md": cards.markdown(incident, now=now),
        "json": write_incident(incident),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, text in texts.items():
            (folder / f"{incident.id}.{suffix}").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: cannot write to {folder} ({error.strerror})") from error

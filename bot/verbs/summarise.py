"""`tandem summarise`: summaries of incidents in JSON files, without Slack and without an LLM."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge.errors import TandemError, UserError
from knowledge.incident_files import read_incident
from knowledge.summary import Summary, sources_of, summarise, to_markdown


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("summarise", help="summarise incidents from JSON files")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one incident each")
    parser.add_argument("--out", type=Path, help="folder that gets one <id>.md per incident")
    parser.add_argument("--json", action="store_true", help="statements with sources, on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when every file was summarised, else 1; a bad file does not stop the others."""
    now = datetime.now(UTC)
    failures = 0
    for file in args.files:
        try:
            _one(file, args.out, args.json, now)
        except TandemError as error:
            print(f"tandem summarise: {error}", file=sys.stderr)
            failures += 1
    return 1 if failures else 0


def _one(file: Path, out: Path | None, as_json: bool, now: datetime) -> None:
    incident = read_incident(_read(file), file.name)
    summary = summarise(incident, now)
    text = to_markdown(summary, sources_of(incident))
    if out is not None:
        _write(out, incident.id, text)
    if as_json:
        print(json.dumps(as_dict(summary), ensure_ascii=False))
    elif out is None:
        print(text)


def as_dict(summary: Summary) -> dict[str, Any]:
    """A summary as JSON: one object a line, statements with their group and source ids."""
    return {
        "id": summary.incident,
        "title": summary.title,
        "status": summary.status.value,
        "as_of": summary.as_of.isoformat(),
        "statements": [
            {"id": s.id, "group": s.group.value, "text": s.text, "sources": list(s.sources)}
            for s in summary.statements
        ],
    }


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

"""`tandem library`: what would be read from files, folders and exports of other systems?

Nothing is stored. --out keeps the documents as JSON lines, which TANDEM_LIBRARY and
`tandem similar --corpus` read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from knowledge.ingest import read_paths
from knowledge.records import Document

_TITLE = 60


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "library", help="show what would be read from post-mortems, runbooks and exports"
    )
    parser.add_argument("paths", nargs="+", type=Path, help="files, folders or archives")
    parser.add_argument("--out", type=Path, help="keep the documents here, as JSON lines")
    parser.add_argument("--json", action="store_true", help="print them as JSON lines")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when nothing could be read, 2 when --out cannot be written."""
    reading = read_paths(args.paths)
    for problem in reading.problems:
        print(f"left out: {problem}", file=sys.stderr)
    lines = [json.dumps(asdict(d), ensure_ascii=False) for d in reading.documents]
    if args.out:
        try:
            args.out.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        except OSError as error:
            print(f"--out: cannot write {args.out} ({error.strerror})", file=sys.stderr)
            return 2
    print("\n".join(lines if args.json else _shown(reading.documents)))
    return 0 if reading.documents else 1


def _shown(documents: Sequence[Document]) -> list[str]:
    rows = [
        f"{d.kind.value:8s}  {d.date or '–':10s}  {d.severity or '–':4s}  "
        f"{d.service or '–':20.20s}  {_has(d):13s}  {d.id}: {d.title:.{_TITLE}}"
        for d in documents
    ]
    return [*rows, f"{len(documents)} documents"]


def _has(document: Document) -> str:
    told = (("cause", document.root_cause), ("fix", document.resolution))
    return " and ".join(name for name, text in told if text) or "–"

"""`tandem audit`: prove that the audit record was not rewritten, and hand it to an auditor."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bot.anchor import anchors_in
from bot.audit_export import (
    Export,
    from_jsonl,
    moves_to_csv,
    moves_to_jsonl,
    say_checked,
    to_csv,
    to_html,
    to_jsonl,
)
from bot.clock import utc_now
from bot.parts import make_archive
from bot.settings import read_settings
from bot.verbs import Parsers
from knowledge.adapters.s3_archive import S3Archive
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.audit_chain import verify
from knowledge.errors import UserError
from knowledge.promotion.story import Calls, names_of, stories
from knowledge.records import Approval, AuditEntry, Move

AT_ONCE = 1_000
MOST_REQUESTS = 10_000
MOST_MOVES = 10_000


@dataclass(frozen=True)
class Record:
    """All that is on record: entries oldest first, requests and moves newest first."""

    entries: list[AuditEntry]
    requests: list[Approval]
    moves: list[Move]


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "audit",
        help="prove that the audit record was not rewritten; export it",
        description="Each entry of the audit record holds the hash of the one before it. `verify` "
        "goes through all of them and names the first that does not hold. `export` writes the "
        "record, and with --model only what concerns one model, for an auditor: who put a version "
        "into production, on what evidence, and who agreed.",
    )
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    check = acts.add_parser("verify", help="go through the chain; 0 it holds, 1 it is broken")
    _source(check)
    check.add_argument(
        "--anchor", action="append", default=[], metavar="HASH", help="a head that was posted"
    )
    check.add_argument(
        "--anchors",
        action="append",
        default=[],
        metavar="PLACE",
        help="heads kept in a file or below s3://bucket/prefix; `archive` is TANDEM_AUDIT_ARCHIVE",
    )
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=run_verify)
    export = acts.add_parser("export", help="write the record as JSONL, CSV or HTML")
    _source(export)
    export.add_argument("--format", choices=("jsonl", "csv", "html"), default="jsonl")
    export.add_argument("--model", default="", help="only what concerns this model")
    export.add_argument(
        "--moves", action="store_true", help="JSONL and CSV: a line for each move, not each entry"
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    export.set_defaults(run=run_export)


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="default: DATABASE_URL")
    parser.add_argument("--file", type=Path, metavar="JSONL", help="an export, instead")


def run_verify(args: argparse.Namespace) -> int:
    """1 when the chain is broken."""
    anchors = [*args.anchor, *(head for place in args.anchors for head in _kept(place))]
    checked = verify(_read(args).entries, anchors)
    print(json.dumps({**asdict(checked), "holds": checked.holds}) if args.json
          else say_checked(checked))  # fmt: skip
    if args.anchors and checked.holds and not args.json:
        print(f"Heads that were kept elsewhere: {len(set(anchors))}, all of them in the chain.")
    return 0 if checked.holds else 1


def _kept(place: str) -> tuple[str, ...]:
    """The heads in a file or in an archive. Raises UserError where there are none: a check
    against nothing would look like one that was passed."""
    if place == "archive" or place.startswith("s3://"):
        texts = [locked.content.decode("utf-8", "replace") for locked in _archive(place).kept()]
    else:
        try:
            texts = [Path(place).read_text("utf-8")]
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"--anchors: {place} cannot be read: {error}.") from None
    heads = anchors_in(texts)
    if not heads:
        raise UserError(f"--anchors: {place} holds no head (64 hexadecimal digits).")
    return heads


def _archive(place: str) -> S3Archive:
    settings = read_settings()
    if place != "archive":
        settings = settings.model_copy(update={"tandem_audit_archive": place})
    archive = make_archive(settings)
    if archive is None:
        raise UserError("--anchors archive: TANDEM_AUDIT_ARCHIVE names none.")
    return archive


def run_export(args: argparse.Namespace) -> int:
    record = _read(args)
    checked = verify(record.entries)
    if args.model:
        record = _of_model(record, args.model)
    export = Export(
        record.entries,
        stories(record.requests, record.moves, record.entries),
        checked,
        utc_now(),
        args.model,
        names_of(record.requests),
    )
    _write(_text(export, args.format, args.moves), args.out)
    print(say_checked(checked), file=sys.stderr)
    return 0 if checked.holds else 1


def _of_model(record: Record, model: str) -> Record:
    """What concerns one model. Raises UserError where nothing does."""
    requests = [r for r in record.requests if r.model == model]
    moves = [m for m in record.moves if m.model == model]
    calls = Calls(record.entries)
    about = {e.hash for r in requests for e in calls.about(r) if e.hash}
    entries = [e for e in record.entries if e.args.get("model") == model or e.hash in about]
    if not entries and not requests and not moves:
        raise UserError(f"--model: nothing on record concerns {model!r}.")
    return replace(record, entries=entries, requests=requests, moves=moves)


def _text(export: Export, form: str, moves: bool) -> str:
    if form == "html":
        return to_html(export)
    if moves:
        return moves_to_csv(export) if form == "csv" else moves_to_jsonl(export)
    return to_csv(export.entries) if form == "csv" else to_jsonl(export.entries)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"--out: {out} cannot be written: {error.strerror}.") from None


def _read(args: argparse.Namespace) -> Record:
    if args.file is not None:
        try:
            text = args.file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"--file: {args.file} cannot be read: {error}.") from None
        return Record(from_jsonl(text, str(args.file)), [], [])
    store = open_store(args.database or read_settings().database_url)
    try:
        return Record(
            list(_all(store)),
            store.approvals.find(limit=MOST_REQUESTS),
            store.moves.find(limit=MOST_MOVES),
        )
    finally:
        store.close()


def _all(store: SqlStore) -> Iterator[AuditEntry]:
    after = 0
    while entries := store.audit.chain(after, AT_ONCE):
        yield from entries
        if not entries[-1].number:
            return
        after = entries[-1].number

"""`tandem audit`: prove that the audit record was not rewritten, and hand it to an auditor."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bot.audit_export import from_jsonl, say_checked, to_csv, to_html, to_jsonl
from bot.parts import utc_now
from bot.settings import read_settings
from bot.verbs import Parsers
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.audit_chain import verify
from knowledge.errors import UserError
from knowledge.records import Approval, AuditEntry

AT_ONCE = 1_000
MOST_REQUESTS = 10_000


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "audit",
        help="prove that the audit record was not rewritten; export it",
        description="Each entry of the audit record holds the hash of the one before it. `verify` "
        "goes through all of them and names the first that does not hold. `export` writes the "
        "record, and with --model only what concerns one model, for an auditor.",
    )
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    check = acts.add_parser("verify", help="go through the chain; 0 it holds, 1 it is broken")
    _source(check)
    check.add_argument(
        "--anchor", action="append", default=[], metavar="HASH", help="a head that was posted"
    )
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=run_verify)
    export = acts.add_parser("export", help="write the record as JSONL, CSV or HTML")
    _source(export)
    export.add_argument("--format", choices=("jsonl", "csv", "html"), default="jsonl")
    export.add_argument("--model", default="", help="only what concerns this model")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    export.set_defaults(run=run_export)


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="default: DATABASE_URL")
    parser.add_argument("--file", type=Path, metavar="JSONL", help="an export, instead")


def run_verify(args: argparse.Namespace) -> int:
    """1 when the chain is broken."""
    entries, _ = _read(args)
    checked = verify(entries, args.anchor)
    print(json.dumps({**asdict(checked), "holds": checked.holds}) if args.json
          else say_checked(checked))  # fmt: skip
    return 0 if checked.holds else 1


def run_export(args: argparse.Namespace) -> int:
    entries, requests = _read(args)
    checked = verify(entries)
    if args.model:
        requests = [r for r in requests if r.model == args.model]
        ids = {r.id for r in requests}
        entries = [e for e in entries if _concerns(e, args.model, ids)]
        if not entries and not requests:
            raise UserError(f"--model: nothing on record concerns {args.model!r}.")
    if args.format == "html":
        text = to_html(entries, requests, checked, utc_now(), args.model)
    else:
        text = to_csv(entries) if args.format == "csv" else to_jsonl(entries)
    if args.out is None:
        sys.stdout.write(text)
    else:
        try:
            args.out.write_text(text, "utf-8")
        except OSError as error:
            raise UserError(f"--out: {args.out} cannot be written: {error.strerror}.") from None
    print(say_checked(checked), file=sys.stderr)
    return 0 if checked.holds else 1


def _read(args: argparse.Namespace) -> tuple[list[AuditEntry], list[Approval]]:
    """All entries, oldest first, and the requests they may be about."""
    if args.file is not None:
        try:
            text = args.file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"--file: {args.file} cannot be read: {error}.") from None
        return from_jsonl(text, str(args.file)), []
    store = open_store(args.database or read_settings().database_url)
    try:
        return list(_all(store)), store.approvals.find(limit=MOST_REQUESTS)[::-1]
    finally:
        store.close()


def _all(store: SqlStore) -> Iterator[AuditEntry]:
    after = 0
    while entries := store.audit.chain(after, AT_ONCE):
        yield from entries
        if not entries[-1].number:
            return
        after = entries[-1].number


def _concerns(entry: AuditEntry, model: str, requests: set[str]) -> bool:
    return entry.args.get("model") == model or entry.args.get("approval") in requests

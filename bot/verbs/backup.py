"""`tandem backup`: all that Tandem keeps in one file, while it runs."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bot.settings import read_settings
from bot.verbs import Parsers
from knowledge.adapters.sql.backup import Copied, back_up


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "backup",
        help="write all that Tandem keeps into one file, while it runs",
        description="One SQLite file, of SQLite and of PostgreSQL alike, as of one moment. It is "
        "read back and checked before it gets its name. Of a very large PostgreSQL, pg_dump is "
        "the faster way.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_common(parser)
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.set_defaults(run=run)


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="default: DATABASE_URL")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    database = args.database or read_settings().database_url
    copied = back_up(database, args.file, force=args.force, progress=progress())
    if args.json:
        print(as_json(copied))
    else:
        print(f"{args.file}: {copied.size / 1e6:,.1f} MB, {say(copied)}")
        print(f"Keep it where this machine is not, and try it: tandem restore {args.file} "
              "--database sqlite:///trial.db")  # fmt: skip
    return 0


def say(copied: Copied) -> str:
    """ "1,204 rows of 14 tables; the audit record holds (31 entries, head 0f3a9c12bd45)"."""
    rows = sum(copied.rows.values())
    record = f"the audit record holds ({copied.audit.entries:,} entries"
    head = f", head {copied.audit.head[:12]})" if copied.audit.entries else ")"
    return f"{rows:,} rows of {len(copied.rows)} tables; {record}{head}"


def as_json(copied: Copied) -> str:
    """Everything, for programs."""
    plain = asdict(copied) | {"former": str(copied.former) if copied.former else None}
    plain["audit"]["holds"] = copied.audit.holds
    return json.dumps(plain)


def progress() -> Callable[[str, int], None]:
    """One line that is written over, where somebody looks."""

    def show(name: str, rows: int) -> None:
        print(f"\r{name}: {rows:,}\033[K", end="", file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda name, rows: None

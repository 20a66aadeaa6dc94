"""`tandem restore`: a backup in the place of what the database holds."""

import argparse
from pathlib import Path

from bot.settings import read_settings
from bot.verbs import Parsers
from bot.verbs.backup import add_common, as_json, progress, say
from knowledge.adapters.sql.backup import restore


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "restore",
        help="put a backup in the place of what the database holds",
        description="All of it or none. Stop every replica of Tandem first. A database that holds "
        "something already is left alone without --force; of a SQLite file the former one is kept "
        "beside it.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_common(parser)
    parser.add_argument("--force", action="store_true", help="replace what the database holds")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    database = args.database or read_settings().database_url
    copied = restore(args.file, database, force=args.force, progress=progress())
    if args.json:
        print(as_json(copied))
        return 0
    print(f"Restored {say(copied)}.")
    if copied.former:
        print(f"What was there before is {copied.former}; remove it when nothing is missed.")
    print("Start Tandem. Cards in Slack that are newer than the backup stay as they are.")
    return 0

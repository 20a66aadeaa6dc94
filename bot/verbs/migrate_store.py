"""`tandem migrate-store`: everything from one database into another that is empty."""

import argparse

from bot.settings import read_settings
from bot.verbs import Parsers
from bot.verbs.backup import as_json, progress, say
from knowledge.adapters.sql.backup import move


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "migrate-store",
        help="copy everything from SQLite into an empty PostgreSQL",
        description="In one transaction of the target: all of it arrives or nothing does. Stop "
        "Tandem first; the source is left as it is.",
    )
    parser.add_argument("--from", dest="source", metavar="URL", help="default: DATABASE_URL")
    parser.add_argument("--to", dest="target", metavar="URL", required=True)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    source = args.source or read_settings().database_url
    copied = move(source, args.target, progress=progress())
    if args.json:
        print(as_json(copied))
        return 0
    print(f"Copied {say(copied)}.")
    print("Next: set DATABASE_URL to the new database, start Tandem, and look with tandem doctor.")
    print("Keep the old database until you are sure, and do not start Tandem on it again.")
    return 0

"""`tandem manifest`: print the Slack app manifest."""

import argparse
import json

from bot.slack.manifest import manifest
from bot.verbs import Parsers
from skills.registry import BUILTIN


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("manifest", help="print the Slack app manifest to paste at Slack")
    parser.add_argument("--url", default="", help="for HTTP events: the bot's public https address")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    print(json.dumps(manifest(BUILTIN, args.url), indent=2))
    return 0

"""`tandem usage`: what the language model cost, from the store, without Slack."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bot.clock import utc_now
from bot.parts import make_ledger
from bot.settings import read_settings
from bot.text_view import draw
from bot.verbs import Parsers
from knowledge.adapters.sql import open_store
from knowledge.durations import parse_duration
from knowledge.errors import TandemError, Unavailable
from skills.usage import Report, gather, show


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("usage", help="tokens and cost of the language model, and limits")
    parser.add_argument("--window", default="7d", metavar="SPAN", help="how far back, such as 30d")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 when it was called wrongly and 1 when the store cannot be read."""
    try:
        report = read(parse_duration(args.window))
    except (TandemError, ValueError) as error:
        print(f"tandem usage: {error}", file=sys.stderr)
        return 1 if isinstance(error, Unavailable) else 2
    print(as_json(report) if args.json else draw(show(report)))
    return 0


def read(window: timedelta) -> Report:
    """From the store of DATABASE_URL, with the prices and limits that are set. Raises UserError and
    Unavailable."""
    settings = read_settings()
    store = open_store(settings.database_url)
    try:
        now = utc_now()
        return gather(
            store.uses,
            now - window,
            now,
            make_ledger(settings, store.uses, utc_now, store.reservations),
        )
    finally:
        store.close()


def as_json(report: Report) -> str:
    """Everything, for programs."""
    plain: dict[str, Any] = {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "currency": report.prices.currency,
        "all": asdict(report.all),
        "day": [asdict(total) for total in report.days],
        **{by: [asdict(t) for t in totals] for by, totals in report.totals.items()},
        "limits": [{**asdict(a), "share": a.share} for a in report.allowances],
    }
    return json.dumps(plain, ensure_ascii=False)

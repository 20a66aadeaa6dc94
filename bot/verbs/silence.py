"""`tandem silence preview`: what a silence would have hidden of recorded alerts. Nothing is set."""

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.replay import History, histories, replay
from bot.text_view import draw
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import NotFound, UserError
from knowledge.records import Incident, Matcher
from knowledge.silences import Effect, Preview, parse_matchers, preview, say_matchers
from skills import silence_cards

MOST = 1_000_000
"""Alerts of a history that are looked at, the newest."""


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "silence",
        help="what a silence would have hidden of recorded alerts",
        description="Recorded alerts (.jsonl, .jsonl.gz or a folder of them, as `tandem replay` "
        "reads them) go through the correlation; then the matchers are tried on the last days. "
        "Matchers are written as for Alertmanager: service=checkout alertname=~'Disk.*'.",
    )
    parser.add_argument("action", choices=["preview"], help="preview: count, set nothing")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recorded alerts")
    parser.add_argument(
        "--match", nargs="+", required=True, metavar="LABEL=VALUE", help="all of them must hold"
    )
    parser.add_argument("--days", type=_days, default=7, metavar="N", help="only the last N days")
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="FILE",
        help="services and their teams, .toml or .json; default: topology.json beside the alerts",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object by history")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when alerts would have been hidden, 1 when none would, 2 when it was called wrongly."""
    try:
        matchers = parse_matchers(" ".join(args.match))
        named = Catalogue.read(args.catalogue) if args.catalogue else None
        span = timedelta(days=args.days)
        found = {h.name: of_history(h, matchers, span, named) for h in histories(args.files)}
    except UserError as error:
        print(f"tandem silence: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({name: as_json(matchers, each) for name, each in found.items()}, indent=2))
    else:
        said = f"Last {args.days} days"
        texts = (draw(silence_cards.report(matchers, each, said)) for each in found.values())
        print("\n\n".join(f"{name}\n{text}" for name, text in zip(found, texts, strict=True)))
    return 0 if any(each.hidden for each in found.values()) else 1


def of_history(
    history: History,
    matchers: tuple[Matcher, ...],
    span: timedelta,
    named: Catalogue | None = None,
) -> Preview:
    """What these would have hidden of the last `span` of it. Raises UserError."""
    catalogue = named or (Catalogue.read(history.topology) if history.topology else Catalogue())
    store = MemoryStore()
    result = replay(history, catalogue, store)
    if result.ended is None:
        raise UserError(f"{history.name}: no line could be read")
    records = store.alerts.find(since=result.ended - span, limit=MOST)

    def incident(incident_id: str) -> Incident | None:
        try:
            return store.incidents.get(incident_id)
        except NotFound:
            return None

    return preview(records, matchers, incident, catalogue.team)


def as_json(matchers: tuple[Matcher, ...], found: Preview) -> dict[str, Any]:
    """For programs."""
    return {
        "match": say_matchers(matchers),
        "alerts": found.seen,
        "hidden": found.hidden,
        "deliveries": found.deliveries,
        "warning": found.warning,
        "by_rule": dict(found.by_rule),
        "by_service": dict(found.by_service),
        "incidents_hidden": [_effect(e) for e in found.prevented],
        "incidents_smaller": [_effect(e) for e in found.shrunk],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "incident": effect.incident,
        "severity": effect.severity,
        "title": effect.title,
        "hidden": effect.hidden,
        "alerts": effect.alerts,
    }


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 366:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 366")
    return int(text)

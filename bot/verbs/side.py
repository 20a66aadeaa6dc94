"""`tandem side`: is the model at fault, or the infrastructure? From a file of signals."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.verbs import Parsers
from knowledge.adapters.side_files import read_side
from knowledge.errors import TandemError, UserError
from knowledge.model_or_infra import Verdict, Weighed, assess
from knowledge.model_or_infra.words import headline, say_share, say_weighed, story

SHOWN = 5


def register(parsers: Parsers) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "side",
        help="model or infrastructure: which side is at fault, from a file of signals",
        description="A JSON file holds signals, when trouble began and what happened; a CSV or "
        "Parquet file has a column `timestamp` and one for each signal, named after what it "
        "measures (latency p99, errors, cpu, gpu, queue, requests, missing, input drift, "
        "prediction drift, realised auc, orders ...). See docs/how-to/model-or-infrastructure.md.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="*.json, *.csv or *.parquet")
    parser.add_argument(
        "--events", type=Path, help='what happened, as JSON: [{"what", "at", "says"}]'
    )
    parser.add_argument(
        "--began", default="", help="since when it is wrong, e.g. 2026-03-01T08:00:00Z"
    )
    parser.add_argument("--now", default="", help="as of when; the last value, if not given")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        began, now = _time(args.began, "--began"), _time(args.now, "--now")
        read = read_side(args.file, args.events, began, now)
        for name in read.left_out:
            print(f"left out: {name}: its name does not say what it measures", file=sys.stderr)
        verdict = assess(read.case)
    except TandemError as error:
        print(f"tandem side: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    print(
        json.dumps(as_json(verdict), indent=2, ensure_ascii=False) if args.json else said(verdict)
    )
    return 0


def said(verdict: Verdict) -> str:
    """For the terminal."""
    shares = ", ".join(
        f"{side.value} {say_share(p)}"
        for side, p in sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    )
    lines = [f"{verdict.about}: {headline(verdict)}", story(verdict), f"({shares})"]
    for heading, found in (("Why", verdict.reasons()), ("Against it", verdict.doubts())):
        if found:
            lines += ["", f"{heading}:"]
            lines += [f"  {say_weighed(w, verdict.at)}" for w in found[:SHOWN]]
    return "\n".join(lines)


def as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "about": verdict.about,
        "side": verdict.side.value,
        "probabilities": {s.value: round(p, 4) for s, p in verdict.probabilities.items()},
        "explanations": [
            {"causes": [c.name for c in e.causes], "probability": round(e.probability, 4)}
            for e in verdict.explanations[:SHOWN]
        ],
        "reasons": [_piece(w, verdict) for w in verdict.reasons()],
        "doubts": [_piece(w, verdict) for w in verdict.doubts()],
        "blamed": [h.says for h in verdict.blamed],
    }


def _piece(weighed: Weighed, verdict: Verdict) -> dict[str, Any]:
    reading = weighed.reading
    numbers = {} if reading is None else {"now": reading.now, "usual": reading.usual}
    since = reading.since.isoformat() if reading is not None and reading.since else None
    return {
        "says": say_weighed(weighed, verdict.at),
        "weight": round(weighed.weight, 3),
        **({"signal": reading.name, **numbers, "since": since} if reading is not None else {}),
    }


def _time(text: str, option: str) -> datetime | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{option}: {text!r} is no time; write it as 2026-03-01T08:00:00Z"
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)

"""`tandem replay`: last month's alerts through the code of the bot; nothing is connected."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.replay import History, Result, histories, replay
from bot.replay.figures import as_json, wait_s
from bot.replay.prediction import prediction
from bot.replay.report import report
from bot.settings import read_settings
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import UserError

REPORT = "report.html"
_MOST_TOLD = 5


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "replay",
        help="run recorded alerts through the bot: which cards, and when",
        description="Run history through the code of the bot at full speed, with the times of "
        'arrival as its clock. One JSON object a line: {"received_at": ..., "payload": ..., '
        '"source": ...}; the payload is a webhook\'s body, the source is Alertmanager unless it '
        "is named. Files may be gzipped. Writes DIR/<history>.json and DIR/report.html.",
    )
    parser.add_argument(
        "storms",
        nargs="+",
        type=Path,
        metavar="STORM",
        help="a file, a folder of files, or a folder of such folders",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="written here")
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="FILE",
        help="services and who calls whom, .toml or .json; default: TANDEM_CATALOGUE, else the "
        "topology.json beside each history",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when something was replayed, 1 when no line could be read, 2 when it was called wrongly."""
    try:
        found = histories(args.storms)
        settings = read_settings()
        file = args.catalogue or settings.tandem_catalogue
        named = Catalogue.read(file) if file else None
        quiet = timedelta(seconds=settings.tandem_quiet)
        results = []
        for history in found:
            results.append(_replay(history, named, args.out, quiet))
            if not args.json:
                print("\n".join(lines(results[-1])), flush=True)
        _write(args.out / REPORT, report(results))
    except UserError as error:
        print(f"tandem replay: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(as_json(results), ensure_ascii=False))
    else:
        print(f"Report: {args.out / REPORT}")
    return 0 if any(result.webhooks for result in results) else 1


def _replay(history: History, named: Catalogue | None, out: Path, quiet: timedelta) -> Result:
    catalogue = named or (Catalogue.read(history.topology) if history.topology else Catalogue())
    result = replay(history, catalogue, MemoryStore(), quiet)
    _write(out / f"{history.name}.json", json.dumps(prediction(result)))
    return result


def lines(result: Result) -> Sequence[str]:
    """For the terminal: the figures that matter, and what was left out."""
    cut = result.noise_cut
    wait = wait_s(result.cards)
    told = [
        f"{result.name}: {len(result.alerts):,} alerts ({result.objects:,} with repeats) -> "
        f"{result.cards_shown:,} {'card' if result.cards_shown == 1 else 'cards'}"
        + (f", {cut:.1%} less" if cut is not None else "")
        + (f", a card {wait:.0f} s after its first alert (median)" if wait is not None else "")
    ]
    told += [
        f"  left out: {mistake.file} line {mistake.line}, {mistake.field}: {mistake.problem}"
        for mistake in result.malformed[:_MOST_TOLD]
    ]
    if result.mistakes > _MOST_TOLD:
        told.append(f"  and {result.mistakes - _MOST_TOLD:,} more, in the report")
    return told


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: {path} cannot be written ({error.strerror}).") from error

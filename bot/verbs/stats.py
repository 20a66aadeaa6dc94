"""`tandem stats`: figures from files, without Slack: alerts that were recorded, past incidents."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.replay import History, histories, replay
from bot.text_view import draw
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import UserError
from knowledge.incident_files import read_incident
from knowledge.records import Incident
from knowledge.statistics import Facts, Report, gather, make_report
from skills import stat_cards
from skills.contract import Reply

_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Told:
    """One report, and how it is best shown to people."""

    name: str
    report: Report
    show: Callable[[Report], Reply]


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "stats",
        help="figures of recorded alerts and of past incidents, from files",
        description="Recorded alerts (.jsonl, .jsonl.gz or a folder of them, as `tandem replay` "
        "reads them) go through the correlation: how many alerts become how few cards, which "
        "rules lead to no incident, which series are chronic or flap. Incident files (.json, as "
        "`tandem summarise` reads them) give the times to detect, acknowledge and resolve.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="alerts or incidents")
    parser.add_argument(
        "--days", type=_days, default=30, metavar="N", help="the last N days that the files tell of"
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="FILE",
        help="services and their teams, .toml or .json; default: topology.json beside the alerts",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when there was something to count, 1 when there was not, 2 when it was called wrongly."""
    try:
        told = list(_reports(args.files, timedelta(days=args.days), args.catalogue))
    except UserError as error:
        print(f"tandem stats: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({each.name: as_json(each.report) for each in told}, ensure_ascii=False))
    else:
        print("\n\n".join(f"{each.name}\n{_text(each)}" for each in told))
    return 0 if any(not each.report.nothing for each in told) else 1


def _reports(files: Sequence[Path], span: timedelta, named: Path | None) -> Iterator[Told]:
    """One for all incident files together, one for each history of alerts."""
    incident_files = [file for file in files if file.suffix == ".json"]
    others = [file for file in files if file.suffix != ".json"]
    catalogue = Catalogue.read(named) if named else None
    if incident_files:
        report = of_incidents([_incident(file) for file in incident_files], span, catalogue)
        yield Told(f"{len(incident_files)} incident files", report, stat_cards.times)
    for history in histories(others) if others else ():
        report = of_history(history, span, catalogue)
        yield Told(history.name, report, _alerts_only)


def of_history(history: History, span: timedelta, named: Catalogue | None = None) -> Report:
    """The last `span` of recorded alerts, after they went through the correlation."""
    catalogue = named or (Catalogue.read(history.topology) if history.topology else Catalogue())
    store = MemoryStore()
    result = replay(history, catalogue, store)
    if result.began is None or result.ended is None:
        raise UserError(f"{history.name}: no line could be read")
    end = result.ended + _A_MOMENT
    start = max(result.began, end - span)
    facts = gather(store.incidents, store.alerts, store.silences, start, end)
    return make_report(facts, team_of=catalogue.team, people=False)


def of_incidents(
    incidents: Sequence[Incident], span: timedelta, catalogue: Catalogue | None = None
) -> Report:
    """The last `span` that the incidents tell of."""
    end = max(max(i.updated_at, i.resolved_at or i.opened_at) for i in incidents) + _A_MOMENT
    facts = Facts(end - span, end, incidents)
    return make_report(facts, team_of=catalogue.team if catalogue else lambda service: "")


def as_json(report: Report) -> dict[str, Any]:
    """Everything, for programs: lengths of time in seconds, moments in ISO 8601."""
    plain: dict[str, Any] = _plain(report)
    share = report.reduction.share
    plain["reduction"]["share"] = share
    return plain


def _plain(value: Any) -> Any:
    match value:
        case timedelta():
            return value.total_seconds()
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _alerts_only(report: Report) -> Reply:
    """Nobody acknowledges anything in a replay: of the times only the detection means something."""
    reply = stat_cards.overview(report)
    kept = {
        name: text for name, text in reply.fields.items() if name in ("Time to detect", "Noise")
    }
    sections = tuple(s for s in reply.sections if s.heading != stat_cards.WORTH_DELETING)
    advice = stat_cards.advice_in_brief(report.advice, most=len(report.advice))
    return Reply(
        title=reply.title,
        text=reply.text,
        fields=kept,
        sections=(*sections, *((advice,) if advice.lines else ())),
        footer=reply.footer,
    )


def _text(told: Told) -> str:
    reply = told.show(told.report)
    # Buttons lead nowhere in a file.
    shown = partial(Reply, title=reply.title, text=reply.text, fields=reply.fields)
    return draw(shown(table=reply.table, sections=reply.sections, footer=reply.footer))


def _incident(file: Path) -> Incident:
    try:
        return read_incident(file.read_text(encoding="utf-8"), file.name)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8 text") from None


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3660:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days; write for example 30")
    return int(text)

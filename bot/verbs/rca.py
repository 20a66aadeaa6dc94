"""`tandem rca`: rank what may have caused a failure, from files of its telemetry or its alerts."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from bot.incident_cause import IncidentCase, incident_case, is_incident
from bot.verbs import Parsers
from knowledge.adapters.cause_files import TelemetryCase, read_case, read_json, read_text
from knowledge.catalogue import Catalogue
from knowledge.causes import Clue, Ranking
from knowledge.causes.alerts import read_alert_cases
from knowledge.errors import TandemError, UserError

ALERT_CASES = (".jsonl", ".jsonl.gz")
TELEMETRY_CASES = (".json", ".json.gz")
GRAPHS = ("graph.json", "graph.json.gz")
NO_CASES = frozenset({"index.json", "labels.json", *GRAPHS})
SHOWN = 5
SUREST = 0.99
"""No more belief is told: the evidence may mislead in ways that it does not show."""


class Searchable(Protocol):
    """One failure, whatever is known of it."""

    @property
    def id(self) -> str: ...

    def rank(self) -> Ranking: ...


def register(parsers: Parsers) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("rca", help="rank what may have caused a failure, from files")
    parser.add_argument(
        "cases",
        nargs="+",
        type=Path,
        metavar="CASE",
        help="a file of one case's telemetry or of one incident (JSON), of alert-only cases "
        "(JSON lines), or a folder",
    )
    parser.add_argument(
        "--catalogue", type=Path, help="services and their calls (TOML, JSON), for incidents"
    )
    parser.add_argument("--out", type=Path, help="write all rankings as JSON: case -> suspects")
    parser.add_argument("--json", action="store_true", help="print the rankings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when all cases were ranked, 1 when some could not be read, 2 when called wrongly."""
    try:
        cases, problems = read_cases(args.cases, args.catalogue)
        rankings = {case.id: case.rank() for case in cases}
        if args.out:
            write_rankings(rankings, args.out)
        if args.json:
            print(json.dumps(as_json(rankings, clues=True), indent=2, ensure_ascii=False))
        elif not args.out:
            print("\n\n".join(_told(case, rankings[case.id]) for case in cases))
    except TandemError as error:
        print(f"tandem rca: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    return 1 if problems else 0


def read_cases(
    paths: Iterable[Path], catalogue: Path | None = None
) -> tuple[list[Searchable], list[str]]:
    """Cases of all kinds, by the kind of file, and why files were left out. Raises UserError when
    nothing could be read."""
    known = Catalogue.read(catalogue) if catalogue else None
    found: list[Searchable] = []
    problems: list[str] = []
    for file in [file for path in paths for file in _files(path)]:
        try:
            found += _alert_cases(file) if _of_alerts(file) else [_case(file, known)]
        except UserError as error:
            problems.append(str(error))
    if not found:
        raise UserError(problems[0] if problems else "CASE: there is no case in what was given")
    return found, problems


def write_rankings(rankings: dict[str, Ranking], out: Path) -> None:
    try:
        out.write_text(json.dumps(as_json(rankings), ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: cannot write {out} ({error.strerror})") from error


def as_json(rankings: dict[str, Ranking], clues: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Case -> suspects, best first."""
    return {
        name: [
            {
                "service": suspect.component,
                "score": round(suspect.score, 6),
                "probability": round(suspect.probability, 4),
            }
            | ({"clues": _clues(suspect.clues)} if clues else {})
            for suspect in ranking.suspects
        ]
        for name, ranking in rankings.items()
    }


def _files(path: Path) -> list[Path]:
    """The file, or those of a folder: of a data set, those of its `cases`."""
    if not path.is_dir():
        return [path]
    folder = path / "cases" if (path / "cases").is_dir() else path
    endings = (*ALERT_CASES, *TELEMETRY_CASES)
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(endings))
    return [folder / name for name in names if name not in NO_CASES]


def _case(file: Path, catalogue: Catalogue | None) -> Searchable:
    """An incident, or telemetry around a failure, by what the document holds."""
    if is_incident(read_json(file)):
        return incident_case(read_text(file), file.name, catalogue)
    return TelemetryCase(read_case(file))


def _of_alerts(file: Path) -> bool:
    return file.name.endswith(ALERT_CASES)


def _alert_cases(file: Path) -> Sequence[Searchable]:
    """Alerts are read with the graph beside them."""
    graph = next((g for name in GRAPHS if (g := file.parent / name).is_file()), None)
    if graph is None:
        raise UserError(f"{file}: {GRAPHS[0]} is missing beside it: what depends on what")
    return read_alert_cases(read_text(file), read_text(graph), str(file))


def _clues(clues: Iterable[Clue]) -> list[dict[str, Any]]:
    return [
        {"kind": clue.kind.value, "text": clue.text, "weight": round(clue.weight, 3)}
        for clue in clues
    ]


def _told(case: Searchable, ranking: Ranking) -> str:
    return case.as_text() if isinstance(case, IncidentCase) else _as_text(case.id, ranking)


def _as_text(name: str, ranking: Ranking) -> str:
    lines = [f"{name}: {ranking.at:%Y-%m-%d %H:%M:%S %Z}, {'; '.join(ranking.looked_at)}"]
    for place, suspect in enumerate(ranking.suspects[:SHOWN], start=1):
        lines.append(f"{place}. {suspect.component}  {min(suspect.probability, SUREST):.0%}")
        lines += [f"   {'+' if clue.weight > 0 else '-'} {clue.text}" for clue in suspect.clues]
    lines += [f"missing: {text}" for text in ranking.missing]
    return "\n".join(lines)

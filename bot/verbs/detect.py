"""`tandem detect`: what the bot's detectors find in series from files."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.series_files import SUFFIXES, SeriesFile, read_series
from knowledge.detection import ALARM, Detector, Family, Looks, Side
from knowledge.errors import UserError

_DATA = "data"
"""A folder of this name at the top is not repeated in the output."""


@dataclass(frozen=True)
class Found:
    """One episode, in the words of its file."""

    start: str
    end: str
    """"" while it lasts."""
    sure: float
    why: str


@dataclass(frozen=True)
class Judged:
    """One file: how many rows, what it is, what was found."""

    file: str
    rows: int
    family: Family
    episodes: tuple[Found, ...]


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "detect",
        help="find what is wrong in series from files",
        description="Watch each series as the bot would, row by row, and print the episodes. "
        "Files are CSV, JSON lines or Parquet with the columns timestamp (epoch or ISO 8601) and "
        f"value. A score of {ALARM} or more is an alarm; an episode has one.",
    )
    parser.add_argument(
        "--csv", required=True, type=Path, metavar="PATH", help="a file, or a folder of them"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the rows with a column anomaly_score here"
    )
    parser.add_argument(
        "--looks",
        type=Looks,
        choices=list(Looks),
        default=Looks.ANY,
        metavar="FOR",
        help=f"what to look for: {', '.join(Looks)}; default: {Looks.ANY}",
    )
    parser.add_argument("--side", choices=get_args(Side), default="both", help="default: both")
    parser.add_argument(
        "--sure",
        type=float,
        default=ALARM,
        metavar="BAR",
        help=f"how sure an alarm must be, 0-1; default: {ALARM}",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when all files could be judged, 1 when some could not, 2 when nothing could."""
    try:
        files = _files(args.csv, args.out)
        if not 0 < args.sure < 1:
            raise UserError(f"--sure: {args.sure:g} is no bar; give a number above 0 and below 1.")
    except UserError as error:
        print(f"tandem detect: {error}", file=sys.stderr)
        return 2
    judged, problems = [], 0
    for path, name in files:
        try:
            judged.append(_judge(path, name, args))
        except UserError as error:
            problems += 1
            print(f"tandem detect: {error}", file=sys.stderr)
    print(json.dumps(_as_json(judged), allow_nan=False) if args.json else _table(judged))
    return 0 if not problems else 1 if judged else 2


def _files(source: Path, out: Path | None) -> list[tuple[Path, Path]]:
    """Each file and where below the output folder it goes."""
    if source.is_file():
        return [(source, Path(source.name))]
    if not source.is_dir():
        raise UserError(f"--csv: {source} is not there; give a file or a folder.")
    own = out.resolve() if out else None
    found = [
        path
        for path in sorted(source.rglob("*"))
        if path.suffix.lower() in SUFFIXES and (own is None or own not in path.resolve().parents)
    ]
    if not found:
        raise UserError(f"--csv: {source} has no file of {', '.join(SUFFIXES)}.")
    return [(path, _below(path.relative_to(source))) for path in found]


def _below(path: Path) -> Path:
    return Path(*path.parts[1:]) if path.parts[0] == _DATA and len(path.parts) > 1 else path


def _judge(path: Path, name: Path, args: argparse.Namespace) -> Judged:
    series = read_series(path)
    detector = Detector(args.looks, side=args.side, sure=args.sure)
    scores = np.zeros(len(series.times))
    episodes = tuple(_episodes(series, detector, scores))
    if args.out:
        _write(args.out / name.with_suffix(".csv"), series, scores)
    return Judged(name.as_posix(), len(scores), detector.family, episodes)


def _episodes(
    series: SeriesFile, detector: Detector, scores: NDArray[np.float64]
) -> Iterator[Found]:
    """Feed every row; fills the scores by the way."""
    start, sure, why = "", 0.0, ""
    for row, (at, value) in enumerate(zip(series.times, series.values, strict=True)):
        reading = detector.feed(at, value)
        scores[row] = reading.score
        if reading.started:
            start, sure, why = series.stamps[row], reading.score, detector.says()
        elif reading.ended:
            yield Found(start, series.stamps[row], sure, why)
            start = ""
    if start:
        yield Found(start, "", sure, why)


def _write(path: Path, series: SeriesFile, scores: NDArray[np.float64]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow((*series.columns, "anomaly_score"))
            writer.writerows(
                (*row, f"{score:.6f}") for row, score in zip(series.rows, scores, strict=True)
            )
    except OSError as error:
        raise UserError(f"--out: {path} cannot be written: {error.strerror}.") from error


def _as_json(judged: list[Judged]) -> dict[str, object]:
    return {"files": [asdict(each) for each in judged]}


def _table(judged: list[Judged]) -> str:
    lines = []
    for each in judged:
        count = len(each.episodes)
        said = "nothing wrong" if not count else f"{count} episode{'s' if count > 1 else ''}"
        lines.append(f"{each.file}: {said} in {each.rows:,} rows ({each.family})")
        lines += [
            f"  {found.start} to {found.end or 'now'}  {found.sure:.2f}  {found.why}"
            for found in each.episodes
        ]
    return "\n".join(lines)

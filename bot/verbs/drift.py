"""`tandem drift`: compare two tables, offline, with the measures and the gate of the bot."""

import argparse
import json
import sys
from pathlib import Path

from knowledge.adapters.frames import read_frame
from knowledge.drift import DriftReport, compare, profile
from knowledge.errors import TandemError, UserError
from knowledge.records import Frame
from skills.model_drift import draw_report


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = parsers.add_parser(
        "drift",
        help="compare current data with a reference",
        description="Compare current data with a reference: data quality first, then which columns "
        "moved. Sources are Parquet, CSV or JSON-lines files, folders of them, or an SQLAlchemy "
        "URL with a query.",
    )
    parser.add_argument("--reference", required=True, metavar="R", help="file, folder or URL")
    parser.add_argument("--current", required=True, metavar="C", help="file, folder or URL")
    parser.add_argument("--reference-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument("--current-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="COL", help="leave a column out; repeat"
    )
    parser.add_argument(
        "--categorical", action="append", default=[], metavar="COL", help="numbers that are codes"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--png", type=Path, metavar="OUT", help="draw the columns that moved most")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it could compare, whatever the verdict; 2 when the input is wrong."""
    try:
        reference = read_frame(args.reference, query=args.reference_query)
        current = read_frame(args.current, query=args.current_query)
        _check_columns((*args.exclude, *args.categorical), reference, current)
        known = profile(reference, exclude=args.exclude, categorical=args.categorical)
        report = compare(known, current)
        if args.png:
            _draw(args.png, report, reference, current)
    except TandemError as error:
        print(f"tandem drift: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), allow_nan=False) if args.json else _table(report))
    return 0


def _check_columns(named: tuple[str, ...], reference: Frame, current: Frame) -> None:
    known = {**reference, **current}
    for name in named:
        if name not in known:
            raise UserError(f"there is no column {name!r}; there are {', '.join(known)}.")


def _draw(out: Path, report: DriftReport, reference: Frame, current: Frame) -> None:
    png = draw_report(report, reference, current)
    if not png:
        print("tandem drift: no column can be drawn; no picture written.", file=sys.stderr)
        return
    try:
        out.write_bytes(png)
    except OSError as error:
        raise UserError(f"--png: {out} cannot be written: {error.strerror}.") from error


def _table(report: DriftReport) -> str:
    lines = [f"{report.verdict}. {report.sentence}"]
    lines += [f"  data quality: {f.column or 'all rows'}: {f.detail}" for f in report.quality]
    header = ("column", "kind", "severity", "PSI", "PSI adj", "KS", "Wasserstein", "JS", "TV", "")
    rows = [
        (
            column.name,
            column.kind,
            column.severity if column.drifted else "",
            *(
                "" if value is None else f"{value:.4g}"
                for value in (
                    column.psi,
                    column.psi_adj,
                    column.ks,
                    column.wasserstein,
                    column.js,
                    column.tvd,
                )
            ),
            column.reason,
        )
        for column in report.columns
    ]
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines.append("")
    for row in (header, *rows):
        lines.append("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
    lines.append("")
    lines.append(f"{report.current_rows:,} rows against {report.reference_rows:,} of the reference")
    return "\n".join(lines)

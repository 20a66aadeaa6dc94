"""`tandem drift`: compare two tables, offline, with the measures and the gate of the bot."""

import argparse
import json
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from knowledge.adapters.frames import FileTable, ProfileCache, open_table
from knowledge.adapters.frames.tables import Table
from knowledge.drift import DriftReport, compare
from knowledge.errors import TandemError, UserError
from knowledge.records import ColumnRoles
from skills.model_drift import draw_report


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = parsers.add_parser(
        "drift",
        help="compare current data with a reference",
        description="Compare current data with a reference: data quality first, then which columns "
        "moved. Sources are Parquet, CSV or JSON-lines files, folders of them, an SQLAlchemy URL "
        "with a query, or a URL of Ibis with a table, which is counted where it lives.",
    )
    parser.add_argument("--reference", required=True, metavar="R", help="file, folder or URL")
    parser.add_argument("--current", required=True, metavar="C", help="file, folder or URL")
    parser.add_argument("--reference-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument("--current-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument("--reference-table", default="", metavar="NAME", help="for a URL of Ibis")
    parser.add_argument("--current-table", default="", metavar="NAME", help="for a URL of Ibis")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="COL", help="leave a column out; repeat"
    )
    parser.add_argument(
        "--categorical", action="append", default=[], metavar="COL", help="numbers that are codes"
    )
    parser.add_argument(
        "--prediction", default="", metavar="COL", help="what the model answered, told apart"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where profiles of references are kept (default: the user's cache folder)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="read the reference anew and keep nothing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--png", type=Path, metavar="OUT", help="draw the columns that moved most")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it could compare, whatever the verdict; 2 when the input is wrong."""
    try:
        reference = _open(args.reference, args.reference_query, args.reference_table)
        current = _open(args.current, args.current_query, args.current_table)
        roles = ColumnRoles(tuple(args.categorical), prediction=args.prediction)
        if args.no_cache or not isinstance(reference, FileTable):
            known = reference.profile(roles, args.exclude)
        else:
            cache = ProfileCache(args.cache) if args.cache else ProfileCache.default()
            known = cache.profile(reference, roles, args.exclude)
        columns = current.columns(None, known)
        named = (*args.exclude, *args.categorical, *filter(None, [args.prediction]))
        _check_columns(named, {**dict.fromkeys(known.columns), **dict.fromkeys(columns)})
        report = compare(known, columns)
        if args.png:
            _draw(args.png, report, reference, current)
    except TandemError as error:
        print(f"tandem drift: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), allow_nan=False) if args.json else _table(report))
    return 0


def _open(source: str, query: str, lake_table: str) -> Table:
    return open_table(source, query=query, lake_table=lake_table)


def _check_columns(named: Iterable[str], known: Collection[str]) -> None:
    for name in named:
        if name not in known:
            raise UserError(f"there is no column {name!r}; there are {', '.join(known)}.")


def _draw(out: Path, report: DriftReport, reference: Table, current: Table) -> None:
    shown = {column.name for column in report.drifted or report.columns}
    png = draw_report(report, reference.read(names=shown), current.read(names=shown))
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

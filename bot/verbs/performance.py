"""`tandem performance`: how well a model answers, offline, by the bot's measures and limits."""

import argparse
import json
import sys
from pathlib import Path

from knowledge.adapters.frames import read_frame
from knowledge.drift import compare, profile_for
from knowledge.errors import BadArgs, TandemError, UserError
from knowledge.performance import (
    Measured,
    PerformanceReport,
    assess,
    check_order,
    make_yardstick,
    say_measure,
    say_value,
)
from knowledge.records import ColumnRoles, Frame
from skills.performance_pictures import draw_performance


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = parsers.add_parser(
        "performance",
        help="judge a model's answers: realised, estimated, by segment and group",
        description="Judge a model's answers in the current data by what the labelled reference "
        "says is usual: realised where labels are known, estimated where they are not. Sources are "
        "Parquet, CSV or JSON-lines files, folders of them, or an SQLAlchemy URL with a query.",
    )
    parser.add_argument("--reference", required=True, metavar="R", help="file, folder or URL")
    parser.add_argument("--current", required=True, metavar="C", help="file, folder or URL")
    parser.add_argument("--reference-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument("--current-query", default="", metavar="SQL", help="for a URL")
    parser.add_argument("--label", required=True, metavar="COL", help="the truth; may be missing")
    parser.add_argument("--probability", default="", metavar="COL", help="of the positive class")
    parser.add_argument(
        "--probabilities",
        action="append",
        default=[],
        metavar="CLASS=COL",
        help="of one of several classes; repeat",
    )
    parser.add_argument("--prediction", default="", metavar="COL", help="what the model answered")
    parser.add_argument("--positive", default="", metavar="VALUE", help="the positive label")
    parser.add_argument("--task", default="", help="binary, multiclass or regression")
    parser.add_argument("--measure", default="", help="what is judged by: auc, f1, mae, ...")
    parser.add_argument("--least", type=float, metavar="X", help="the smallest fall that matters")
    parser.add_argument("--limit", type=float, metavar="X", help="worse than this is worse")
    parser.add_argument("--slices", default="", metavar="A,B", help="columns that make segments")
    parser.add_argument("--groups", default="", metavar="G", help="columns that name groups")
    parser.add_argument(
        "--categorical", default="", metavar="A,B", help="columns of numbers that are codes"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--png", type=Path, metavar="OUT", help="draw measures and segments")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it could judge, whatever the verdict; 2 when the input is wrong."""
    try:
        roles = _roles(args)
        reference = read_frame(args.reference, query=args.reference_query)
        current = read_frame(args.current, query=args.current_query)
        warning = check_order(reference, current)
        if warning:
            print(f"tandem performance: warning: {warning}", file=sys.stderr)
        report = assess(
            make_yardstick(reference, roles, args.measure),
            current,
            moved=_moved(reference, current, roles),
            least=args.least,
            limit=args.limit,
        )
        if args.png:
            _draw(args.png, report)
    except TandemError as error:
        print(f"tandem performance: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), allow_nan=False) if args.json else _text(report))
    return 0


def _roles(args: argparse.Namespace) -> ColumnRoles:
    probabilities = dict(_pair(text) for text in args.probabilities)
    return ColumnRoles(
        categorical=_names(args.categorical),
        prediction=args.prediction,
        probability=args.probability,
        probabilities=probabilities,
        label=args.label,
        positive=args.positive,
        task=args.task,
        slices=_names(args.slices),
        groups=_names(args.groups),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not (name and equals and column):
        raise BadArgs("--probabilities", f"{text!r} is no pair", "Write it as cat=p_cat")
    return name, column


def _moved(reference: Frame, current: Frame, roles: ColumnRoles) -> list[str]:
    report = compare(profile_for(reference, roles), current)
    return [column.name for column in report.inputs if column.drifted]


def _draw(out: Path, report: PerformanceReport) -> None:
    png = draw_performance(report)
    if not png:
        print("tandem performance: nothing can be drawn; no picture written.", file=sys.stderr)
        return
    try:
        out.write_bytes(png)
    except OSError as error:
        raise UserError(f"--png: {out} cannot be written: {error.strerror}.") from error


def _text(report: PerformanceReport) -> str:
    lines = [report.sentence]
    lines += [report.reason] if report.reason else []
    lines += [f"  note: {note}" for note in report.notes]
    lines += ["", *_table(report)]
    if report.slices:
        lines += ["", "Segments that are worse than the whole"]
        lines += [f"  {slice_.sentence}" for slice_ in report.slices]
    if report.fairness.findings:
        lines += ["", "Differences between groups"]
        lines += [f"  {finding}" for finding in report.fairness.findings]
    return "\n".join(lines)


def _table(report: PerformanceReport) -> list[str]:
    header = ("measure", "reference", "realised", "95 %", "estimated")
    rows = [
        (
            say_measure(name) + (" *" if name == report.judged else ""),
            say_value(name, usual.value),
            _value(report.realised.get(name)),
            _interval(report.realised.get(name)),
            _value(report.estimated.get(name)),
        )
        for name, usual in report.usual.items()
    ]
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    made = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return [*made, "* judged by"]


def _value(measured: Measured | None) -> str:
    if measured is None:
        return ""
    return say_value(measured.name, measured.value) if measured.known else measured.why


def _interval(measured: Measured | None) -> str:
    if measured is None or not measured.known:
        return ""
    low, high = say_value(measured.name, measured.low), say_value(measured.name, measured.high)
    return f"{low} to {high}"

"""`tandem telemetry`: what would be read of one service, to try a file of TANDEM_TELEMETRY with."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.settings import read_settings
from bot.verbs import Parsers
from knowledge.adapters.configured import environment
from knowledge.adapters.telemetry import open_telemetry
from knowledge.adapters.telemetry.file import read_telemetry
from knowledge.durations import parse_duration
from knowledge.errors import TandemError, UserError
from knowledge.ports import Telemetry
from knowledge.records import LogLine, Series, Span

SHOWN = 5
"""Lines and operations that the table shows."""
WIDEST = 110


@dataclass(frozen=True)
class Seen:
    """What was read of one service."""

    sources: tuple[str, ...]
    service: str
    start: datetime
    end: datetime
    signals: Mapping[str, Series]
    lines: Sequence[LogLine]
    spans: Sequence[Span]
    failures: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)
    """Source -> its own name of the service, where that is another one."""


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser(
        "telemetry", help="show what is read of a service: metrics, logs, traces"
    )
    parser.add_argument(
        "--service", required=True, help="its name, as alerts and the catalogue write it"
    )
    parser.add_argument("--since", default="30m", help="how far back, such as 2h (30m)")
    parser.add_argument("--until", default="", help="ISO 8601 time at which that ends (now)")
    parser.add_argument("--step", default="1m", help="between two points of a signal (1m)")
    parser.add_argument("--file", type=Path, help="instead of TANDEM_TELEMETRY")
    parser.add_argument("--json", action="store_true", help="all that was read, as one object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when something was read, 1 when nothing was or a source failed, 2 when called wrongly."""
    try:
        path = args.file or read_settings().tandem_telemetry
        if path is None:
            raise UserError("--file: missing; name a file, or set TANDEM_TELEMETRY")
        end = _moment(args.until)
        start = end - _length("--since", args.since)
        step = _length("--step", args.step)
        telemetry = open_telemetry(read_telemetry(path), environment)
    except UserError as error:
        print(f"tandem telemetry: {error}", file=sys.stderr)
        return 2
    with closing(telemetry):
        seen = look(telemetry, args.service, start, end, step)
        seen = replace(seen, called=telemetry.called(args.service))
    for failure in seen.failures:
        print(f"tandem telemetry: {failure}", file=sys.stderr)
    print(json.dumps(as_dict(seen), ensure_ascii=False) if args.json else as_text(seen))
    anything = seen.signals or seen.lines or seen.spans
    return 1 if seen.failures or not anything else 0


def look(
    telemetry: Telemetry, service: str, start: datetime, end: datetime, step: timedelta
) -> Seen:
    """All three kinds; what cannot be read is among `failures`, and does not stop the others."""
    failures: list[str] = []
    signals: Mapping[str, Series] = {}
    lines: list[LogLine] = []
    spans: list[Span] = []
    telemetry = telemetry.for_search(failures.append)
    try:
        found = telemetry.signals([service], start, end, step.total_seconds())
        signals = found.get(service, {})
    except TandemError as error:
        failures.append(str(error))
    try:
        lines = telemetry.lines(service, start, end)
    except TandemError as error:
        failures.append(str(error))
    try:
        spans = telemetry.spans(service, start, end)
    except TandemError as error:
        failures.append(str(error))
    told = tuple(dict.fromkeys(failures))
    return Seen(telemetry.sources, service, start, end, signals, lines, spans, told)


def as_dict(seen: Seen) -> dict[str, Any]:
    """Times are ISO 8601 for lines and spans, epoch seconds for points."""
    return {
        "sources": list(seen.sources),
        "service": seen.service,
        "called": dict(seen.called),
        "start": seen.start.isoformat(),
        "end": seen.end.isoformat(),
        "signals": {
            name: {"times": series.times.tolist(), "values": series.values.tolist()}
            for name, series in sorted(seen.signals.items())
        },
        "lines": [{**asdict(line), "at": line.at.isoformat()} for line in seen.lines],
        "spans": [{**asdict(span), "start": span.start.isoformat()} for span in seen.spans],
    }


def as_text(seen: Seen) -> str:
    sources = ", ".join(seen.sources) or "nothing is connected"
    span = f"{seen.start:%Y-%m-%d %H:%M} to {seen.end:%H:%M} UTC"
    return "\n".join(
        [
            f"{seen.service}, {span}, from {sources}",
            *(f"  {source} calls it {name}" for source, name in seen.called.items()),
            "",
            *_signals(seen.signals),
            "",
            *_lines(seen.lines),
            "",
            *_spans(seen.spans),
        ]
    )


def _signals(signals: Mapping[str, Series]) -> Iterator[str]:
    if not signals:
        yield "Signals: none. Is it called so there? Else map its name (docs/how-to/telemetry.md)."
        return
    yield f"{'signal':<14}{'points':>8}{'lowest':>14}{'highest':>14}{'last':>14}"
    for name, series in sorted(signals.items()):
        values = (series.values.min(), series.values.max(), series.values[-1])
        figures = "".join(f"{value:>14.4g}" for value in values)
        yield f"{name:<14}{len(series.times):>8}{figures}"


def _lines(lines: Sequence[LogLine]) -> Iterator[str]:
    levels = Counter(line.level or "no level" for line in lines)
    counts = ", ".join(f"{count} {level}" for level, count in levels.most_common())
    yield f"Log lines: {len(lines)}" + (f" ({counts})" if counts else "")
    for line in lines[:SHOWN]:
        text = " ".join(line.text.split())
        yield f"  {line.at:%H:%M:%S} {line.level:<8} {text}"[:WIDEST]


def _spans(spans: Sequence[Span]) -> Iterator[str]:
    traces = len({span.trace for span in spans})
    failed = sum(span.failed for span in spans)
    yield f"Spans: {len(spans)} in {traces} traces, {failed} failed"
    calls = Counter((span.service, span.operation) for span in spans)
    for (service, operation), count in calls.most_common(SHOWN):
        yield f"  {count:>5}  {service}  {operation}"[:WIDEST]


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        remedy = "write such as 2026-03-05T12:00 (UTC)"
        raise UserError(f"--until: {text!r} is no time; {remedy}") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _length(option: str, text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
    if length <= timedelta(0):
        raise UserError(f"{option}: it must be longer than nothing")
    return length

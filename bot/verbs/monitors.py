"""`tandem monitors`: check a file of monitors, list it, and try it on the past; all offline."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bot.text_view import draw
from bot.verbs import Parsers
from bot.watching.past import joined, read_range
from knowledge.adapters.absent import AbsentMetrics
from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.series_files import SUFFIXES, read_series
from knowledge.adapters.sources import open_sources
from knowledge.durations import parse_duration, say_duration
from knowledge.errors import NotFound, TandemError, UserError
from knowledge.monitors import (
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    MonitorsFile,
    backtest,
    history,
    load_file,
)
from knowledge.records import Backtest, Episode, Series
from skills.contract import Reply, Table
from skills.monitor_cards import say_normal
from skills.monitor_pictures import TracePanel, backtest_panels, draw_backtest, draw_traces

MOST_PANELS = 6


@dataclass(frozen=True)
class Tried:
    """One monitor and what it would have found."""

    monitor: MetricMonitor
    past: Backtest


def register(parsers: Parsers) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "monitors",
        help="check a file of monitors, list it, or try it on the past",
        description="All offline: `check` names every mistake in a file of monitors, `list` says "
        "what is watched, and `backtest` shows what each metric monitor would have flagged, on "
        "files or on a Prometheus.",
    )
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    for name, words in (("check", "name every mistake"), ("list", "say what is watched")):
        act = acts.add_parser(name, help=words)
        act.add_argument("file", type=Path, metavar="FILE", help="monitors, as TANDEM_MONITORS")
        act.add_argument("--json", action="store_true", help="print one JSON object")
    past = acts.add_parser("backtest", help="show what each would have flagged")
    past.add_argument("file", type=Path, metavar="FILE", help="monitors, as TANDEM_MONITORS")
    source = past.add_mutually_exclusive_group()
    source.add_argument(
        "--csv",
        type=Path,
        metavar="DIR",
        help="files named after the monitors (checkout-p99.csv), or folders of one file a series; "
        "CSV, JSON lines or Parquet with the columns timestamp and value",
    )
    source.add_argument("--prometheus", default="", metavar="URL", help="ask the queries there")
    past.add_argument("--since", type=_length, default=timedelta(days=7), metavar="7d")
    past.add_argument(
        "--monitor", action="append", default=[], metavar="NAME", help="only this one; repeat"
    )
    past.add_argument("--json", action="store_true", help="print one JSON object")
    past.add_argument("--png", type=Path, metavar="OUT", help="draw the series with most alarms")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it could be done, whatever was found; 2 when the file or its data is wrong."""
    try:
        file = load_file(args.file)
        if args.act == "backtest":
            _backtest(args, file)
        else:
            _show(args, file)
    except UserError as error:
        print(f"tandem monitors: {error}", file=sys.stderr)
        return 2
    return 0


def _show(args: argparse.Namespace, file: MonitorsFile) -> None:
    if args.json:
        print(json.dumps({"monitors": [_as_json(monitor) for monitor in file.monitors]}))
    elif args.act == "check":
        models = sum(isinstance(monitor, ModelMonitor) for monitor in file.monitors)
        metrics = len(file.monitors) - models
        print(f"{args.file} is fine: {metrics} of metrics, {models} of models.")
    else:
        print(draw(_listed(file)))


def _listed(file: MonitorsFile) -> Reply:
    rows = tuple(
        (
            monitor.name,
            say_normal(monitor),
            say_duration(monitor.every),
            ", ".join(monitor.tell) or "–",
        )
        for monitor in file.monitors
    )
    table = Table(("Monitor", "Normal is", "Every", "Told"), rows)
    return Reply(f"{len(rows)} monitors", table=table if rows else None)


# ---------------------------------------------------------------- the past


def _backtest(args: argparse.Namespace, file: MonitorsFile) -> None:
    chosen = list(_chosen(file.monitors, args.monitor))
    if args.csv:
        tried = [_on_files(monitor, args.csv, args.since) for monitor in chosen]
    else:
        tried = list(_on_sources(chosen, file, args.prometheus, args.since))
    if args.png:
        _draw(args.png, tried)
    if args.json:
        print(json.dumps({one.monitor.name: _past_as_json(one.past) for one in tried}))
    else:
        print("\n".join(line for one in tried for line in _said(one)))


def _chosen(monitors: Sequence[AnyMonitor], names: Sequence[str]) -> Iterator[MetricMonitor]:
    """Those of metrics; of models there is `tandem drift`."""
    there = {m.name: m for m in monitors if isinstance(m, MetricMonitor)}
    for name in names:
        if name not in there:
            raise NotFound.among("metric monitor", name, there)
    yield from (monitor for name, monitor in there.items() if not names or name in names)


def _on_files(monitor: MetricMonitor, folder: Path, since: timedelta) -> Tried:
    """The time that is judged ends where the data ends."""
    if not folder.is_dir():
        raise UserError(f"--csv: {folder} is no folder.")
    series = list(_series_of(monitor.name, folder))
    if not series:
        now = datetime.now(UTC)
        why = f"There is no file {monitor.name}{SUFFIXES[0]} in {folder}."
        return Tried(monitor, Backtest(now - since, now, (), (), why))
    end = datetime.fromtimestamp(max(float(one.times.max()) for one in series), UTC)
    return Tried(monitor, backtest(monitor, series, end - since, end))


def _series_of(name: str, folder: Path) -> Iterator[Series]:
    """One file, or a folder with one file a series."""
    inner = folder / name
    files = sorted(inner.iterdir()) if inner.is_dir() else []
    for path in (*(folder / f"{name}{suffix}" for suffix in SUFFIXES), *files):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        read = read_series(path)
        times, values = np.array(read.times), np.array(read.values)
        known = np.isfinite(times) & ~np.isnan(values)
        labels = {"series": path.stem} if inner.is_dir() else {}
        if known.any():
            yield Series(labels, times[known], values[known])


def _on_sources(
    monitors: Sequence[MetricMonitor], file: MonitorsFile, url: str, since: timedelta
) -> Iterator[Tried]:
    end = datetime.now(UTC)
    default = Prometheus(url) if url else AbsentMetrics()
    sources = open_sources(file.sources, default)
    try:
        for monitor in monitors:
            start = end - since
            step = max(monitor.every, (end - start) / 20_000).total_seconds()
            try:
                before = start - history(monitor)
                series = joined(read_range(sources.range, monitor, before, end, step))
                yield Tried(monitor, backtest(monitor, series, start, end))
            except TandemError as error:
                yield Tried(monitor, Backtest(start, end, (), (), str(error)))
    finally:
        sources.close()
        if isinstance(default, Prometheus):
            default.close()


def _draw(out: Path, tried: Sequence[Tried]) -> None:
    png = _picture([one for one in tried if one.past.traces])
    if not png:
        print("tandem monitors: nothing can be drawn; no picture written.", file=sys.stderr)
        return
    try:
        out.write_bytes(png)
    except OSError as error:
        raise UserError(f"--png: {out} cannot be written: {error.strerror}.") from error


def _picture(tried: Sequence[Tried]) -> bytes:
    if len(tried) == 1:
        one = tried[0]
        limit = one.monitor.above if one.monitor.above is not None else one.monitor.below
        return draw_backtest(one.past, limit=limit, most=MOST_PANELS)
    panels: list[TracePanel] = []
    for one in sorted(tried, key=lambda t: -len(t.past.episodes))[:MOST_PANELS]:
        for panel in backtest_panels(one.past, 1):
            name = f"{one.monitor.name} {panel.name}".strip()
            panels.append(replace(panel, name=name))
    if not panels:
        return b""
    start = min(one.past.start for one in tried)
    return draw_traces(panels, start, max(one.past.end for one in tried))


# ---------------------------------------------------------------- words


def _said(tried: Tried) -> Iterator[str]:
    past, name = tried.past, tried.monitor.name
    count = len(past.episodes)
    alarms = "no alarm" if not count else f"{count} alarm" + ("" if count == 1 else "s")
    problem = f"  ({past.problem})" if past.problem else ""
    yield f"{name}: {alarms} in {say_duration(past.end - past.start)}{problem}"
    for episode in past.episodes:
        yield f"  {episode.starts_at:%Y-%m-%d %H:%M}  {_lasted(episode):>10}  {episode.says}"


def _lasted(episode: Episode) -> str:
    return say_duration(episode.ends_at - episode.starts_at) if episode.ends_at else "still"


def _as_json(monitor: AnyMonitor) -> Mapping[str, Any]:
    kind = "metric" if isinstance(monitor, MetricMonitor) else "model"
    return {
        "kind": kind,
        "normal_is": say_normal(monitor),
        **monitor.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "name": monitor.name,
    }


def _past_as_json(past: Backtest) -> Mapping[str, Any]:
    return {
        "start": past.start.isoformat(),
        "end": past.end.isoformat(),
        "series": len(past.traces),
        "problem": past.problem,
        "episodes": [
            {
                "starts_at": e.starts_at.isoformat(),
                "ends_at": e.ends_at.isoformat() if e.ends_at else None,
                "labels": dict(e.labels),
                "score": round(e.score, 4),
                "says": e.says,
            }
            for e in past.episodes
        ],
    }


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

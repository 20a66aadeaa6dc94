"""What an investigation may use: skills that only read, and read-only questions to telemetry."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from knowledge.ports import Found, ReadTool, Tool
from knowledge.records import LogLine, Series, Span
from skills.contract import Context, Role, Skill, TandemError
from skills.reading_only import reading_only
from skills.reply_text import plain

log = logging.getLogger("tandem.toolbox")

NO_TOOLS = frozenset(
    (
        *("help", "usage", "audit", "stats", "postmortem", "shift_handover", "investigate"),
        # Anybody may ask for these, so they need no right; still they are asked for by people.
        *("promotion", "rollback"),
    )
)
"""Skills that need no more than reading, and say nothing about what is wrong."""
MOST_MINUTES = 24 * 60
MOST_SERIES = 10
MOST_LINES = 15
MOST_READ = 1000
"""Log lines and spans that are fetched for one look."""
POINTS = 240
"""Of one series, at most."""
_DIGITS = re.compile(r"\d+")


def toolbox(ctx: Context) -> tuple[ReadTool, ...]:
    """All of it, for this asker. Skills run with the right to read and no other, on ports that
    refuse to change anything; what is hidden, not built or needs more is no tool."""
    reader = reading_only(ctx)
    skills = tuple(_of_skill(skill, reader) for skill in ctx.skills if is_tool(skill))
    return (*skills, *_of_telemetry(reader))


def is_tool(skill: Skill[Any]) -> bool:
    if skill.hidden or not skill.ready or skill.name in NO_TOOLS:
        return False
    return skill.needs is Role.READ and not skill.asks_first


def _of_skill(skill: Skill[Any], ctx: Context) -> ReadTool:
    def look(args: BaseModel) -> str:
        return plain(skill.run(ctx, args))

    return _tool(skill.name, skill.summary, skill.args, look)


def _tool(
    name: str, description: str, args: type[BaseModel], look: Callable[[Any], str]
) -> ReadTool:
    def run(given: Mapping[str, Any]) -> Found:
        try:
            return Found(look(args.model_validate(dict(given))))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "arguments"
            return Found(f"{field}: {first['msg']}", ok=False)
        except TandemError as error:
            return Found(str(error), ok=False)
        except Exception:
            # The last stop before a model: one broken tool must not end the whole investigation.
            log.exception("tool %s", name)
            return Found("This tool failed. Use another one.", ok=False)

    return ReadTool(Tool(name, description, _brief(args.model_json_schema())), run)


def _brief(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without the titles that pydantic adds: every token is sent with every step."""
    kept = {k: v for k, v in schema.items() if k not in ("title", "description")}
    properties = schema.get("properties", {})
    kept["properties"] = {
        name: {k: v for k, v in field.items() if k != "title"} for name, field in properties.items()
    }
    return kept


# Telemetry --------------------------------------------------------------------------------------


class Query(BaseModel):
    query: str = Field(max_length=300, description="PromQL, e.g. rate(http_errors[5m])")
    minutes: int = Field(60, ge=5, le=MOST_MINUTES, description="how far back")


class OfService(BaseModel):
    service: str = Field(min_length=1, max_length=100, description="service, e.g. checkout")
    minutes: int = Field(60, ge=5, le=MOST_MINUTES, description="how far back")


class Lines(OfService):
    contains: str = Field("", max_length=100, description="only lines that hold this")


def _of_telemetry(ctx: Context) -> Iterator[ReadTool]:
    """Metrics always (they may be connected), the rest where something is."""

    def metrics(args: Query) -> str:
        start = ctx.now - timedelta(minutes=args.minutes)
        step = max(15.0, 60.0 * args.minutes / POINTS)
        return say_series(ctx.metrics.range(args.query, start, ctx.now, step))

    yield _tool("metric_query", "Ask Prometheus for the course of a metric", Query, metrics)
    if not ctx.telemetry.sources:
        return

    def signals(args: OfService) -> str:
        start = ctx.now - timedelta(minutes=args.minutes)
        found = ctx.telemetry.signals([args.service], start, ctx.now).get(args.service, {})
        lines = [f"{name}: {say_course(series)}" for name, series in sorted(found.items())]
        return "\n".join(lines) or f"No signals of {args.service}."

    def logs(args: Lines) -> str:
        start = ctx.now - timedelta(minutes=args.minutes)
        found = ctx.telemetry.lines(args.service, start, ctx.now, MOST_READ)
        kept = [line for line in found if args.contains.lower() in line.text.lower()]
        return say_lines(kept) if kept else f"No such lines of {args.service}."

    def traces(args: OfService) -> str:
        start = ctx.now - timedelta(minutes=args.minutes)
        found = ctx.telemetry.spans(args.service, start, ctx.now, MOST_READ)
        return say_spans(found) if found else f"No spans of {args.service}."

    yield _tool("service_signals", "Show latency, errors, load of a service", OfService, signals)
    yield _tool("service_logs", "Show a service's log lines, errors first", Lines, logs)
    yield _tool("service_traces", "Show slow and failing operations", OfService, traces)


def say_series(found: Sequence[Series]) -> str:
    """Each series in a line, at most MOST_SERIES."""
    if not found:
        return "No series for this query."
    lines = [f"{_labels(series.labels)}: {say_course(series)}" for series in found[:MOST_SERIES]]
    more = len(found) - MOST_SERIES
    return "\n".join([*lines, *([f"and {more} more series"] if more > 0 else [])])


def say_course(series: Series) -> str:
    """How a series went, in figures that a sentence can quote."""
    values = series.values[np.isfinite(series.values)]
    if not len(values):
        return "no values"
    figures = {
        "first": values[0],
        "last": values[-1],
        "lowest": values.min(),
        "median": np.median(values),
        "highest": values.max(),
    }
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())


def say_lines(lines: Sequence[LogLine]) -> str:
    """The commonest lines that complain, numbers taken out; then the newest as they are."""
    grave = [line for line in lines if line.level in ("error", "fatal", "critical", "warning")]
    shown = grave or list(lines)
    common = Counter(_DIGITS.sub("#", line.text) for line in shown).most_common(5)
    levels = Counter(line.level or "no level" for line in lines)
    newest = sorted(shown, key=lambda line: line.at, reverse=True)[:MOST_LINES]
    return "\n".join(
        [
            ", ".join(f"{count} {level}" for level, count in levels.most_common()),
            *(f"{count} times: {text[:200]}" for text, count in common if count > 1),
            *(f"{_moment(line.at)} {line.level} {line.text[:300]}" for line in newest),
        ]
    )


def say_spans(spans: Sequence[Span]) -> str:
    """Operations with their calls, failures and 95th percentile, the slowest first."""
    by_operation: dict[tuple[str, str], list[Span]] = {}
    for span in spans:
        by_operation.setdefault((span.service, span.operation), []).append(span)
    rows = [
        (float(np.percentile([s.seconds for s in own], 95)), f"{service} {operation}", own)
        for (service, operation), own in by_operation.items()
    ]
    return "\n".join(
        f"{name}: {len(own)} calls, {sum(s.failed for s in own)} failed, p95 {1000 * p95:.0f} ms"
        for p95, name, own in sorted(rows, key=lambda row: -row[0])[:MOST_LINES]
    )


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in sorted(labels.items())) or "value"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M:%S}"

"""Has a model's input moved away from what it was trained on? Verdict, data quality, columns,
a picture."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from knowledge.drift import BROKEN, DRIFTING, NOT_ENOUGH, ColumnDrift, DriftReport, compare
from knowledge.durations import Duration, say_duration
from knowledge.records import Frame
from skills.contract import (
    BadArgs,
    Button,
    Call,
    Context,
    Line,
    NotFound,
    Picture,
    Reply,
    Section,
    Skill,
    Table,
    Tone,
)
from skills.pictures import Panel, draw_distributions

MOST_PANELS = 6
MOST_ROWS = 10
PICTURE_ROWS = 200_000
"""More rows change no picture that eyes can see, and cost time."""

_TONES = {DRIFTING: Tone.WARNING, BROKEN: Tone.BAD, NOT_ENOUGH: Tone.NEUTRAL}
_HEADER = ("Column", "What moved", "PSI", "KS or TV", "Severity")


class Args(BaseModel):
    model: str = Field("", description="model name, for example fraud; offered when left out")
    window: Duration = Field(
        timedelta(hours=24), description="how far back to look, for example 24h or 7d"
    )


def run(ctx: Context, args: Args) -> Reply:
    if args.window <= timedelta(0):
        raise BadArgs("window", "must be longer than nothing", "Write for example 1h, 24h or 7d.")
    names = ctx.frames.names()
    if not args.model and len(names) != 1:
        return _which(names)
    model = _known(args.model, names) if args.model else names[0]
    start = ctx.now - args.window
    current = ctx.frames.current(model, start, ctx.now)
    rows = max((len(values) for values in current.values()), default=0)
    if not rows:
        return _nothing_there(ctx, model, args.window)
    report = compare(ctx.frames.profile(model), current, weights=ctx.frames.roles(model).weights)
    # The reference's rows are needed for the picture alone: its profile is kept.
    pictures: tuple[Picture, ...] = ()
    if report.drifted:
        pictures = (_picture(model, ctx.frames.reference(model), current, report),)
    return Reply(
        title=f"{model}: {report.verdict}",
        text=report.sentence,
        tone=_TONES.get(report.verdict, Tone.GOOD),
        sections=_quality(report),
        table=_table(ctx, model, report),
        pictures=pictures,
        buttons=_buttons(model, args.window, report),
        footer=_footer(report, args.window, ctx.now),
    )


def _which(names: list[str]) -> Reply:
    """No model was named, and there is more or less than one."""
    if not names:
        return Reply("No model's data is known", text="Name it in the file of TANDEM_MODELS.")
    buttons = tuple(Button(n, Call("model_drift", {"model": n})) for n in names[:MOST_PANELS])
    return Reply("Which model?", buttons=buttons)


def _known(model: str, names: list[str]) -> str:
    """The model as it is written; "fraud" will do for "fraud-scorer" where nothing else fits."""
    plain = {_squeeze(name): name for name in names}
    wanted = _squeeze(model)
    if wanted in plain:
        return plain[wanted]
    likely = [name for key, name in plain.items() if wanted and key.startswith(wanted)]
    if len(likely) == 1:
        return likely[0]
    raise NotFound.among("model with known data", model, likely or names)


def _squeeze(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")


def _nothing_there(ctx: Context, model: str, window: timedelta) -> Reply:
    span = ctx.frames.span(model)
    if span is None:
        text = "No rows have been logged for this model yet, or their times are not known."
        buttons: tuple[Button, ...] = ()
    else:
        first, last = span
        text = f"The rows that are there run from {_moment(first)} to {_moment(last)}."
        reach = _reach(ctx.now - last)
        call = Call("model_drift", {"model": model, "window": reach})
        buttons = (Button(f"Last {reach}", call),)
    return Reply(
        title=f"{model}: no data in the last {say_duration(window)}",
        text=text,
        tone=Tone.WARNING,
        buttons=buttons,
        footer=f"Window {_moment(ctx.now - window)} to {_moment(ctx.now)}.",
    )


def _reach(age: timedelta) -> str:
    """A window that reaches back a day before the newest row, or starts an hour before it."""
    hours = int(age.total_seconds() // 3600) + 1
    return f"{hours}h" if hours < 48 else f"{-(-hours // 24) + 1}d"


def _quality(report: DriftReport) -> tuple[Section, ...]:
    if not report.quality:
        return ()
    lines = tuple(
        Line(f"*{finding.column}* {finding.detail}" if finding.column else finding.detail)
        for finding in report.quality[:MOST_ROWS]
    )
    rest = len(report.quality) - len(lines)
    more = (Line(f"and {rest} more"),) if rest > 0 else ()
    return (Section("Data quality", lines + more, bullets=True),)


def _table(ctx: Context, model: str, report: DriftReport) -> Table | None:
    moved = report.drifted[:MOST_ROWS]
    if not moved:
        return None
    prediction = ctx.frames.roles(model).prediction
    rows = tuple(_row(column, column.name == prediction) for column in moved)
    return Table(_HEADER, rows, right=("PSI", "KS or TV"))


def _row(column: ColumnDrift, is_prediction: bool) -> tuple[str, ...]:
    name = f"{column.name} (prediction)" if is_prediction else column.name
    other = column.ks if column.ks is not None else column.tvd
    return (name, column.reason, _number(column.psi_adj), _number(other), column.severity)


def _number(value: float | None) -> str:
    return "" if value is None else f"{max(value, 0.0):.2f}"


def _picture(model: str, reference: Frame, current: Frame, report: DriftReport) -> Picture:
    shown = report.drifted[:MOST_PANELS]
    told = "; ".join(f"{column.name}: {column.reason}" for column in shown)
    title = f"{model}: reference and current distributions"
    count = "1 column" if len(shown) == 1 else f"{len(shown)} columns"
    alt = f"Distributions of {count}, reference against current. {told}."
    return Picture(title, alt, draw_report(report, reference, current))


def draw_report(report: DriftReport, reference: Frame, current: Frame) -> bytes:
    """A PNG of the columns that moved most, or of the first ones if none did; empty if there is
    nothing to draw."""
    comparable = [c for c in report.columns if c.psi is not None and c.kind != "datetime"]
    panels = [
        Panel(
            column.name,
            column.reason or "not moved",
            _sample(reference[column.name], column.kind),
            _sample(current[column.name], column.kind),
            numeric=column.kind == "numeric",
        )
        for column in (report.drifted or comparable)[:MOST_PANELS]
    ]
    return draw_distributions(panels) if panels else b""


def _sample(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """Every k-th row, so that a picture costs the same for any window; no missing values."""
    values = values[:: -(-len(values) // PICTURE_ROWS) or 1]
    if kind == "numeric":
        plain = values.tolist() if values.dtype.kind == "O" else values
        numbers = np.array(plain, dtype=np.float64)
        return numbers[np.isfinite(numbers)]
    if values.dtype.kind == "O":
        return np.array([v for v in values.tolist() if v is not None and v == v], dtype=object)
    return values


def _buttons(model: str, window: timedelta, report: DriftReport) -> tuple[Button, ...]:
    windows = (("Last hour", "1h"), ("Last 24 hours", "24h"), ("Last 7 days", "7d"))
    lengths = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
    buttons = [
        Button(label, Call("model_drift", {"model": model, "window": text}))
        for label, text in windows
        if lengths[text] != window
    ]
    if report.verdict in (DRIFTING, BROKEN):
        columns = [c.name for c in report.drifted[:3]] or [q.column for q in report.quality[:3]]
        what = f"{model} {report.verdict} {' '.join(columns)}"[:300]
        buttons.append(Button("Similar incidents", Call("similar_incidents", {"text": what})))
    return tuple(buttons)


def _footer(report: DriftReport, window: timedelta, now: datetime) -> str:
    p = "A column counts as moved when p < 0.001 / columns and PSI ≥ 0.1, KS or TV ≥ 0.1, " \
        "or quantiles moved 0.15 standard deviations."  # fmt: skip
    return (
        f"{report.current_rows:,} rows of the last {say_duration(window)} to {_moment(now)}, "
        f"against {report.reference_rows:,} reference rows; {len(report.columns)} columns. {p}"
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


skill = Skill(
    name="model_drift",
    summary="Show how far a model's inputs have moved from its training data",
    examples=(
        "is the fraud model drifting?",
        "drift of churn over the last 7 days",
        "how far have the inputs of eta moved since yesterday?",
    ),
    phrases=(
        "does the live data still look like the training data",
        "feature distributions of the fraud model, anything odd",
        "compare today's inputs with the reference",
        "data drift check for churn",
        "which features moved the most for eta",
        "PSI for the fraud scorer 24h",
        "is the model seeing different traffic than it was trained on",
        "input data quality of the churn model",
        "have the inputs shifted since the release",
    ),
    args=Args,
    run=run,
    command="/drift",
)

"""Has a model's input moved? Any window or version against the reference, another window or another
version: verdict, data quality, columns, how its answers did, pictures."""

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, field_validator, model_validator

from knowledge.drift import BROKEN, DRIFTING, NOT_ENOUGH, ColumnDrift, DriftReport
from knowledge.errors import NotFound
from knowledge.records import Frame, Look
from knowledge.windows import Span, parse_rows, split_against
from skills.cards.looks import ESTIMATED, REALISED, figures
from skills.contract import (
    Button,
    Call,
    Context,
    Line,
    Picture,
    Reply,
    Section,
    Skill,
    Table,
    Tone,
)
from skills.model_pictures import Trend, marks, trend_picture
from skills.model_rows import Chosen, Question, ask, happened, read, report, say_moment, say_span
from skills.model_world import looks
from skills.pictures import Panel, draw_distributions

MOST_PANELS = 6
MOST_ROWS = 10
PICTURE_ROWS = 200_000
"""More rows change no picture that eyes can see, and cost time."""
TREND = timedelta(days=14)
"""How far back the trend reaches, or to the window's start where that is earlier."""

_TONES = {DRIFTING: Tone.WARNING, BROKEN: Tone.BAD, NOT_ENOUGH: Tone.NEUTRAL}
_HEADER = ("Column", "What moved", "PSI", "KS or TV", "Severity")
_WINDOWS = (
    ("Last hour", "1h", "reference"),
    ("Last 24 hours", "24h", "reference"),
    ("Last 7 days", "7d", "reference"),
    ("7 days against the 7 before", "7d", "the 7 days before"),
)


class Args(BaseModel):
    model: str = Field("", description="model name, for example fraud; offered when left out")
    window: str = Field(
        "24h",
        description="which rows: 24h, yesterday, 2026-11-01 to 2026-11-08, "
        "last Thursday 02:00-06:00, v7",
    )
    against: str = Field(
        "", description="with which rows: the reference (default), last week, a week earlier, v6"
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        """ "v7 against v6" in one field is a window and what it is compared with."""
        if not isinstance(given, dict) or given.get("against"):
            return given
        window, against = split_against(str(given.get("window") or ""))
        return {**given, "window": window or "24h", "against": against} if against else given

    @field_validator("window", "against")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_rows(text)
        return text


def run(ctx: Context, args: Args) -> Reply:
    names = ctx.frames.names()
    if not args.model and len(names) != 1:
        return _which(names)
    model = _known(args.model, names) if args.model else names[0]
    question = ask(ctx, model, args.window, args.against)
    found = report(ctx, question)
    if not found.current_rows:
        return _nothing_there(ctx, question, question.current)
    if question.before is not None and not found.reference_rows:
        return _nothing_there(ctx, question, question.before)
    seen = looks(ctx, model, _around(ctx, question))
    return Reply(
        title=f"{model}: {found.verdict}",
        text=_text(found, question),
        tone=_TONES.get(found.verdict, Tone.GOOD),
        sections=(*_quality(found), *_performance(seen, question)),
        table=_table(ctx, model, found),
        pictures=(*_distributions(ctx, question, found), *_trend(ctx, question, seen)),
        buttons=_buttons(model, args, found),
        footer=_footer(found, question),
    )


def _text(found: DriftReport, question: Question) -> str:
    if question.before is None and question.current.says.startswith("the last"):
        return found.sentence
    return f"{found.sentence}\nThat is {question.current.says} against {_against(question)}."


def _against(question: Question) -> str:
    return question.before.says if question.before else "what it was trained on"


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


def _nothing_there(ctx: Context, question: Question, missing: Chosen) -> Reply:
    model = question.model
    span = ctx.frames.span(model)
    buttons: tuple[Button, ...] = ()
    if span is None:
        text = "No rows have been logged for this model yet, or their times are not known."
    else:
        first, last = span
        text = f"The rows that are there run from {say_moment(first)} to {say_moment(last)}."
        reach = _reach(ctx.now - last)
        call = Call("model_drift", {"model": model, "window": reach})
        buttons = (Button(f"Last {reach}", call),)
    return Reply(
        title=f"{model}: no data {_in(missing)}",
        text=text,
        tone=Tone.WARNING,
        buttons=buttons,
        footer=f"Window {say_span(missing.span)}.",
    )


def _in(chosen: Chosen) -> str:
    if chosen.version:
        return f"of {chosen.says}"
    return f"in {chosen.says}" if chosen.says.startswith("the last") else f"from {chosen.says}"


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


def _distributions(ctx: Context, question: Question, found: DriftReport) -> tuple[Picture, ...]:
    """Rows are needed for the picture alone, so they are read only where something moved."""
    if not found.drifted:
        return ()
    grey = question.before.says if question.before else "reference"
    names = (grey, question.current.says)
    before, current = (read(ctx, question.model, c) for c in (question.before, question.current))
    png = draw_report(found, before, current, names)
    shown = found.drifted[:MOST_PANELS]
    told = "; ".join(f"{column.name}: {column.reason}" for column in shown)
    count = "1 column" if len(shown) == 1 else f"{len(shown)} columns"
    title = f"{question.model}: {grey} and {question.current.says}"
    alt = f"Distributions of {count}, {grey} against {question.current.says}. {told}."
    return (Picture(title, alt, png),) if png else ()


def _around(ctx: Context, question: Question) -> Span:
    """The last two weeks, or since the window began."""
    return Span(min(question.current.span.start, ctx.now - TREND), ctx.now)


def _trend(ctx: Context, question: Question, seen: tuple[Look, ...]) -> tuple[Picture, ...]:
    if not seen:
        return ()
    span = _around(ctx, question)
    moved, changes = happened(ctx, question.model, span.start)
    picture = trend_picture(Trend(question.model, span, seen, marks(moved, changes)))
    return (picture,) if picture else ()


def _performance(seen: tuple[Look, ...], question: Question) -> tuple[Section, ...]:
    """What the last look within the window knew of its answers, and on what ground."""
    span = question.current.span
    inside = [look for look in seen if span.start <= look.at <= span.end]
    if not inside:
        return ()
    last = inside[-1]
    told = {n: v for n, v in last.figures.items() if n.startswith((REALISED, ESTIMATED))}
    if not told:
        return ()
    lines = [Line(f"{name}: {value}") for name, value in figures(last, most=len(told)).items()]
    if not any(name.startswith(REALISED) for name in told):
        lines.append(Line("No labels for these rows yet; an estimate does not see concept drift."))
    return (Section(f"Performance, look of {say_moment(last.at)}", tuple(lines), bullets=True),)


def draw_report(
    report: DriftReport,
    reference: Frame,
    current: Frame,
    names: tuple[str, str] = ("reference", "current"),
) -> bytes:
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
    return draw_distributions(panels, names) if panels else b""


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


def _buttons(model: str, args: Args, found: DriftReport) -> tuple[Button, ...]:
    asked = (_squeeze(args.window), _squeeze(args.against or "reference"))
    buttons = [
        Button(label, Call("model_drift", _call(model, window, against)))
        for label, window, against in _WINDOWS
        if (window, _squeeze(against)) != asked
    ]
    if found.verdict in (DRIFTING, BROKEN):
        columns = [c.name for c in found.drifted[:3]] or [q.column for q in found.quality[:3]]
        side = Call("model_or_infra", {"model": model})
        buttons.append(Button("Model or infrastructure?", side))
        what = f"{model} {found.verdict} {' '.join(columns)}"[:300]
        buttons.append(Button("Similar incidents", Call("similar_incidents", {"text": what})))
        buttons.append(Button("Promote another version", Call("promotion", {"model": model})))
    return tuple(buttons)


def _call(model: str, window: str, against: str) -> dict[str, str]:
    args = {"model": model, "window": window}
    return args if against == "reference" else {**args, "against": against}


def _footer(found: DriftReport, question: Question) -> str:
    p = "A column counts as moved when p < 0.001 / columns and PSI ≥ 0.1, KS or TV ≥ 0.1, " \
        "or quantiles moved 0.15 standard deviations."  # fmt: skip
    current, before = question.current, question.before
    other = (
        f"{found.reference_rows:,} reference rows"
        if before is None
        else f"{found.reference_rows:,} rows {_in_words(before)}"
    )
    shared = current.span.overlap(before.span) if before and not current.version else None
    both = f" Both hold {say_span(shared)}." if shared else ""
    return (
        f"{found.current_rows:,} rows {_in_words(current)}, against {other}; "
        f"{len(found.columns)} columns.{both} {p}"
    )


def _in_words(chosen: Chosen) -> str:
    """The exact span is always there to be read."""
    span = say_span(chosen.span)
    if chosen.version:
        return f"of {chosen.says}"
    return f"of {span}" if chosen.says == span else f"of {chosen.says} ({span})"


skill = Skill(
    name="model_drift",
    summary="Show how far a model's inputs have moved, for any window or version",
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
        "drift of fraud v7 against v6",
        "did the inputs of churn move last Thursday between 02:00 and 06:00",
        "compare what eta saw this week with the week before",
        "fraud from 2026-11-01 to 2026-11-08, any drift",
    ),
    args=Args,
    run=run,
    command="/drift",
    positional=("model", "window"),
)

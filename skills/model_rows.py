"""Which of a model's rows a question is about, and how they are read and compared.

Rows of a version are those whose version column names it. Where a model's log has no such column
they are those of the time in which the version served, as far as approvals and changes tell.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np

from knowledge.drift import DriftReport, compare, profile_for
from knowledge.durations import say_duration
from knowledge.errors import NotFound, Unavailable
from knowledge.promotion import plain_version
from knowledge.records import Change, Frame, ModelFacts, ModelVersion
from knowledge.serving import Move, moves, served
from knowledge.windows import Reference, Rows, Span, Version, Window, parse_rows
from skills.contract import BadArgs, Context

LOG_OF_VERSIONS = timedelta(days=30)
"""Of the newest rows so much is read to find those of a version by its column."""
MOST_MOVES = timedelta(days=180)


@dataclass(frozen=True)
class Chosen:
    """Rows of a model's log: of a span, and of one version where `version` is given."""

    says: str
    """ "the last 24 h", "v7"."""
    span: Span
    version: str = ""


@dataclass(frozen=True)
class Question:
    """`current` against `before`; None: against the reference."""

    model: str
    current: Chosen
    before: Chosen | None = None


def ask(ctx: Context, model: str, window: str, against: str) -> Question:
    """Raises BadArgs that names the field and the remedy, NotFound for an unknown version."""
    rows, other = _read("window", window or "24h"), _read("against", against)
    if isinstance(rows, Reference):
        raise BadArgs("window", "the reference is what rows are compared with", "Write 24h or 7d")
    current = _chosen(ctx, model, rows, "window", None)
    if isinstance(other, Reference):
        return Question(model, current)
    before = _chosen(ctx, model, other, "against", current)
    if before == current:
        raise BadArgs("against", "the same rows as the window", "Name other ones: last week, v6")
    return Question(model, current, before)


def report(ctx: Context, question: Question) -> DriftReport:
    """The rows in question compared, where they live if they are whole spans."""
    current, before = question.current, question.before
    if not current.version and not (before and before.version):
        against = (before.span.start, before.span.end) if before else None
        span = current.span
        return ctx.frames.report(question.model, span.start, span.end, against=against)
    roles = ctx.frames.roles(question.model)
    known = (
        ctx.frames.profile(question.model)
        if before is None
        else profile_for(read(ctx, question.model, before), roles)
    )
    return compare(known, read(ctx, question.model, current), weights=roles.weights)


def read(ctx: Context, model: str, chosen: Chosen | None) -> Frame:
    """The rows themselves; None: the reference."""
    if chosen is None:
        return ctx.frames.reference(model)
    frame = ctx.frames.current(model, chosen.span.start, chosen.span.end)
    return _of_version(frame, ctx.frames.roles(model).version, chosen.version)


def facts(ctx: Context, model: str) -> ModelFacts:
    """Empty where the model's data is not known."""
    try:
        return ctx.frames.about(model)
    except (NotFound, Unavailable):
        return ModelFacts()


def happened(
    ctx: Context, model: str, since: datetime
) -> tuple[tuple[Move, ...], tuple[Change, ...]]:
    """Moves of the champion, and other changes of the model and of the service that serves it."""
    names = dict.fromkeys(filter(None, (model, facts(ctx, model).service)))
    changes = [c for name in names for c in ctx.changes.between(since, ctx.now, name)]
    moved = moves(ctx.approvals.find(model=model, limit=200), changes)
    at_a_move = {move.at for move in moved}
    others = tuple(change for change in changes if change.at not in at_a_move)
    return tuple(move for move in moved if move.at >= since), others


# Choosing --------------------------------------------------------------------------------------


def _read(field: str, text: str) -> Rows:
    try:
        return parse_rows(text)
    except ValueError as error:
        raise BadArgs(field, str(error)) from None


def _chosen(
    ctx: Context, model: str, rows: Window | Version, field: str, compared: Chosen | None
) -> Chosen:
    if isinstance(rows, Window):
        try:
            span = rows.span(ctx.now, compared.span if compared else None)
        except ValueError as error:
            raise BadArgs(field, str(error), "Write for example 24h, 7d or 2026-11-01") from None
        return Chosen(_say(rows, span, ctx.now), span)
    version = _version(ctx, model, rows)
    if ctx.frames.roles(model).version:
        return Chosen(f"v{version.version}", _of_log(ctx, model), version.version)
    since = ctx.now - MOST_MOVES
    span_served = served(version, happened(ctx, model, since)[0], ctx.now)
    if span_served is None:
        raise BadArgs(
            field,
            f"when v{version.version} served is not known",
            "Name a span of time, or the column of the log that holds the version (version = "
            '"..." in the file of TANDEM_MODELS)',
        )
    return Chosen(f"v{version.version}", span_served)


def _version(ctx: Context, model: str, rows: Version) -> ModelVersion:
    if rows.number:
        return ctx.models.version(model, rows.number)
    versions = ctx.models.versions(model)
    found = next((v for v in versions if rows.alias in v.aliases), None)
    if found is None:
        known = sorted({alias for v in versions for alias in v.aliases})
        raise NotFound.among(f"alias of {model}", rows.alias, known)
    return found


def _of_log(ctx: Context, model: str) -> Span:
    """The newest part of the log, in which a version's rows are looked for."""
    logged = ctx.frames.span(model)
    end = logged[1] + timedelta(seconds=1) if logged else ctx.now
    return Span(max(end - LOG_OF_VERSIONS, logged[0]) if logged else end - LOG_OF_VERSIONS, end)


def _of_version(frame: Frame, column: str, version: str) -> Frame:
    """The rows that the version answered, without the column that says so."""
    if not version or column not in frame:
        return frame
    kept = np.array([_plain(value) == version for value in frame[column].tolist()], dtype=bool)
    return {name: values[kept] for name, values in frame.items() if name != column}


def _plain(value: object) -> str:
    """7, 7.0, "7" and "v7" are one version."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return plain_version(str(value))


def _say(window: Window, span: Span, now: datetime) -> str:
    if window.length is not None and span.end == now:
        return f"the last {say_duration(span.length)}"
    return say_span(span)


def say_span(span: Span) -> str:
    """ "2026-03-04", "2026-03-01 to 2026-03-04", "2026-03-04 02:00 to 06:00 UTC"."""
    start, end = span.start, span.end
    if start.time() == end.time() == time():
        last = end - timedelta(days=1)
        return f"{start:%Y-%m-%d}" if last == start else f"{start:%Y-%m-%d} to {last:%Y-%m-%d}"
    same = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if same else '%Y-%m-%d %H:%M'}} UTC"


def say_moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

"""Pictures of what a monitor saw: the value over time, the band it held to be normal, and the
spans in which it found something wrong. PNGs, drawn with matplotlib's Figure API alone.

Slack shows a picture about 500 pixels wide in a window and somewhat wider in a message, so the
type is larger than in `skills.pictures`, names stand beside what they name, and there is one warm
colour: whatever has it is an alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Backtest, Episode, Trace
from skills.pictures import CURRENT_COLOUR, DPI, INK, REFERENCE_COLOUR

Numbers = NDArray[np.float64]

ALARM_COLOUR = CURRENT_COLOUR
LINE_COLOUR = "#2f4b66"
SOFT_INK = "#555555"
WIDTH_INCHES = 6.0
"""1200 pixels: sharp on fine screens at the 500 that Slack gives it."""
MOST_PANELS = 4
_PANEL_INCHES = 1.42
_FOOT_INCHES = 0.3
_HEAD_INCHES = 0.12
_MOST_POINTS = 1500
"""Of a line; more than twice as many as there are pixels across, so each spike is kept."""
_NARROWEST = 0.006
"""A short episode is drawn at least so wide, as a share of the axis: it must be seen."""
_MOST_TIMES = 4
_FEW_POINTS = 12
"""Alarms of so few points get dots: a line through one point is nothing."""
_STEPS_S = (
    *(60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200),
    *(86400, 172800, 604800, 1209600, 2592000),
)
_MOST_TICKS = 7


@dataclass(frozen=True)
class Mark:
    """Something that happened: a deploy, an alias that moved. Drawn as a line across all panels."""

    at: datetime
    label: str


@dataclass(frozen=True)
class TracePanel:
    """One series: its trace, the episodes in it, and the words over it."""

    trace: Trace
    name: str
    caption: str = ""
    episodes: tuple[Episode, ...] = ()


def backtest_panels(backtest: Backtest, most: int = MOST_PANELS) -> tuple[TracePanel, ...]:
    """The series with the most to say, worst first: by episodes, then by how sure, then by size."""
    by_labels = _episodes_by_series(backtest.episodes)
    known = [trace for trace in backtest.traces if np.isfinite(trace.values).any()]
    ranked = sorted(known, key=lambda t: _rank(t, by_labels.get(_key(t.labels), ())), reverse=True)
    shared = _shared(backtest.traces)
    return tuple(
        TracePanel(
            trace,
            series_name(trace.labels, shared),
            _count(len(found := by_labels.get(_key(trace.labels), ()))),
            tuple(found),
        )
        for trace in ranked[:most]
    )


def draw_backtest(
    backtest: Backtest, *, limit: float | None = None, most: int = MOST_PANELS
) -> bytes:
    """A PNG of the worst series, a panel each; empty where there is nothing to draw."""
    panels = backtest_panels(backtest, most)
    return draw_traces(panels, backtest.start, backtest.end, limit=limit) if panels else b""


def draw_traces(
    panels: Sequence[TracePanel],
    start: datetime,
    end: datetime,
    *,
    marks: Sequence[Mark] = (),
    limit: float | None = None,
) -> bytes:
    """A PNG of at least one panel, on one line of time (UTC) from `start` to `end`. `limit` is the
    value beyond which it fires, where there is one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = _HEAD_INCHES + _PANEL_INCHES * len(panels) + _FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    grid = list(figure.subplots(len(panels), 1, squeeze=False)[:, 0])
    span = (start.timestamp(), max(end.timestamp(), start.timestamp() + 1))
    for axes, panel in zip(grid, panels, strict=True):
        _draw_panel(axes, panel, span, limit)
        for number, mark in enumerate(marks):
            _draw_mark(axes, mark, span, named=axes is grid[0], row=number)
    _draw_times(grid, span)
    figure.subplots_adjust(
        left=0.105,
        right=0.885,
        top=1 - (_HEAD_INCHES + 0.2) / height,
        bottom=_FOOT_INCHES / height,
        hspace=0.42,
    )
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def series_name(labels: Mapping[str, str], shared: Mapping[str, str] | None = None) -> str:
    """ "checkout · eu-1": the values of the labels in which the series differ."""
    own = {k: v for k, v in labels.items() if k != "__name__" and (shared or {}).get(k, None) != v}
    return " · ".join(own.values()) or " · ".join(
        v for k, v in labels.items() if k in ("service", "job", "app")
    )


# The order of the panels -----------------------------------------------------------------------


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _episodes_by_series(
    episodes: Sequence[Episode],
) -> dict[tuple[tuple[str, str], ...], list[Episode]]:
    found: dict[tuple[tuple[str, str], ...], list[Episode]] = {}
    for episode in episodes:
        found.setdefault(_key(episode.labels), []).append(episode)
    return found


def _rank(trace: Trace, episodes: Sequence[Episode]) -> tuple[int, float, float]:
    surest = max((episode.score for episode in episodes), default=0.0)
    return len(episodes), surest, float(np.nanmax(np.abs(_finite(trace.values))))


def _shared(traces: Sequence[Trace]) -> dict[str, str]:
    """Labels that are alike in all series say nothing of any; of one alone all are its own."""
    if len(traces) < 2:
        return {}
    first = traces[0].labels
    return {k: v for k, v in first.items() if all(trace.labels.get(k) == v for trace in traces[1:])}


def _count(number: int) -> str:
    return "no alarm" if not number else "1 alarm" if number == 1 else f"{number} alarms"


# One panel --------------------------------------------------------------------------------------


def _draw_panel(
    axes: Any, panel: TracePanel, span: tuple[float, float], limit: float | None
) -> None:
    times, values = _line(panel.trace, panel.trace.values, span)
    low, high = _heights(values, limit)
    if limit is None:  # A limit's own line says the same, and more calmly.
        _draw_band(axes, panel.trace, span, (low, high))
    episodes = [episode for episode in panel.episodes if _touches(episode, span)]
    for episode in episodes:
        axes.axvspan(*_extent(episode, span), color=ALARM_COLOUR, alpha=0.16, linewidth=0)
    axes.plot(times, values, color=LINE_COLOUR, linewidth=0.9, solid_joinstyle="round")
    alarmed = _only_within(times, values, episodes, span)
    few = np.count_nonzero(~np.isnan(alarmed)) < _FEW_POINTS
    axes.plot(
        times, alarmed, color=ALARM_COLOUR, linewidth=1.4, marker="o" if few else "", markersize=2
    )
    if limit is not None:
        axes.axhline(limit, color=SOFT_INK, linewidth=0.9, linestyle=(0, (4, 3)))
        _beside(axes, limit, f"limit {_tick(limit)}", SOFT_INK)
    axes.set_xlim(*span)
    axes.set_ylim(low, high)
    _say_times(axes, episodes, span)
    axes.text(
        0, 1.05, _plain(_shorten(panel.name, 52)), transform=axes.transAxes, fontsize=9, color=INK,
        weight="bold", va="bottom",
    )  # fmt: skip
    colour = ALARM_COLOUR if panel.episodes else SOFT_INK
    axes.text(
        1, 1.05, _plain(panel.caption), transform=axes.transAxes, fontsize=8.5, color=colour,
        ha="right", va="bottom",
    )  # fmt: skip
    _value_ticks(axes)
    axes.tick_params(labelsize=8, colors=SOFT_INK, length=2)
    axes.grid(axis="y", color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#bbbbbb")


def _draw_band(
    axes: Any, trace: Trace, span: tuple[float, float], heights: tuple[float, float]
) -> None:
    """What was held to be normal; open to one side where only the other one is bounded."""
    times, low = _line(trace, trace.low, span)
    _, high = _line(trace, trace.high, span)
    known = ~(np.isnan(low) & np.isnan(high))
    if not known.any():
        return
    below = np.where(known & np.isnan(low), heights[0], np.clip(low, *heights))
    above = np.where(known & np.isnan(high), heights[1], np.clip(high, *heights))
    axes.fill_between(times, below, above, color=REFERENCE_COLOUR, alpha=0.2, linewidth=0)
    last = np.flatnonzero(known & ~np.isnan(below) & ~np.isnan(above))
    if len(last):
        _beside(axes, float(below[last[-1]] + above[last[-1]]) / 2, "usual", "#6d6d6d")


def _draw_mark(axes: Any, mark: Mark, span: tuple[float, float], *, named: bool, row: int) -> None:
    at = mark.at.timestamp()
    if not span[0] <= at <= span[1]:
        return
    axes.axvline(at, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
    if named:
        right = at > (span[0] + span[1]) / 2
        axes.text(
            at, 0.84 - 0.13 * (row % 3), _plain(f" {_shorten(mark.label, 30)} "),
            transform=axes.get_xaxis_transform(), fontsize=7.5, color=INK,
            ha="right" if right else "left", va="top",
        )  # fmt: skip


def _beside(axes: Any, height: float, text: str, colour: str) -> None:
    """A name to the right of the axis, at the height of what it names."""
    axes.text(
        1.008, height, _plain(text), transform=axes.get_yaxis_transform(), fontsize=8, color=colour,
        va="center",
    )  # fmt: skip


def _say_times(axes: Any, episodes: Sequence[Episode], span: tuple[float, float]) -> None:
    """When the surest episodes began, over them, as far as the words do not touch."""
    taken: list[float] = []
    for episode in sorted(episodes, key=lambda e: -e.score):
        start, end = _extent(episode, span)
        at = (start + end) / 2
        where = (at - span[0]) / (span[1] - span[0])
        if len(taken) >= _MOST_TIMES or any(abs(where - other) < 0.2 for other in taken):
            continue
        taken.append(where)
        side = "left" if where < 0.08 else "right" if where > 0.92 else "center"
        axes.text(
            at, 0.96, _moment(episode.starts_at.timestamp(), span), fontsize=8, color="#a84600",
            transform=axes.get_xaxis_transform(), ha=side, va="top",
        )  # fmt: skip


# Numbers ----------------------------------------------------------------------------------------


def _line(trace: Trace, of: Numbers, span: tuple[float, float]) -> tuple[Numbers, Numbers]:
    """Times and values to draw: within the span, holes left open, no more than is seen."""
    inside = (trace.times >= span[0]) & (trace.times <= span[1])
    times, values = trace.times[inside], _finite(of[inside])
    return _thinned(*_with_holes(times, values))


def _finite(values: Numbers) -> Numbers:
    return np.where(np.isfinite(values), values, np.nan)


def _with_holes(times: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """No line is drawn through a time of which nothing is known."""
    if len(times) < 3:
        return times, values
    gaps = np.diff(times)
    after = np.flatnonzero(gaps > 5 * np.median(gaps)) + 1
    return np.insert(times, after, times[after - 1] + 1e-3), np.insert(values, after, np.nan)


def _thinned(times: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """The lowest and the highest value of each stretch, in their order."""
    if len(times) <= _MOST_POINTS:
        return times, values
    kept: list[int] = []
    for stretch in np.array_split(np.arange(len(times)), _MOST_POINTS // 2):
        part = values[stretch]
        if np.isnan(part).any():
            kept.append(int(stretch[np.isnan(part).argmax()]))
        if not np.isnan(part).all():
            kept += (int(stretch[np.nanargmin(part)]), int(stretch[np.nanargmax(part)]))
    order = np.unique(kept)
    return times[order], values[order]


def _heights(values: Numbers, limit: float | None) -> tuple[float, float]:
    """The lowest and the highest that is drawn: all values and the limit, with some air."""
    known = values[~np.isnan(values)]
    seen = [*known[[known.argmin(), known.argmax()]].tolist()] if len(known) else [0.0, 1.0]
    if limit is not None and np.isfinite(limit):
        seen.append(limit)
    low, high = min(seen), max(seen)
    room = (high - low) or abs(high) or 1.0
    bottom = low - 0.06 * room
    # A quantity that never was below nothing is not drawn as if it could be.
    return (max(bottom, 0.0) if low >= 0 else bottom), high + 0.22 * room


def _touches(episode: Episode, span: tuple[float, float]) -> bool:
    ended = episode.ends_at.timestamp() if episode.ends_at else span[1]
    return ended >= span[0] and episode.starts_at.timestamp() <= span[1]


def _extent(episode: Episode, span: tuple[float, float]) -> tuple[float, float]:
    start = max(episode.starts_at.timestamp(), span[0])
    end = min(episode.ends_at.timestamp() if episode.ends_at else span[1], span[1])
    least = _NARROWEST * (span[1] - span[0])
    if end - start >= least:
        return start, end
    middle = min(max((start + end) / 2, span[0] + least / 2), span[1] - least / 2)
    return middle - least / 2, middle + least / 2


def _only_within(
    times: Numbers, values: Numbers, episodes: Sequence[Episode], span: tuple[float, float]
) -> Numbers:
    inside = np.zeros(len(times), dtype=bool)
    for episode in episodes:
        start = episode.starts_at.timestamp()
        end = episode.ends_at.timestamp() if episode.ends_at else span[1]
        inside |= (times >= start) & (times <= end)
    return np.where(inside, values, np.nan)


# Words and ticks --------------------------------------------------------------------------------


def _draw_times(grid: Sequence[Any], span: tuple[float, float]) -> None:
    """Times under the lowest panel alone; the same places marked on all."""
    step = next((s for s in _STEPS_S if (span[1] - span[0]) / s <= _MOST_TICKS), _STEPS_S[-1])
    first = -(-span[0] // step) * step
    ticks = np.arange(first, span[1] + 1, step)
    for axes in grid:
        axes.set_xticks(ticks, [])
    grid[-1].set_xticks(ticks, [_tick_time(at, step) for at in ticks])
    grid[-1].text(
        1.008, -0.06, "UTC", transform=grid[-1].transAxes, fontsize=8, color=SOFT_INK, va="top"
    )


def _tick_time(at: float, step: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%a} {moment.day}" if step >= 86400 else f"{moment:%H:%M}"


def _moment(at: float, span: tuple[float, float]) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%a %H:%M}" if span[1] - span[0] > 86400 * 1.5 else f"{moment:%H:%M}"


def _value_ticks(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{value:.4g}"


def _plain(text: str) -> str:
    """A dollar sign would start a formula."""
    return text.replace("$", r"\$")


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

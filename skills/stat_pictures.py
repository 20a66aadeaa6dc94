"""Charts of figures: alerts against cards per day, and times by week.

Drawn like `skills.pictures`, with matplotlib's Figure API alone and loaded when the first one is
needed: dark ink on a white ground of their own, so they read alike in a light and a dark chat.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from knowledge.durations import say_duration
from knowledge.statistics import Day, Spread, Summary
from skills.pictures import CURRENT_COLOUR, DPI, INK, REFERENCE_COLOUR, WIDTH_PX

SOFT_INK = "#555555"
_PANEL_INCHES = 1.55
_STEPS_S = (
    *(5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200),
    *(86400, 172800, 345600, 604800, 1209600, 2592000, 7776000),
)
"""Lengths of time, in seconds, that make good steps of a scale."""
_MOST_TICKS = 3


def draw_alerts_and_cards(days: Sequence[Day]) -> bytes:
    """A PNG: alerts per day above, cards per day below, on one line of days."""
    figure, (above, below) = _figure(2)
    at = list(range(len(days)))
    for axes, name, counts, colour in (
        (above, "alerts in, per day", [d.alerts for d in days], REFERENCE_COLOUR),
        (below, "cards out, per day", [d.cards for d in days], CURRENT_COLOUR),
    ):
        axes.bar(at, counts, width=0.78, color=colour)
        axes.set_ylim(0, max(*counts, 1) * 1.18)
        _name(axes, name, f"{sum(counts):,} in all, {max(counts):,} on the busiest day")
        _count_ticks(axes)
    _dates(above, [])
    _dates(below, [d.day for d in days])
    return _png(figure)


def draw_times(weeks: Mapping[date, Summary]) -> bytes:
    """A PNG: median time to acknowledge and to resolve by week, the span up to the 90th percentile
    as a line. A week with too few incidents for a median has no dot."""
    figure, (above, below) = _figure(2)
    for axes, name, spreads, colour in (
        (above, "time to acknowledge", [w.acknowledge for w in weeks.values()], REFERENCE_COLOUR),
        (below, "time to resolve", [w.resolve for w in weeks.values()], CURRENT_COLOUR),
    ):
        _medians(axes, spreads, colour)
        _name(axes, name, "median by week; the line goes up to the 90th percentile")
    _dates(above, [])
    _dates(below, list(weeks))
    return _png(figure)


def _medians(axes: Any, spreads: Sequence[Spread], colour: str) -> None:
    known = [(i, s.median, s.p90) for i, s in enumerate(spreads) if s.median is not None]
    medians = [m.total_seconds() for _, m, _ in known]
    # What is not a number breaks the line: no course is drawn through a week nobody knows.
    line = [math.nan if s.median is None else s.median.total_seconds() for s in spreads]
    axes.plot(range(len(line)), line, color=colour, linewidth=1.4, marker="o", markersize=5)
    for i, median, p90 in known:
        if p90 is not None:
            ends = (median.total_seconds(), p90.total_seconds())
            axes.vlines(i, *ends, color=colour, linewidth=1.2, alpha=0.55)
    for i, spread in enumerate(spreads):
        if spread.median is None:
            axes.text(i, 0, "too few", ha="center", va="bottom", fontsize=6, color=SOFT_INK)
    highest = max([*medians, *(p.total_seconds() for _, _, p in known if p is not None), 60.0])
    step = next((s for s in _STEPS_S if highest / s <= _MOST_TICKS), _STEPS_S[-1])
    ticks = range(step, int(highest * 1.1) + 1, step)
    axes.set_yticks([0, *ticks], ["0", *map(_say, ticks)])
    axes.set_ylim(0, highest * 1.18)
    axes.set_xlim(-0.6, len(spreads) - 0.4)


def _say(seconds: float) -> str:
    return say_duration(timedelta(seconds=seconds))


def _figure(panels: int) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (WIDTH_PX / DPI, 0.35 + _PANEL_INCHES * panels)
    figure = Figure(figsize=size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(panels, 1)


def _name(axes: Any, name: str, caption: str) -> None:
    axes.set_title(name, loc="left", fontsize=9, color=INK, weight="bold")
    axes.set_title(caption, loc="right", fontsize=7.5, color=SOFT_INK)
    axes.tick_params(labelsize=7.5, colors=SOFT_INK, length=2)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#bbbbbb")


def _count_ticks(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _dates(axes: Any, days: Sequence[date], most: int = 8) -> None:
    """Some of the days under the axis; none for a panel that stands on another."""
    step = -(-len(days) // most) or 1
    shown = list(range(0, len(days), step))
    axes.set_xticks(shown, [f"{days[i].day} {days[i]:%b}" for i in shown])


def _png(figure: Any) -> bytes:
    figure.tight_layout(h_pad=1.2)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()

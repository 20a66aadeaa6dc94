"""A picture of how a model performs: its measures on the reference, estimated and realised, and the
segments that are worse. Drawn as in `skills.pictures`."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from knowledge.performance import ESTIMATED, REALISED, Measured, PerformanceReport, say_measure
from knowledge.performance.measures import DIRECTIONLESS, ERRORS, LOWER_IS_BETTER
from skills.pictures import CURRENT_COLOUR, DPI, INK, REFERENCE_COLOUR, WIDTH_PX

ESTIMATE_COLOUR = "#0072b2"
MOST_MEASURES = 8
_ROW_INCHES = 0.34
_LEGEND_INCHES = 1.05
_GREY = "#555555"


def draw_performance(report: PerformanceReport) -> bytes:
    """A PNG; empty where there is no measure to draw."""
    names = _drawn(report)
    if not names:
        return b""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = max(len(names), len(report.slices), 3)
    height = _LEGEND_INCHES + _ROW_INCHES * rows
    figure = Figure(figsize=(WIDTH_PX / DPI, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    across = 2 if report.slices else 1
    grid = figure.subplots(1, across, squeeze=False)[0]
    _draw_measures(grid[0], report, names, rows)
    if report.slices:
        _draw_slices(grid[1], report, rows)
    top = 1 - 0.34 / height
    figure.tight_layout(rect=(0, 0, 1, top), w_pad=2.0)
    _draw_names(figure, 1 - 0.2 / height)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _drawn(report: PerformanceReport) -> list[str]:
    """The judged measure first, then others of its scale."""
    wanted = (report.judged in ERRORS,)
    alike = [
        name
        for name, measured in report.usual.items()
        if measured.known and (name in ERRORS,) == wanted and name not in DIRECTIONLESS
    ]
    if report.judged in ERRORS:
        alike = [name for name in alike if name in ("mae", "rmse") or name == report.judged]
    first = [report.judged] if report.judged in alike else []
    return [*first, *(name for name in alike if name != report.judged)][:MOST_MEASURES]


def _draw_measures(axes: Any, report: PerformanceReport, names: list[str], rows: int) -> None:
    told: tuple[tuple[Mapping[str, Measured], str, float], ...] = (
        (report.usual, REFERENCE_COLOUR, 0.2),
        (report.estimated, ESTIMATE_COLOUR, 0.0),
        (report.realised, CURRENT_COLOUR, -0.2),
    )
    for row, name in enumerate(reversed(names)):
        for measures, colour, shift in told:
            measured = measures.get(name)
            if measured is None or not measured.known:
                continue
            at = row + shift
            if measures is not report.estimated:
                axes.plot((measured.low, measured.high), (at, at), color=colour, linewidth=2.2)
            axes.plot(measured.value, at, "o", color=colour, markersize=4.5)
    for judgement in report.judgements[:1]:
        top = len(names) - 1
        axes.plot(
            (judgement.limit, judgement.limit), (top - 0.42, top + 0.42), color=INK, linewidth=1.2
        )
        lower = report.judged in LOWER_IS_BETTER
        axes.annotate(
            "worse from here", (judgement.limit, top + 0.42), xytext=(4 if lower else -4, 0),
            textcoords="offset points", ha="left" if lower else "right", va="top", fontsize=6.5,
            color=_GREY,
        )  # fmt: skip
    _dress(axes, "measures", [say_measure(name) for name in reversed(names)], rows)


def _draw_slices(axes: Any, report: PerformanceReport, rows: int) -> None:
    worst = report.slices[::-1]
    whole = worst[0].whole.value
    for row, slice_ in enumerate(worst):
        measured = slice_.measured
        axes.plot((measured.low, measured.high), (row, row), color=CURRENT_COLOUR, linewidth=2.2)
        axes.plot(measured.value, row, "o", color=CURRENT_COLOUR, markersize=4.5)
        if slice_.before is not None:
            axes.plot(slice_.before.value, row, "o", color=REFERENCE_COLOUR, markersize=4.5)
    axes.axvline(whole, color=INK, linewidth=1.2)
    axes.annotate(
        "the whole", (whole, len(worst) - 0.45), xytext=(4, 0), textcoords="offset points",
        va="top", fontsize=6.5, color=_GREY,
    )  # fmt: skip
    title = f"{say_measure(report.judged)} of segments"
    _dress(axes, title, [_short(slice_.name) for slice_ in worst], rows)


def _draw_names(figure: Any, at: float) -> None:
    """The three names in their own colours, in place of a legend's box."""
    left = 0.015
    for name, colour in (
        ("reference", "#5a5a5a"),
        (ESTIMATED, ESTIMATE_COLOUR),
        (REALISED, CURRENT_COLOUR),
    ):
        text = figure.text(left, at, name, color=colour, fontsize=9, weight="bold")
        extent = text.get_window_extent(figure.canvas.get_renderer())
        left = extent.x1 / figure.bbox.width + 0.015


def _dress(axes: Any, title: str, names: list[str], rows: int) -> None:
    """Rows of the same height in both halves, the first at the top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - rows - 0.6, len(names) - 0.2)
    axes.tick_params(axis="y", labelsize=8, colors=INK, length=0)
    axes.tick_params(axis="x", labelsize=7.5, colors=_GREY, length=2)
    axes.set_title(title, loc="left", fontsize=8.5, color=INK, pad=6)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#bbbbbb")


def _short(name: str) -> str:
    plain = name if len(name) <= 34 else name[:33] + "…"
    return plain.replace("$", r"\$")

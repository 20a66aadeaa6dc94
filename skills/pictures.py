"""Pictures for replies: PNGs drawn with matplotlib, loaded when the first one is needed.

Only the Figure API is used, never pyplot: it keeps no global state, so any thread may draw.
Colours are two of Okabe and Ito's, told apart by people who see colours differently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

REFERENCE_COLOUR = "#7a7a7a"
CURRENT_COLOUR = "#d55e00"
INK = "#222222"
WIDTH_PX, DPI = 1600, 200
"""Slack shows it about 800 wide; twice that stays sharp on fine screens."""
_COLUMNS = 2
_ROW_INCHES = 2.0
_BINS = 40
_MOST_BARS = 6


@dataclass(frozen=True)
class Panel:
    """One column: its values before and now (missing ones left out), and a line of words."""

    name: str
    caption: str
    reference: NDArray[Any]
    current: NDArray[Any]
    numeric: bool


def draw_distributions(
    panels: Sequence[Panel], names: tuple[str, str] = ("reference", "current")
) -> bytes:
    """A PNG of small multiples, reference in grey and current in orange, under these names; at
    least one panel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(_COLUMNS, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(WIDTH_PX / DPI, 0.45 + _ROW_INCHES * down), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        (_draw_numbers if panel.numeric else _draw_categories)(axes, panel)
        axes.set_title(
            _plain(_shorten(panel.name, 40)),
            loc="left",
            fontsize=9,
            color=INK,
            weight="bold",
            pad=17,
        )
        axes.text(
            0, 1.045, _plain(_shorten(panel.caption, 52)), transform=axes.transAxes, fontsize=7.5,
            color="#555555",
        )  # fmt: skip
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / (0.45 + _ROW_INCHES * down)), h_pad=1.4, w_pad=2.0)
    _label_directly(figure, names)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _label_directly(figure: Any, names: tuple[str, str]) -> None:
    """The two names in their own colours, in place of a legend's box."""
    height = figure.get_size_inches()[1]
    at = 1 - 0.2 / height
    before = figure.text(0.015, at, _plain(names[0]), color="#5a5a5a", fontsize=9, weight="bold")
    extent = before.get_window_extent(figure.canvas.get_renderer())
    figure.text(
        extent.x1 / figure.bbox.width + 0.015, at, _plain(names[1]), color=CURRENT_COLOUR,
        fontsize=9, weight="bold",
    )  # fmt: skip


def _draw_numbers(axes: Any, panel: Panel) -> None:
    """Shares per bin over the range that holds 99 % of both."""
    both = np.concatenate((panel.reference, panel.current)).astype(np.float64)
    parts = [p.astype(np.float64) for p in (panel.reference, panel.current) if len(p)]
    low = min(float(np.quantile(part, 0.005)) for part in parts)
    high = max(float(np.quantile(part, 0.995)) for part in parts)
    if low == high:
        low, high = low - 0.5, high + 0.5
    bins = _bins(both, low, high)
    for values, colour, fill in (
        (panel.reference, REFERENCE_COLOUR, 0.35),
        (panel.current, CURRENT_COLOUR, 0.25),
    ):
        if not len(values):
            continue
        shares = np.histogram(values, bins)[0] / len(values)
        axes.stairs(shares, bins, fill=True, color=colour, alpha=fill, linewidth=0)
        axes.stairs(shares, bins, color=colour, linewidth=1.3)
    axes.set_xlim(bins[0], bins[-1])
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    whole = bool(np.all(both == np.round(both)))
    axes.xaxis.set_major_locator(_ticks(whole))
    axes.xaxis.set_major_formatter(_formatter())
    axes.tick_params(axis="x", labelsize=7.5, colors="#555555", length=2)
    _strip(axes, ("top", "right", "left"))


def _bins(both: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Whole numbers get a bin each, as long as there are few of them."""
    if high - low <= _BINS and np.all(both == np.round(both)):
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0)
    return np.linspace(low, high, _BINS + 1)


def _draw_categories(axes: Any, panel: Panel) -> None:
    """The categories that moved most, largest first, a pair of bars each."""
    names, before, after = _shares(panel)
    order = np.argsort(-np.abs(after - before), kind="stable")[:_MOST_BARS]
    order = order[np.argsort(np.maximum(before, after)[order], kind="stable")]
    at = np.arange(len(order))
    for shares, colour, shift in (
        (before[order], REFERENCE_COLOUR, 0.19),
        (after[order], CURRENT_COLOUR, -0.19),
    ):
        axes.barh(at + shift, shares, height=0.34, color=colour)
        for y, share in zip(at + shift, shares, strict=True):
            axes.text(share, y, f" {share:.0%}", va="center", fontsize=6.5, color="#555555")
    axes.set_yticks(at, [_plain(_shorten(names[i], 18)) for i in order])
    axes.set_xticks([])
    axes.margins(x=0.14)
    axes.tick_params(axis="y", labelsize=7.5, colors=INK, length=0)
    _strip(axes, ("top", "right", "bottom", "left"))


def _shares(panel: Panel) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    reference = [str(v) for v in panel.reference.tolist()]
    current = [str(v) for v in panel.current.tolist()]
    names, codes = np.unique(np.array(reference + current, dtype=str), return_inverse=True)
    before = np.bincount(codes[: len(reference)], minlength=len(names)) / max(len(reference), 1)
    after = np.bincount(codes[len(reference) :], minlength=len(names)) / max(len(current), 1)
    return names.tolist(), before, after


def _ticks(whole: bool) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=whole)


def _formatter() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, position: _tick(value))


def _tick(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:.4g}{letter}"
    return f"{value:.4g}"


def _strip(axes: Any, sides: Sequence[str]) -> None:
    for side in axes.spines:
        axes.spines[side].set_visible(side not in sides)
        axes.spines[side].set_color("#bbbbbb")


def _plain(text: str) -> str:
    """A dollar sign would start a formula."""
    return text.replace("$", r"\$")


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

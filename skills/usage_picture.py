"""A small chart of what a language model was used for: tokens per day, read and written.

Drawn like `skills.stat_pictures`: matplotlib's Figure API alone, loaded when it is needed.
"""

from collections.abc import Sequence
from io import BytesIO

from knowledge.records import UseTotal
from skills.pictures import CURRENT_COLOUR, DPI, INK, REFERENCE_COLOUR, WIDTH_PX

_INCHES = 1.9
_MOST_NAMES = 8


def draw_tokens(days: Sequence[UseTotal]) -> bytes:
    """A PNG: one bar a day, what was read below what was written. At least one day."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_PX / DPI, _INCHES), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    at = list(range(len(days)))
    read = [day.tokens_in for day in days]
    axes.bar(at, read, width=0.78, color=REFERENCE_COLOUR, label="read")
    written = [day.tokens_out for day in days]
    axes.bar(at, written, width=0.78, bottom=read, color=CURRENT_COLOUR, label="written")
    axes.set_title("tokens per day", loc="left", fontsize=9, color=INK, weight="bold")
    axes.legend(frameon=False, fontsize=7, labelcolor=INK, loc="upper right", ncols=2)
    axes.set_ylim(0, 1.25 * max(r + w for r, w in zip(read, written, strict=True)) or 1)
    every = -(-len(days) // _MOST_NAMES)
    axes.set_xticks(at[::every], [day.key[5:] for day in days[::every]])
    axes.tick_params(colors=INK, labelsize=7, length=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.tight_layout()
    written_to = BytesIO()
    figure.savefig(written_to, format="png")
    return written_to.getvalue()

"""The picture of a request: by how much each metric differs, with its interval where one is known,
and which features matter to both versions. Drawn as in `skills.pictures`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_gain
from knowledge.records import Gate
from skills.cards.request_evidence import Row, shares, side_by_side
from skills.contract import Picture
from skills.pictures import CURRENT_COLOUR, DPI, INK, REFERENCE_COLOUR, WIDTH_PX

MOST_METRICS = 8
MOST_FEATURES = 8
_ROW_INCHES = 0.3
_FRAME_INCHES = 1.15
_GREY = "#555555"
_BETTER, _WORSE = "#0072b2", "#d55e00"
"""Okabe and Ito's blue and vermilion; the side of the line says the same."""


@dataclass(frozen=True)
class Gain:
    """One metric: how much better the challenger is, relative to the champion; above 0 better."""

    metric: str
    value: float
    low: float
    high: float
    """Equal to `value` where no interval is known."""


def request_picture(evidence: Evidence | None, gates: Sequence[Gate]) -> Picture | None:
    """None where there is nothing to compare."""
    if evidence is None or evidence.champion is None:
        return None
    gains = gains_of(evidence, gates)
    features = _features(evidence)
    if not gains and not features:
        return None
    old = show_version(evidence.champion.version.version)
    new = show_version(evidence.challenger.version.version)
    return Picture(
        f"{new} against {old}", _alt(gains, features, old, new), _draw(gains, features, old, new)
    )


def gains_of(evidence: Evidence, gates: Sequence[Gate]) -> tuple[Gain, ...]:
    """Only what can be compared, and whose better direction is known."""
    found = side_by_side(evidence, gates)
    if not found.comparable:
        return ()
    gains = (_gain(row) for row in found.rows)
    return tuple(gain for gain in gains if gain is not None)[:MOST_METRICS]


def _gain(row: Row) -> Gain | None:
    change, difference = row.change, row.difference
    if change.gain is None or not math.isfinite(change.gain) or not change.champion:
        return None
    if difference is None or not (math.isfinite(difference.low) and math.isfinite(difference.high)):
        return Gain(change.metric, change.gain, change.gain, change.gain)
    less_is_better = (change.challenger - change.champion) * change.gain < 0
    scale = (-1 if less_is_better else 1) / abs(change.champion)
    low, high = sorted((difference.low * scale, difference.high * scale))
    return Gain(change.metric, change.gain, low, high)


Feature = tuple[str, float, float]
"""Its name and its share of all importance, in the champion and in the challenger."""


def _features(evidence: Evidence) -> tuple[Feature, ...]:
    if evidence.champion is None:
        return ()
    old = shares(evidence.champion.details.importances)
    new = shares(evidence.challenger.details.importances)
    if not (old and new):
        return ()
    names = sorted({*old, *new}, key=lambda n: (-max(old.get(n, 0.0), new.get(n, 0.0)), n))
    return tuple((n, old.get(n, 0.0), new.get(n, 0.0)) for n in names[:MOST_FEATURES])


def _alt(gains: Sequence[Gain], features: Sequence[Feature], old: str, new: str) -> str:
    said = [f"{g.metric} {say_gain(g.value)}{_span(g)}" for g in gains]
    said += [f"{n} {before:.0%} in {old}, {after:.0%} in {new}" for n, before, after in features]
    return f"{new} compared with {old}: {'; '.join(said)}"


def _span(gain: Gain) -> str:
    return "" if gain.low == gain.high else f" ({say_gain(gain.low)} to {say_gain(gain.high)})"


def _draw(gains: Sequence[Gain], features: Sequence[Feature], old: str, new: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = max(len(gains), len(features), 2)
    height = _FRAME_INCHES + _ROW_INCHES * rows
    figure = Figure(figsize=(WIDTH_PX / DPI, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    panels = [p for p in (gains, features) if p]
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    axes = iter(grid)
    if gains:
        _draw_gains(next(axes), gains, rows, old, new)
    if features:
        _draw_features(next(axes), features, rows, old, new)
    figure.tight_layout(w_pad=2.5)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _draw_gains(axes: Any, gains: Sequence[Gain], rows: int, old: str, new: str) -> None:
    """A forest plot: a point for each metric, a line for its interval, zero as a rule."""
    for row, gain in enumerate(gains):
        at = rows - 1 - row
        colour = _BETTER if gain.value >= 0 else _WORSE
        if gain.low != gain.high:
            axes.plot((gain.low, gain.high), (at, at), color=colour, linewidth=2.2)
        axes.plot(gain.value, at, "o", color=colour, markersize=5)
    axes.axvline(0, color=INK, linewidth=1.1)
    reach = max(max(abs(g.low), abs(g.high)) for g in gains) or 0.01
    axes.set_xlim(-1.15 * reach, 1.15 * reach)
    axes.xaxis.set_major_formatter(_percent())
    axes.set_xlabel("← worse      better →", fontsize=7.5, color=_GREY)
    _dress(axes, f"{new} relative to {old}", [g.metric for g in gains], rows)


def _draw_features(axes: Any, features: Sequence[Feature], rows: int, old: str, new: str) -> None:
    """Before and after of each feature, joined."""
    for row, (_, before, after) in enumerate(features):
        at = rows - 1 - row
        axes.plot((before, after), (at, at), color="#bbbbbb", linewidth=2)
        axes.plot(before, at, "o", color=REFERENCE_COLOUR, markersize=5, clip_on=False)
        axes.plot(after, at, "o", color=CURRENT_COLOUR, markersize=5, clip_on=False)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(_percent())
    axes.set_xlabel(f"grey {old}, orange {new}", fontsize=7.5, color=_GREY)
    _dress(axes, "share of all feature importance", [name for name, _, _ in features], rows)


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0)


def _dress(axes: Any, title: str, names: Sequence[str], rows: int) -> None:
    axes.set_yticks([rows - 1 - n for n in range(len(names))], [_short(name) for name in names])
    axes.set_ylim(-0.7, rows - 0.3)
    axes.tick_params(axis="y", labelsize=8, colors=INK, length=0)
    axes.tick_params(axis="x", labelsize=7.5, colors=_GREY, length=2)
    axes.set_title(title, loc="left", fontsize=8.5, color=INK, pad=6)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#bbbbbb")


def _short(name: str) -> str:
    plain = name if len(name) <= 28 else name[:27] + "…"
    return plain.replace("$", r"\$")

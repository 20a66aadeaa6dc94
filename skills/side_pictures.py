"""The picture of a verdict: one lane for each signal, coloured from when it left its usual range,
with deploys and moves of the champion across. Order in time is what people look for first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from knowledge.model_or_infra import Side, What
from skills.contract import Picture
from skills.pictures import DPI, INK

WIDTH_INCHES = 6.0
MOST_LANES, MOST_CALM = 14, 4
"""What is in its usual range tells little: a few of them stand for the others."""
MOST_MARKS = 4
SIDE_COLOURS = {
    Side.MODEL: "#0072b2",
    Side.INFRASTRUCTURE: "#d55e00",
    Side.BOTH: "#8a4fa0",
    Side.NEITHER: "#7a7a7a",
    Side.UNKNOWN: "#7a7a7a",
}
"""Of Okabe and Ito's; the side's name stands beside each lane, so no one needs to see colours."""
_CALM = "#d9d9d9"
_SHORT = {
    Side.MODEL: "model",
    Side.INFRASTRUCTURE: "infra",
    Side.BOTH: "both",
    Side.NEITHER: "neither",
    Side.UNKNOWN: "",
}
_LANE_INCHES, _HEAD_INCHES, _FOOT_INCHES = 0.25, 0.14, 0.3
_MARK_INCHES = 0.14
_TICKS_S = (900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


@dataclass(frozen=True)
class Lane:
    """One signal."""

    name: str
    since: datetime | None
    """When it left its usual range; None: it is there still."""
    side: Side
    """What it speaks for."""


@dataclass(frozen=True)
class LaneMark:
    at: datetime
    label: str
    what: What


def lanes_picture(
    model: str, lanes: Sequence[Lane], marks: Sequence[LaneMark], start: datetime, now: datetime
) -> Picture | None:
    """None where there is no lane."""
    off, calm = (tuple(x for x in lanes if bool(x.since) is left) for left in (True, False))
    shown = (*off, *calm[:MOST_CALM])[:MOST_LANES]
    if not shown:
        return None
    near = tuple(mark for mark in marks if start <= mark.at <= now)[-MOST_MARKS:]
    return Picture(
        f"{model}: when each signal left its usual range",
        _say(shown, near),
        draw_lanes(shown, near, start, now),
    )


def draw_lanes(
    lanes: Sequence[Lane], marks: Sequence[LaneMark], start: datetime, now: datetime
) -> bytes:
    """A PNG; lanes from top to bottom as given."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    head = _HEAD_INCHES + _MARK_INCHES * len(marks)
    height = head + _LANE_INCHES * len(lanes) + _FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.27, _FOOT_INCHES / height, 0.62, _LANE_INCHES * len(lanes) / height))
    span = (start.timestamp(), now.timestamp())
    axes.set_xlim(*span)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    for row, lane in enumerate(lanes):
        _draw_lane(axes, row, lane, span)
    for row, mark in enumerate(reversed(marks)):
        _draw_mark(axes, mark, row, span, len(lanes))
    _draw_times(axes, span)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#999999")
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _draw_lane(axes: Any, row: int, lane: Lane, span: tuple[float, float]) -> None:
    off = lane.since is not None
    axes.text(
        -0.02, row, _plain(_shorten(lane.name, 26)), transform=axes.get_yaxis_transform(),
        ha="right", va="center", fontsize=8, color=INK if off else "#767676",
    )  # fmt: skip
    axes.plot(span, (row, row), color=_CALM, linewidth=2.2, solid_capstyle="butt", zorder=1)
    if lane.since is None:
        return
    since = min(max(lane.since.timestamp(), span[0]), span[1])
    colour = SIDE_COLOURS[lane.side]
    axes.plot(
        (since, span[1]), (row, row), color=colour, linewidth=8.5, solid_capstyle="butt", zorder=2
    )
    inside = span[1] - since > 0.1 * (span[1] - span[0])
    axes.text(
        since, row, f" {lane.since.astimezone(UTC):%H:%M} ", fontsize=7, va="center", zorder=4,
        color="white" if inside else "#444444", ha="left" if inside else "right",
    )  # fmt: skip
    axes.text(
        1.015, row, _SHORT[lane.side], transform=axes.get_yaxis_transform(), fontsize=7.5,
        color=colour, va="center",
    )  # fmt: skip


def _draw_mark(axes: Any, mark: LaneMark, row: int, span: tuple[float, float], lanes: int) -> None:
    at, top = mark.at.timestamp(), -0.55 - _MARK_INCHES / _LANE_INCHES * row
    colour = SIDE_COLOURS[Side.MODEL] if mark.what is What.ALIAS else INK
    axes.plot(
        (at, at), (top, lanes - 0.5), color=colour, linewidth=1.1, linestyle=(0, (3, 1.5)),
        zorder=3, clip_on=False,
    )  # fmt: skip
    right = at > (span[0] + span[1]) / 2
    text = f"{mark.at.astimezone(UTC):%H:%M} {_shorten(mark.label, 44)}"
    axes.annotate(
        _plain(text), (at, top), xytext=(-3 if right else 3, 0), textcoords="offset points",
        fontsize=7.5, color=colour, ha="right" if right else "left", va="bottom", zorder=5,
        annotation_clip=False, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
    )  # fmt: skip


def _draw_times(axes: Any, span: tuple[float, float]) -> None:
    step = next((s for s in _TICKS_S if (span[1] - span[0]) / s <= 7), _TICKS_S[-1])
    first = -(-span[0] // step) * step
    ticks = [first + i * step for i in range(8) if first + i * step <= span[1]]
    axes.set_xticks(ticks, [_tick(at, step) for at in ticks], fontsize=7.5, color="#555555")
    axes.tick_params(length=2, color="#999999")
    axes.text(
        1.015, -0.02, "UTC", transform=axes.transAxes, fontsize=7.5, color="#555555", va="top"
    )


def _tick(at: float, step: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%a} {moment.day}" if step >= 86400 else f"{moment:%H:%M}"


def _say(lanes: Sequence[Lane], marks: Sequence[LaneMark]) -> str:
    left = [f"{lane.name} since {lane.since:%H:%M}" for lane in lanes if lane.since is not None]
    said = "Out of their usual range: " + ", ".join(left) if left else "All is in its usual range"
    happened = "".join(f"; {mark.at:%H:%M} {mark.label}" for mark in marks)
    return f"{said}{happened}. Times are UTC."


def _plain(text: str) -> str:
    """A dollar sign would start a formula."""
    return text.replace("$", r"\$")


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

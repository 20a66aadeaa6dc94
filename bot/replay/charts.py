"""The report's drawings, as SVG that takes its colours from the page."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH, HEIGHT = 960, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 54, 28
_MOST_BARS = 240
_MOST_NUMBERED = 60
"""Cards that are drawn with their number; more of them are drawn as ticks."""
_ROWS = 3
"""Numbers that would cover each other are set one under the other."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440, 2880, 10080, 20160, 43200)
"""Minutes between two marks of the time axis."""
_MOST_MARKS = 10


@dataclass(frozen=True)
class _Scale:
    """Minutes since 1970 and counts to places in the drawing."""

    first: int
    last: int
    most: float

    def x(self, minute: float) -> float:
        span = max(1, self.last - self.first)
        return _LEFT + (minute - self.first) / span * (WIDTH - _LEFT - _RIGHT)

    def y(self, count: float) -> float:
        return HEIGHT - _BOTTOM - count / self.most * (HEIGHT - _TOP - _BOTTOM)


def timeline(arrivals: Mapping[int, int], cards: Sequence[datetime]) -> str:
    """Alerts as they were delivered, over time, with a mark where each card came."""
    if not arrivals:
        return ""
    first, last = min(arrivals), max(arrivals) + 1
    width = math.ceil((last - first) / _MOST_BARS)
    bars = Counter[int]()
    for minute, count in arrivals.items():
        bars[first + (minute - first) // width * width] += count
    scale = _Scale(first, max(last, first + width), nice(max(bars.values())))
    each = "minute" if width == 1 else f"{width} minutes"
    parts = [
        *_counts(scale),
        *_times(scale),
        *(_bar(scale, minute, count, width) for minute, count in sorted(bars.items())),
        *_marks(scale, cards),
        f'<text class="axis" x="{_LEFT}" y="12">alerts delivered in each {each}; '
        "numbered marks: cards</text>",
    ]
    label = f"{sum(bars.values()):,} alerts over time and the {len(cards)} cards made of them"
    box = f"0 0 {WIDTH} {HEIGHT}"
    return f'<svg viewBox="{box}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def nice(count: float) -> float:
    """The end of an axis: 1, 2 or 5 times a power of ten, not below `count`."""
    power = 10 ** math.floor(math.log10(max(1, count)))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= count))


def _bar(scale: _Scale, minute: int, count: int, width: int) -> str:
    left, right = scale.x(minute), min(scale.x(minute + width), WIDTH - _RIGHT)
    top = scale.y(count)
    wide = max(0.8, (right - left) * 0.86)
    tall = HEIGHT - _BOTTOM - top
    when = _clock(minute, "%d %b %H:%M")
    return (
        f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
        f'height="{tall:.1f}"><title>{when}: {count:,}</title></rect>'
    )


def _counts(scale: _Scale) -> Iterator[str]:
    for share in (0, 0.5, 1):
        count, y = scale.most * share, scale.y(scale.most * share)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        if count == int(count):
            yield (
                f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                f"{count:,.0f}</text>"
            )


def _times(scale: _Scale) -> Iterator[str]:
    span = scale.last - scale.first
    step = next((s for s in _STEPS if span / s <= _MOST_MARKS), math.ceil(span / _MOST_MARKS))
    shape = "%H:%M" if span <= 1440 else "%d %b %H:%M" if step < 1440 else "%d %b"
    for minute in range(-(-scale.first // step) * step, scale.last + 1, step):
        x = scale.x(minute)
        anchor = "end" if x > WIDTH - 45 else "middle"
        yield (
            f'<text class="axis" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">'
            f"{_clock(minute, shape)}</text>"
        )


def _marks(scale: _Scale, cards: Sequence[datetime]) -> Iterator[str]:
    ends = [-math.inf] * _ROWS
    for number, at in enumerate(cards, start=1):
        x = scale.x(min(max(at.timestamp() / 60, scale.first), scale.last))
        row = next((i for i, end in enumerate(ends) if x - end > 18), number % _ROWS)
        ends[row] = x
        y = 26 + 9 * row if len(cards) > _MOST_NUMBERED else 24 + 11 * row
        yield f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{HEIGHT - _BOTTOM}"/>'
        if len(cards) <= _MOST_NUMBERED:
            yield (
                f'<circle class="dot" cx="{x:.1f}" cy="{y}" r="7.5"/>'
                f'<text class="number" x="{x:.1f}" y="{y + 3.5}">{number}</text>'
            )


def _clock(minute: float, shape: str) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime(shape)

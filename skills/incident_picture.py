"""An incident's life as a small picture: how many alerts fired in each minute, and what was done.

Drawn with Pillow, in milliseconds: a card may be drawn after every batch of a storm. The colours
are legible on light and dark grounds, and the ground is transparent. It shows whole steps of time
only, so that a card's picture changes once in a step and not with every alert.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING

from knowledge.durations import say_duration
from knowledge.incidents import TANDEM, counted, start_is_unknown
from knowledge.records import AlertRecord, Incident, Signal
from skills.cards.wording import count
from skills.contract import Picture

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1200, 240
"""Pixels: Slack shows it about half as wide, which stays sharp on fine screens."""
BAR, MARK, INK = (224, 108, 0), (0, 140, 200), (128, 132, 138)
"""Orange, blue and grey of middle lightness: legible on white and on Slack's dark ground."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 44, 36
_FONT_PX = 22
_MOST_BINS = 60
_LEAST_BINS = 2
_EARLY = timedelta(minutes=10)
"""What fired longer before the incident was opened is not drawn."""
_STEPS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440))
_MARKS = {
    "opened": "opened",
    "acknowledged": "ack",
    "merged": "merged",
    "split": "split",
    "reopened": "reopened",
    "resolved": "resolved",
}


@dataclass(frozen=True)
class Life:
    """What is drawn: counts in steps of `step` from `start`, and marks at times."""

    start: datetime
    step: timedelta
    firing: tuple[int, ...]
    marks: tuple[tuple[datetime, str], ...]

    @property
    def end(self) -> datetime:
        return self.start + self.step * len(self.firing)


def incident_picture(
    incident: Incident, now: datetime, records: Sequence[AlertRecord] = ()
) -> Picture | None:
    """None while there is too little to see. `records`: the incident's alerts from the history,
    which know those that a storm's incident let go of."""
    life = life_of(incident, now, records)
    if life is None:
        return None
    return Picture("", _in_words(life), draw_life(life))


def life_of(incident: Incident, now: datetime, records: Sequence[AlertRecord] = ()) -> Life | None:
    """The counts up to the end of the last whole step before `now`, or before the end of the
    incident's last alert when it is over."""
    signals = _signals(incident, records)
    if not signals:
        return None
    earliest = min(s.starts_at for s in signals)
    start = max(min(earliest, incident.opened_at), incident.opened_at - _EARLY)
    until = now if incident.resolved_at is None else min(now, incident.resolved_at)
    step = _step(until - start)
    start = _floor(start, step)
    # A step that is not over would be drawn anew with every alert.
    bins = int((until - start) // step) + (0 if incident.is_open else 1)
    if bins < _LEAST_BINS:
        return None
    # What begins and what ends in each step; their running sum is what fires.
    turns = [0] * (bins + 1)
    for signal in signals:
        fired = _bins(signal, start, step, bins)
        if fired:
            turns[fired.start] += 1
            turns[fired.stop] -= 1
    return Life(
        start, step, tuple(accumulate(turns[:-1])), _marks(incident, start, start + step * bins)
    )


@lru_cache(maxsize=64)
def draw_life(life: Life) -> bytes:
    """A PNG of WIDTH x HEIGHT with a transparent ground."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.font = ImageFont.load_default(_FONT_PX)
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    base, most = HEIGHT - _BOTTOM, max(*life.firing, 1)
    each = width / len(life.firing)
    gap = 2 if each >= 8 else 0
    for number, firing in enumerate(life.firing):
        if firing:
            left = _LEFT + number * each
            top = base - max(round(height * firing / most), 2)
            draw.rectangle((left, top, left + each - 1 - gap, base - 1), fill=BAR)
    draw.line((_LEFT, base, WIDTH - _RIGHT, base), fill=INK, width=2)
    _draw_marks(draw, life, width, base)
    _draw_scale(draw, life, most, base)
    out = BytesIO()
    # The fastest compression: a quarter of the time for some kilobytes more.
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _draw_marks(draw: "ImageDraw", life: Life, width: int, base: int) -> None:
    """Lines with a word above; a word that would cover the one before it is left out."""
    free_from = 0.0
    span = life.end - life.start
    for at, word in life.marks:
        x = _LEFT + width * ((at - life.start) / span)
        for top in range(_TOP - 6, base, 12):
            draw.line((x, top, x, min(top + 6, base)), fill=MARK, width=3)
        long = draw.textlength(word)
        left = min(max(x - long / 2, _LEFT), WIDTH - _RIGHT - long)
        if left >= free_from:
            draw.text((left, 8), word, fill=MARK)
            free_from = left + long + 14


def _draw_scale(draw: "ImageDraw", life: Life, most: int, base: int) -> None:
    """The first and the last moment, and what the highest bar stands for."""
    same_day = life.start.date() == life.end.date()
    form = "%H:%M" if same_day else "%m-%d %H:%M"
    first, last = f"{life.start:{form}}", f"{life.end:{form}} UTC"
    peak = f"peak: {count(most, 'alert')} firing"
    draw.text((_LEFT, base + 6), first, fill=INK)
    draw.text((WIDTH / 2 - draw.textlength(peak) / 2, base + 6), peak, fill=INK)
    draw.text((WIDTH - _RIGHT - draw.textlength(last), base + 6), last, fill=INK)


def _signals(incident: Incident, records: Sequence[AlertRecord]) -> tuple[Signal, ...]:
    own = counted(incident.signals)
    known = {(s.fingerprint, s.starts_at) for s in own}
    let_go = (
        r.signal
        for r in records
        if (r.signal.fingerprint, r.signal.starts_at) not in known
        and not start_is_unknown(r.signal)
    )
    return (*own, *let_go)


def _bins(signal: Signal, start: datetime, step: timedelta, bins: int) -> range:
    """The steps in which it fired."""
    first = max(int((signal.starts_at - start) // step), 0)
    if signal.ends_at is None:
        return range(first, bins)
    if signal.ends_at < start:
        return range(0)
    return range(first, min(int((signal.ends_at - start) // step) + 1, bins))


def _step(span: timedelta) -> timedelta:
    return next((step for step in _STEPS if span / step <= _MOST_BINS), _STEPS[-1])


def _floor(at: datetime, step: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // step * step


def _marks(incident: Incident, start: datetime, end: datetime) -> tuple[tuple[datetime, str], ...]:
    """To the minute, so that the picture stays the same."""
    found = sorted(set(_told(incident)))
    return tuple((max(at, start), word) for at, word in found if start - _EARLY <= at <= end)


def _told(incident: Incident) -> Iterator[tuple[datetime, str]]:
    for event in incident.timeline:
        # Only the last resolution ends it; what reopened on its own shows as a gap.
        word = _MARKS.get(event.kind)
        machine_flaps = event.kind in ("resolved", "reopened") and event.actor == TANDEM
        last = event.at == incident.resolved_at
        if word and (not machine_flaps or last):
            yield event.at.replace(second=0, microsecond=0), word


def _in_words(life: Life) -> str:
    most = max(life.firing)
    peak = life.start + life.step * life.firing.index(most)
    marks = ", ".join(f"{word} {at:%H:%M}" for at, word in life.marks)
    return (
        f"Alerts firing from {life.start:%H:%M} to {life.end:%H:%M} UTC in steps of "
        f"{say_duration(life.step)}: at most {most:,} at {peak:%H:%M}, {life.firing[-1]:,} at the "
        f"end" + (f"; {marks}" if marks else "")
    )

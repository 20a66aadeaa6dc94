"""Pure: who is on call when, from layers of people who take turns, and from overrides.

A later layer covers the earlier ones wherever it applies, and overrides cover all layers. Times go
in and come out in UTC; hand-overs happen at the wall clock of the layer's own time zone, so a week
that begins on Monday at nine does so before and after the clocks change.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class Turn:
    """`person` is on call from `start` until just before `end`; both in UTC."""

    person: str
    start: datetime
    end: datetime


class Turns(Protocol):
    """Where turns come from: a rotation in a file, a calendar."""

    def turns(self, start: datetime, end: datetime) -> Sequence[Turn]:
        """The turns within [start, end), cut to it, in order and without overlap. Raises
        Unavailable where a calendar cannot be read."""
        ...


@dataclass(frozen=True)
class Layer:
    """People who take turns of one length, all day or on some days and hours only."""

    people: tuple[str, ...]
    start: datetime
    """The first hand-over, in the layer's own time zone; before it nobody is on call."""
    length: timedelta
    until: datetime | None = None
    days: frozenset[int] = EVERY_DAY
    """Days of the week on which it applies, Monday is 0."""
    hours: tuple[time, time] | None = None
    """From and to, by the layer's clock; may go past midnight. None: the whole day."""

    def turns(self, start: datetime, end: datetime) -> list[Turn]:
        """As `Turns.turns`."""
        first = self.start.astimezone(UTC)
        last = min(end, self.until.astimezone(UTC)) if self.until else end
        whole = list(self._shifts(max(start, first), last))
        if self.days == EVERY_DAY and self.hours is None:
            return whole
        windows = list(self._windows(start, last))
        return [
            cut
            for turn in whole
            for window in windows
            if (cut := _within(turn, *window)) is not None
        ]

    def _shifts(self, start: datetime, end: datetime) -> Iterator[Turn]:
        number = self._number(start)
        while (begins := self._begins(number)) < end:
            turn = Turn(self.people[number % len(self.people)], begins, self._begins(number + 1))
            cut = _within(turn, start, end)
            if cut is not None:
                yield cut
            number += 1

    def _begins(self, number: int) -> datetime:
        """Whole days go by the wall clock, anything else by the time that passes."""
        if self.length % DAY:
            return self.start.astimezone(UTC) + number * self.length
        wall = self.start.replace(tzinfo=None) + number * self.length
        return wall.replace(tzinfo=self.start.tzinfo).astimezone(UTC)

    def _number(self, at: datetime) -> int:
        """Which turn holds at that moment: a guess, put right where the clocks have changed."""
        number = (at - self.start.astimezone(UTC)) // self.length
        while self._begins(number) > at:
            number -= 1
        while self._begins(number + 1) <= at:
            number += 1
        return number

    def _windows(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of [start, end) in which the layer applies."""
        zone = self.start.tzinfo
        since, to = self.hours or (time(), time())
        day = start.astimezone(zone).date() - DAY
        while day <= end.astimezone(zone).date():
            if day.weekday() in self.days:
                closes = day if since < to else day + DAY
                yield self._at(day, since), self._at(closes, to)
            day += DAY

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.start.tzinfo).astimezone(UTC)


@dataclass(frozen=True)
class Rotation:
    """Layers and overrides: the `Turns` of a file."""

    layers: tuple[Layer, ...]
    overrides: tuple[Turn, ...] = ()

    def turns(self, start: datetime, end: datetime) -> list[Turn]:
        found: list[Turn] = []
        for layer in self.layers:
            found = overlay(found, layer.turns(start, end))
        for override in self.overrides:
            cut = _within(override, start, end)
            found = overlay(found, [cut]) if cut is not None else found
        return joined(found)


def overlay(lower: Sequence[Turn], upper: Sequence[Turn]) -> list[Turn]:
    """Both, where the upper one wins; in order and without overlap, as each of them is."""
    left = list(lower)
    for turn in upper:
        left = [piece for old in left for piece in _without(old, turn)]
    return sorted([*left, *upper], key=lambda turn: turn.start)


def joined(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of one person that follow each other without a gap become one."""
    found: list[Turn] = []
    for turn in turns:
        if found and found[-1].person == turn.person and found[-1].end == turn.start:
            found[-1] = replace(found[-1], end=turn.end)
        else:
            found.append(turn)
    return found


def _without(old: Turn, gone: Turn) -> Iterator[Turn]:
    if gone.start >= old.end or gone.end <= old.start:
        yield old
        return
    if old.start < gone.start:
        yield replace(old, end=gone.start)
    if gone.end < old.end:
        yield replace(old, start=gone.end)


def _within(turn: Turn, start: datetime, end: datetime) -> Turn | None:
    """The part of a turn that lies in [start, end)."""
    begins, ends = max(turn.start, start), min(turn.end, end)
    return replace(turn, start=begins, end=ends) if begins < ends else None

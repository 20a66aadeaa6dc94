"""Counters: series that only rise, and start anew when their process does."""

import math

_ENOUGH = 200
"""Points before it is decided."""
_RISING = 0.6
_RESET = 0.5
"""A fall below this share of the value before is a new start; a lesser one is no counter's."""


class Counter:
    """Tells whether a series is a counter, and turns it into what it counts by the step."""

    __slots__ = ("_at", "_falls", "_points", "_rises", "_value", "is_counter")

    def __init__(self) -> None:
        self.is_counter = False
        self._points = self._rises = self._falls = 0
        self._at = self._value = math.nan

    def follow(self, value: float) -> bool:
        """Take one more value; does it change whether this is a counter?"""
        before = self._value
        self._points += 1
        if value > before:
            self._rises += 1
        elif value < before and not value < _RESET * before:
            self._falls += 1
        was = self.is_counter
        if self._points == _ENOUGH:
            self.is_counter = not self._falls and self._rises > _RISING * _ENOUGH
        elif was and self._falls:
            self.is_counter = False
        return was != self.is_counter

    def change(self, at: float, value: float, step: float) -> float:
        """What there is to judge: the value itself, or what a counter rose by in one step.

        NaN after a reset and for a repeated stamp: nobody knows what it rose by.
        """
        gap, rise = at - self._at, value - self._value
        self._at, self._value = at, value
        if not self.is_counter:
            return value
        return rise / gap * step if gap > 0 and rise >= 0 else math.nan

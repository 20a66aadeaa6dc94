"""The last points of a series, as a monitor saw them: what its picture is drawn from."""

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Trace

LAST_POINTS = 240
_FIRST_ROOM = 16
_POINT = np.dtype(
    [("at", "<f8"), ("value", "<f8"), ("low", "<f8"), ("high", "<f8"), ("score", "<f8")]
)


class Ring:
    """At most `most` points; room for them is taken as they come, since most series are never
    drawn and thousands are watched."""

    __slots__ = ("_count", "_most", "_points")

    def __init__(self, most: int = LAST_POINTS) -> None:
        self._most = most
        self._points = np.empty(min(_FIRST_ROOM, most), _POINT)
        self._count = 0

    def add(self, at: float, value: float, low: float, high: float, score: float) -> None:
        """Epoch seconds, the value, the band held to be normal (NaN: none), the score in 0-1."""
        room = len(self._points)
        if self._count >= room and room < self._most:
            self._points = np.resize(self._points, min(2 * room, self._most))
        self._points[self._count % self._most] = (at, value, low, high, score)
        self._count += 1

    def trace(self, labels: Mapping[str, str]) -> Trace:
        """A copy, oldest first."""
        points = self._in_order()
        return Trace(
            labels,
            points["at"].copy(),
            points["value"].copy(),
            points["low"].copy(),
            points["high"].copy(),
            points["score"].copy(),
        )

    def pack(self) -> bytes:
        return zlib.compress(self._in_order().tobytes(), 1)

    @classmethod
    def unpack(cls, packed: bytes) -> "Ring":
        """Raises ValueError when it was not packed by `pack`."""
        try:
            points = np.frombuffer(zlib.decompress(packed), _POINT)
        except zlib.error as error:
            raise ValueError("the points are damaged") from error
        ring = cls()
        ring._count = min(len(points), ring._most)
        ring._points = points[-ring._most :].copy()
        if not ring._count:
            ring._points = np.empty(_FIRST_ROOM, _POINT)
        return ring

    def _in_order(self) -> NDArray[np.void]:
        if self._count <= self._most:
            return self._points[: self._count]
        return np.roll(self._points, -(self._count % self._most))

    def __len__(self) -> int:
        return min(self._count, self._most)

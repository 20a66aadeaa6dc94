"""What the engine tells of itself; `bot.metrics` shows it at /metrics."""

from typing import Protocol


class PollMeters(Protocol):
    def polled(self, monitor: str, outcome: str, late_s: float | None = None) -> None:
        """`outcome` is "ok" or "failed"; `late_s` seconds after it was due."""
        ...

    def skipped(self, source: str, count: int) -> None:
        """So many readings were left out, since those before them were not over."""
        ...

    def source(self, name: str, is_up: bool) -> None: ...

    def spent(self, kind: str, seconds: float) -> None:
        """What one request to a source ("metric") or one look at a model ("model") took, with
        what was decided from it."""
        ...


class NoMeters:
    """Tells nobody."""

    def polled(self, monitor: str, outcome: str, late_s: float | None = None) -> None: ...

    def skipped(self, source: str, count: int) -> None: ...

    def source(self, name: str, is_up: bool) -> None: ...

    def spent(self, kind: str, seconds: float) -> None: ...

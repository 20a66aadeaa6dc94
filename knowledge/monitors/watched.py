"""A monitor as it runs."""

from dataclasses import dataclass
from datetime import datetime

from knowledge.monitors.spec import AnyMonitor


@dataclass(frozen=True)
class Watched:
    """One monitor and how it is doing."""

    key: str
    """"metric:checkout-p99", "model:fraud"."""
    monitor: AnyMonitor
    """As it holds now: the file's, or as people changed it."""
    made_by: str = ""
    """Who made or changed it in chat; empty: it is as in the file."""
    last_polled: datetime | None = None
    problem: str = ""
    """Why the last poll failed; empty when it did not."""
    firing: int = 0
    """Series (or findings of a model) that are not normal now."""
    series: int = 0
    """Series of the last answer."""
    paused: bool = False
    paused_until: datetime | None = None
    """None while paused: until somebody resumes it."""
    sure: float = 0.5
    """The score from which it fires, raised or not."""
    not_useful: int = 0
    """How often people said so of its findings in the last 30 days."""

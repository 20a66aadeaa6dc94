"""What a monitor remembers between two polls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from knowledge.monitors.judge import Judge
from knowledge.monitors.ring import Ring
from knowledge.monitors.spec import AnyMonitor, MetricMonitor
from knowledge.records import Signal

SOURCE = "monitor"
USUAL_OF = 7
"""How many earlier windows say how many rows are usual."""


@dataclass(frozen=True)
class Watch:
    """One thing watched: a series, a monitor's silence, a model's drift or its data quality.

    `since`: since when it is beyond the limit; `back_since`: since when it is back, while it
    still counts as firing; `fired`: the signal that was told, until it is resolved; `ended`: when
    its last episode was over, and `flaps`: how many followed soon on another.
    """

    since: datetime | None = None
    back_since: datetime | None = None
    fired: Signal | None = None
    ended: datetime | None = None
    flaps: int = 0


@dataclass(slots=True)
class Followed:
    """One series that a metric monitor follows: what was learned of it, and its last points.

    It changes in place, since it is fed at every poll.
    """

    labels: Mapping[str, str]
    seen: datetime
    """When it last had a value."""
    judge: Judge | None = None
    packed: bytes = b""
    """What a judge knew before a restart, until the first poll makes a judge of it."""
    ring: Ring = field(default_factory=Ring)


@dataclass(frozen=True)
class MonitorState:
    """All that a monitor remembers between two polls; by fingerprint.

    What is in `series` changes in place: a state that has been decided upon is taken over by the
    one that comes of it, and must not be used again.
    """

    watches: Mapping[str, Watch] = field(default_factory=dict)
    last_data: datetime | None = None
    drifted: tuple[bool, ...] = ()
    broken: tuple[bool, ...] = ()
    rows: tuple[int, ...] = ()
    """Rows of the last windows, for what is usual."""
    votes: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)
    """Of a model: whether the last windows had a finding of that kind, oldest first."""
    version: str = ""
    """Of a model: the version that answered most of the last window."""
    series: Mapping[str, Followed] = field(default_factory=dict)
    """Of a metric."""
    polled_at: datetime | None = None
    about: str = ""
    """A digest of what the metric monitor asks and how: another one makes it learn anew."""
    longest_hole: timedelta = timedelta(0)
    """The longest time that a metric gave no data and then some again."""
    left_out: int = 0
    """Series of the last answer that were too many to be followed."""


def fingerprint(*parts: str) -> str:
    """Stable across restarts and machines."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def state_key(monitor: AnyMonitor) -> str:
    return f"{'metric' if isinstance(monitor, MetricMonitor) else 'model'}:{monitor.name}"


def recall(monitor: AnyMonitor, open_signals: Iterable[Signal]) -> MonitorState:
    """The state after a restart: what open incidents say is firing counts as told."""
    mine = [
        signal
        for signal in open_signals
        if signal.source == SOURCE
        and signal.firing
        and signal.labels.get("monitor") == state_key(monitor)
    ]
    watches = {s.fingerprint: Watch(since=s.starts_at, fired=s) for s in mine}
    return MonitorState(watches, last_data=max((s.received_at for s in mine), default=None))

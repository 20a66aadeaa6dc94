"""What systems tell of themselves beside metrics: log lines and spans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class LogLine:
    """One line of a log."""

    at: datetime
    service: str
    text: str
    level: str = ""
    """Lower case: "error", "warning", "info" ...; empty where the source does not say."""
    pod: str = ""
    trace: str = ""
    """The id of the trace it belongs to."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """One operation of one request. Spans of one `trace` hang together by `parent`."""

    trace: str
    id: str
    parent: str
    """The calling span's id; empty at the root."""
    service: str
    operation: str
    start: datetime
    seconds: float
    failed: bool = False
    kind: str = ""
    """"server", "client", "internal", "producer", "consumer" or empty."""
    pod: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

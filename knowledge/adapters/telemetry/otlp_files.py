"""Files as the OpenTelemetry Collector's file exporter writes them: JSON lines of traces, logs and
metrics, plain text.

They are read anew for each question, the newest first and no more than a bound: it is meant for
what a small set-up keeps, or for a recording of an incident.
"""

import glob
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from knowledge.adapters.telemetry.asking import log_failure
from knowledge.adapters.telemetry.otlp import Point, read_lines, read_points, read_spans
from knowledge.adapters.telemetry.otlp_signals import signals_of
from knowledge.adapters.telemetry.times import nanoseconds
from knowledge.adapters.telemetry.traces import whole_traces
from knowledge.errors import Unavailable, UserError
from knowledge.records import LogLine, Series, Span

MOST_BYTES = 64 * 2**20
"""Read for one question, over all files."""
LATE = timedelta(minutes=5)
"""A span is written when it has ended, and a batch a little later: files that were changed last
before that hold nothing of the time that is asked for."""

log = logging.getLogger(__name__)


class OtlpFiles:
    """`ports.Logs` and `ports.Traces`, and signals of services."""

    def __init__(
        self, patterns: Sequence[str], most_bytes: int = MOST_BYTES, name: str = "OTLP files"
    ) -> None:
        self.name = name
        self._patterns = tuple(patterns)
        self._most_bytes = most_bytes

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        found = [
            line
            for batch in self._batches("resourceLogs", start, service)
            for line in read_lines(batch)
            if line.service == service and start <= line.at < end
        ]
        return sorted(found, key=lambda line: line.at, reverse=True)[:limit]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        newest = self._traces(service, start, end, limit)

        def wanted(of: str, span: Mapping[str, Any]) -> bool:
            return span.get("traceId") in newest

        batches = self._batches("resourceSpans", start)
        spans = (span for batch in batches for span in read_spans(batch, wanted))
        return whole_traces(spans, service, start, end, limit)

    def signals(
        self,
        services: Sequence[str],
        start: datetime,
        end: datetime,
        step_s: float = 60.0,
        note: Callable[[str], None] = log_failure,
    ) -> dict[str, dict[str, Series]]:
        wanted = set(services)
        first, last = start.timestamp() - 2 * step_s, end.timestamp()
        points: dict[str, list[Point]] = {}
        for batch in self._batches("resourceMetrics", start):
            for point in read_points(batch):
                if point.service in wanted and first <= point.at < last:
                    points.setdefault(point.service, []).append(point)
        made = {
            service: signals_of(known, start.timestamp(), last, step_s)
            for service, known in points.items()
        }
        return {service: signals for service, signals in made.items() if signals}

    def check(self, at: datetime) -> None:
        """Raises UserError where no file fits, or one holds something else."""
        files = self._files(datetime.fromtimestamp(0, UTC))
        if not files:
            raise UserError(f"otlp.files: no file fits {', '.join(self._patterns)}.")
        line = next(iter(_tail(files[0], 2**20)), b"{}")
        if not _KEYS & _parse(line).keys():
            raise UserError(f"otlp.files: {files[0]} holds no OTLP JSON lines.")

    def close(self) -> None:
        """Nothing is kept open."""

    def _traces(self, service: str, start: datetime, end: datetime, most: int) -> frozenset[str]:
        """The newest traces that the service takes part in, by their ids as they are written."""
        first, last = nanoseconds(start), nanoseconds(end)
        found: dict[str, int] = {}

        def note(of: str, span: Mapping[str, Any]) -> bool:
            at = str(span.get("startTimeUnixNano") or "")
            if of == service and at.isdecimal() and first <= int(at) < last:
                trace = str(span.get("traceId"))
                found[trace] = max(found.get(trace, 0), int(at))
            return False

        for batch in self._batches("resourceSpans", start, service):
            deque(read_spans(batch, note), maxlen=0)
        return frozenset(sorted(found, key=lambda trace: -found[trace])[:most])

    def _batches(self, key: str, start: datetime, about: str = "") -> Iterator[Any]:
        """What is under `key` in each line, of lines that mention `about`; newest files first."""
        mention = json.dumps(about)[1:-1].encode() if about.isascii() else b""
        left = self._most_bytes
        for file in self._files(start - LATE):
            if left <= 0:
                log.warning("telemetry: of the OTLP files the newest %d bytes", self._most_bytes)
                return
            for line in _tail(file, left):
                left -= len(line)
                if key.encode() in line and mention in line:
                    yield _parse(line).get(key)

    def _files(self, since: datetime) -> list[Path]:
        """Changed since then, newest first."""
        named = {p for pattern in self._patterns for p in glob.glob(pattern, recursive=True)}
        dated = []
        for name in named:
            try:
                changed = Path(name).stat().st_mtime
            except FileNotFoundError:
                # The Collector has rotated it away meanwhile.
                continue
            if changed >= since.timestamp() and Path(name).is_file():
                dated.append((changed, name))
        return [Path(name) for _, name in sorted(dated, reverse=True)]


_KEYS = {"resourceSpans", "resourceLogs", "resourceMetrics"}


def _tail(file: Path, most_bytes: int) -> Iterator[bytes]:
    """The lines of a file's last bytes. Raises Unavailable for one that cannot be read."""
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(max(0, size - most_bytes))
            if size > most_bytes:
                opened.readline()
            yield from opened
    except OSError as error:
        raise Unavailable("OTLP files", f"{file} cannot be read: {error.strerror}") from error


def _parse(line: bytes) -> Mapping[str, Any]:
    """Empty for what is no JSON object: the last line may still be in the writing."""
    try:
        read = orjson.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, Mapping) else {}

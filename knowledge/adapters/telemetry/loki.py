"""Log lines of a Loki, by its HTTP API: GET /loki/api/v1/query_range."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from knowledge.adapters.telemetry.asking import Asker, known_shape
from knowledge.adapters.telemetry.levels import level_of
from knowledge.adapters.telemetry.template import fill, is_name
from knowledge.adapters.telemetry.times import from_nanoseconds, nanoseconds
from knowledge.errors import Unavailable
from knowledge.records import LogLine

PAGE = 1000
"""Lines of one answer; Loki itself allows 5,000 unless it is told otherwise."""
MOST_PAGES = 10

_LEVEL = ("level", "detected_level", "severity", "severity_text", "lvl")
_POD = ("pod", "k8s_pod_name", "pod_name", "instance")
_TRACE = ("trace_id", "traceid", "traceID", "traceId", "trace")


class Loki:
    """`ports.Logs`."""

    def __init__(self, asker: Asker, query: str) -> None:
        """`query` is a template (`knowledge.adapters.telemetry.template`)."""
        self._asker = asker
        self.name = asker.system
        self._query = query

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        if not is_name(service):
            return []
        query = fill(self._query, service, (end - start).total_seconds())
        found: dict[tuple[int, str, str], LogLine] = {}
        until, asked = nanoseconds(end), min(PAGE, limit)
        for _ in range(MOST_PAGES):
            page = self._page(query, service, nanoseconds(start), until, asked)
            new = {key: line for key, line in page.items() if key not in found}
            found |= dict(islice(new.items(), limit - len(found)))
            if len(page) < asked or len(found) >= limit or not new:
                break
            # Lines of the last nanosecond may go on: ask for that one again.
            until = min(at for at, _, _ in page) + 1
        return [found[key] for key in sorted(found, key=lambda key: key[0], reverse=True)]

    def check(self, at: datetime) -> None:
        """Asks its query once. Raises Unavailable with Loki's words."""
        query = fill(self._query, "tandem-doctor", 60)
        self._page(query, "", nanoseconds(at - timedelta(minutes=1)), nanoseconds(at), 1)

    def close(self) -> None:
        self._asker.close()

    def _page(
        self, query: str, service: str, start: int, end: int, limit: int
    ) -> dict[tuple[int, str, str], LogLine]:
        """Newest first, by time, stream and text, which together tell a line from others."""
        answer = self._asker.get(
            "/loki/api/v1/query_range",
            {"query": query, "start": start, "end": end, "limit": limit, "direction": "backward"},
        )
        data = answer.get("data")
        if not isinstance(data, Mapping) or data.get("resultType") != "streams":
            why = "its query gives no log lines; write a selector of streams"
            raise Unavailable(self._asker.system, why, retry=False)
        keyed = {}
        with known_shape(self._asker.system):
            for stream in data.get("result") or ():
                labels = {str(k): str(v) for k, v in (stream.get("stream") or {}).items()}
                for value in stream.get("values") or ():
                    at, line = _line(value, labels, service)
                    keyed[at, line.text, repr(labels)] = line
        return dict(sorted(keyed.items(), key=lambda item: item[0][0], reverse=True))


def _line(value: Any, stream: Mapping[str, str], service: str) -> tuple[int, LogLine]:
    """[time, text], and in newer versions a third part: what belongs to the line alone."""
    at, text, *more = value
    own: dict[str, str] = {}
    for part in more:
        # Either all of it, or in groups ("structuredMetadata", "parsed").
        groups = [g for g in part.values() if isinstance(g, Mapping)] or [part]
        own |= {str(k): str(v) for group in groups for k, v in group.items()}
    labels = {**stream, **own}
    return int(at), LogLine(
        at=from_nanoseconds(int(at)),
        service=service,
        text=str(text),
        level=level_of(_first(labels, _LEVEL)),
        pod=_first(labels, _POD),
        trace=_first(labels, _TRACE),
        labels=labels,
    )


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")

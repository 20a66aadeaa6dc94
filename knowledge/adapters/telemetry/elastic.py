"""Log lines of an Elasticsearch or OpenSearch: POST /<index>/_search."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote

from knowledge.adapters.telemetry.asking import Asker, known_shape
from knowledge.adapters.telemetry.levels import level_of
from knowledge.adapters.telemetry.otlp import LONGEST_LABEL, MOST_LABELS
from knowledge.adapters.telemetry.template import is_name
from knowledge.records import LogLine

MOST_HITS = 10_000
"""Of one search: index.max_result_window as it is shipped."""
SEARCH_FOR = "10s"
"""After this, Elasticsearch answers with what it has found so far."""
_LEVEL = ("log.level", "level", "severity_text", "severity")
_POD = ("kubernetes.pod.name", "k8s.pod.name", "resource.attributes.k8s.pod.name", "pod")
_TRACE = ("trace.id", "trace_id", "traceId")
_TEXT = ("message", "body.text", "body", "log", "event.original")


class Elasticsearch:
    """`ports.Logs`."""

    def __init__(
        self,
        asker: Asker,
        index: str,
        service_fields: Sequence[str] = ("service.name",),
        message_field: str = "message",
        time_field: str = "@timestamp",
    ) -> None:
        # `*`, `,` and what date math is written with belong to the name.
        self._path = f"/{quote(index, safe='*,')}/_search"
        self._asker = asker
        self.name = asker.system
        self._service_fields = tuple(service_fields)
        self._text_fields = tuple(dict.fromkeys((message_field, *_TEXT)))
        self._time_field = time_field

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        if not is_name(service):
            return []
        answer = self._search(service, start, end, min(limit, MOST_HITS))
        outer = answer.get("hits")
        hits = outer.get("hits") if isinstance(outer, Mapping) else None
        with known_shape(self._asker.system):
            read = [self._line(hit, service) for hit in hits or ()]
        found = [line for line in read if line is not None]
        return sorted(found, key=lambda line: line.at, reverse=True)

    def check(self, at: datetime) -> None:
        self._search("tandem-doctor", at - timedelta(minutes=1), at, 0)

    def close(self) -> None:
        self._asker.close()

    def _search(self, service: str, start: datetime, end: datetime, size: int) -> dict[str, Any]:
        # A field that was never declared is text with a keyword beside it.
        named = [
            {"term": {field: {"value": service}}}
            for name in self._service_fields
            for field in (name, f"{name}.keyword")
        ]
        within = {"gte": start.isoformat(), "lt": end.isoformat()}
        return self._asker.post(
            self._path,
            {
                "size": size,
                "timeout": SEARCH_FOR,
                "track_total_hits": False,
                "sort": [{self._time_field: {"order": "desc", "unmapped_type": "date"}}],
                "query": {
                    "bool": {
                        "filter": [{"range": {self._time_field: within}}],
                        "should": named,
                        "minimum_should_match": 1,
                    }
                },
            },
            {"ignore_unavailable": "true"},
        )

    def _line(self, hit: Any, service: str) -> LogLine | None:
        source = hit.get("_source") if isinstance(hit, Mapping) else None
        if not isinstance(source, Mapping):
            return None
        flat = _flat(source)
        at = _time(flat.get(self._time_field))
        if at is None:
            return None
        text_field = next((name for name in self._text_fields if flat.get(name)), "")
        others = ((k, v[:LONGEST_LABEL]) for k, v in flat.items() if k != text_field)
        return LogLine(
            at=at,
            service=service,
            text=flat.get(text_field, ""),
            level=level_of(_first(flat, _LEVEL)),
            pod=_first(flat, _POD),
            trace=_first(flat, _TRACE),
            labels=dict(islice(others, MOST_LABELS)),
        )


def _flat(source: Mapping[str, Any], under: str = "") -> dict[str, str]:
    """ "a.b" for {"a": {"b": ...}} and for {"a.b": ...}: documents are written in both ways."""
    flat: dict[str, str] = {}
    for key, value in source.items():
        name = f"{under}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        elif value is not None:
            flat[name] = value if isinstance(value, str) else str(value)
    return flat


def _time(text: str | None) -> datetime | None:
    """ISO 8601, or milliseconds since 1970. None for what is neither."""
    if not text:
        return None
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _first(flat: Mapping[str, str], names: Sequence[str]) -> str:
    return next((flat[name] for name in names if flat.get(name)), "")

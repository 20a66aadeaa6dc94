"""Traces of a Tempo, by its HTTP API: GET /api/search, then GET /api/traces/<id> for each."""

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from knowledge.adapters.rest import Refused
from knowledge.adapters.telemetry.asking import Asker, ask_all, known_shape
from knowledge.adapters.telemetry.otlp import read_spans
from knowledge.adapters.telemetry.template import is_name, quoted
from knowledge.adapters.telemetry.traces import whole_traces
from knowledge.records import Span

_TRACE = re.compile(r"[0-9a-fA-F]{1,32}")


class Tempo:
    """`ports.Traces`."""

    def __init__(self, asker: Asker, traces: int = 40) -> None:
        """`traces` are read at most, each by a request of its own."""
        self._asker = asker
        self.name = asker.system
        self._traces = traces

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        if not is_name(service):
            return []
        ids = self._search(service, start, end, self._traces)
        questions = {each: partial(self._trace, each) for each in ids}
        answers, failures = ask_all(questions, system=self.name)
        if failures and not answers:
            raise failures[0]
        spans = (span for trace in answers.values() for span in trace)
        return whole_traces(spans, service, start, end, limit)

    def check(self, at: datetime) -> None:
        self._search("tandem-doctor", at - timedelta(minutes=1), at, 1)

    def close(self) -> None:
        self._asker.close()

    def _search(self, service: str, start: datetime, end: datetime, limit: int) -> list[str]:
        query = f"{{ resource.service.name = {quoted(service)} }}"
        times = {"start": int(start.timestamp()), "end": int(end.timestamp()) + 1}
        answer = self._asker.get("/api/search", {"q": query, "limit": limit, **times})
        with known_shape(self._asker.system):
            found = [str(t.get("traceID") or "") for t in answer.get("traces") or ()]
        return list(dict.fromkeys(t for t in found if _TRACE.fullmatch(t)))[:limit]

    def _trace(self, trace_id: str) -> list[Span]:
        try:
            answer = self._asker.get(f"/api/traces/{trace_id}")
        except Refused as refused:
            if refused.status == 404:
                # It was found, and is gone meanwhile.
                return []
            raise
        return list(read_spans(_batches(answer)))


def _batches(answer: dict[str, Any]) -> Any:
    """By version: {"batches"}, {"resourceSpans"}, and either of them inside "trace"."""
    trace = answer.get("trace")
    inside = trace if isinstance(trace, dict) else answer
    return inside.get("batches") or inside.get("resourceSpans")

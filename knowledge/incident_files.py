"""Incidents in JSON files: metadata, alerts, changes, the recorded time line, the thread.

What `write_incident` writes, `read_incident` reads; it also reads less.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from knowledge.errors import BadArgs
from knowledge.incidents import instance
from knowledge.records import (
    AlertRecord,
    Change,
    Event,
    Incident,
    Message,
    Severity,
    Signal,
    Status,
)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class _Alert(_Row):
    id: str = ""
    fingerprint: str = ""
    source: str = "file"
    fired_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    value: str | None = ""
    url: str | None = ""


class _Change(_Row):
    ts: AwareDatetime
    kind: str = "change"
    service: str | None = ""
    version: str | None = ""
    author: str | None = ""
    summary: str | None = ""
    id: str | None = ""
    url: str | None = ""


class _Event(_Row):
    ts: AwareDatetime
    type: str
    actor: str | None = ""
    text: str | None = ""
    id: str | None = ""
    url: str | None = ""


class _Message(_Row):
    ts: AwareDatetime
    user: str
    text: str
    reactions: Any = ()
    id: str | None = ""
    url: str | None = ""


class _File(_Row):
    id: str = Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")
    title: str
    service: str = ""
    severity: Severity = Severity.SEV3
    status: Status
    opened_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    channel: str | None = ""
    owner: str | None = ""
    acknowledged_by: str | None = ""
    cause: str | None = ""
    resolution: str | None = ""
    suspects: tuple[str, ...] = ()
    merged_into: str | None = ""
    alerts: tuple[_Alert, ...] = ()
    changes: tuple[_Change, ...] = ()
    timeline: tuple[_Event, ...] = ()
    thread: tuple[_Message, ...] = ()

    @field_validator("severity", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


def read_incident(text: str, name: str = "incident") -> Incident:
    """An Incident from the text of a JSON file.

    Messages and events without an id get one from their place ("INC-1-M3", "INC-1-E2").
    Raises BadArgs that names the file, the field and what is wrong with it.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArgs(name, f"is not JSON ({error})", "Give one incident per file.") from None
    if not isinstance(data, dict):
        raise BadArgs(name, "holds no JSON object", "Give one incident per file.")
    try:
        return _incident(_File.model_validate(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(p) for p in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BadArgs(name, f"{place}: {first['msg']}{more}", "Mend the field.") from None


def write_incident(
    incident: Incident,
    records: Sequence[AlertRecord] = (),
    people: Callable[[str], str] = lambda user_id: user_id,
) -> str:
    """The incident as the text of a JSON file, people by their shown names.

    `records` are its alerts from the history: they hold what a storm's incident let go of, how
    often each was sent, and why it is there.
    """
    known = {instance(r.signal): r for r in records}
    own = {instance(s): s for s in incident.signals}
    signals = own | {key: r.signal for key, r in known.items() if key not in own}
    data = {
        "id": incident.id,
        "title": incident.title,
        "service": incident.service,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "opened_at": incident.opened_at.isoformat(),
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
        "channel": incident.channel,
        "owner": people(incident.owner) if incident.owner else "",
        "acknowledged_by": people(incident.acknowledged_by) if incident.acknowledged_by else "",
        "cause": incident.cause,
        "resolution": incident.resolution,
        "suspects": list(incident.suspects),
        "merged_into": incident.merged_into,
        "people": sorted({people(e.actor) for e in incident.timeline if e.actor}),
        "tickets": [
            {"system": t.system, "key": t.key, "url": t.url, "status": t.status}
            for t in incident.tickets
        ],
        "alerts": [
            _alert_row(signals[key], known.get(key))
            for key in sorted(signals, key=lambda key: (key[1], key[0]))
        ],
        "changes": [_change_row(change) for change in incident.changes],
        "timeline": [
            {
                "id": e.id,
                "ts": e.at.isoformat(),
                "type": e.kind,
                "actor": people(e.actor),
                "text": e.text,
                "url": e.url,
            }
            for e in incident.timeline
        ],
        "thread": [
            {
                "id": m.id,
                "ts": m.at.isoformat(),
                "user": m.user,
                "text": m.text,
                "reactions": list(m.reactions),
                "url": m.url,
            }
            for m in incident.thread
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _alert_row(signal: Signal, record: AlertRecord | None) -> dict[str, Any]:
    named = {"alertname": signal.name, "service": signal.service, "severity": signal.severity}
    row = {
        "id": signal.id,
        "fingerprint": signal.fingerprint,
        "source": signal.source,
        "fired_at": signal.starts_at.isoformat(),
        "resolved_at": signal.ends_at.isoformat() if signal.ends_at else None,
        "labels": {**signal.labels, **{k: v for k, v in named.items() if v}},
        "annotations": {"summary": signal.summary, "description": signal.description},
        "value": signal.value,
        "url": signal.url,
    }
    if record is None:
        return row
    why = [{"name": t.name, "value": round(t.value, 3), "says": t.says} for t in record.why]
    return {**row, "deliveries": record.deliveries, "verdict": record.verdict.value, "why": why}


def _change_row(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "ts": change.at.isoformat(),
        "kind": change.kind,
        "service": change.service,
        "version": change.version,
        "author": change.author,
        "summary": change.summary,
        "url": change.url,
    }


def _incident(f: _File) -> Incident:
    thread = tuple(
        Message(
            id=m.id or f"{f.id}-M{n}",
            at=_utc(m.ts),
            user=m.user,
            text=m.text,
            reactions=_reactions(m.reactions),
            url=m.url or "",
        )
        for n, m in enumerate(f.thread, 1)
    )
    timeline = tuple(
        Event(e.id or f"{f.id}-E{n}", _utc(e.ts), e.type, e.actor or "", e.text or "", e.url or "")
        for n, e in enumerate(f.timeline, 1)
    )
    times = [m.at for m in thread] + [e.at for e in timeline] + [_utc(f.opened_at)]
    return Incident(
        id=f.id,
        title=f.title,
        service=f.service,
        severity=f.severity,
        status=f.status,
        opened_at=_utc(f.opened_at),
        updated_at=max(times),
        resolved_at=_utc(f.resolved_at) if f.resolved_at else None,
        signals=tuple(_signal(f, n, a) for n, a in enumerate(f.alerts, 1)),
        changes=tuple(_change(f, n, c) for n, c in enumerate(f.changes, 1)),
        timeline=timeline,
        thread=thread,
        channel=f.channel or "",
        owner=f.owner or "",
        acknowledged_by=f.acknowledged_by or "",
        cause=f.cause or "",
        resolution=f.resolution or "",
        suspects=f.suspects,
        merged_into=f.merged_into or "",
    )


def _signal(f: _File, number: int, a: _Alert) -> Signal:
    return Signal(
        fingerprint=a.fingerprint or a.id or f"{f.id}-A{number}",
        name=a.labels.get("alertname", "alert"),
        starts_at=_utc(a.fired_at),
        received_at=_utc(a.fired_at),
        source=a.source,
        ends_at=_utc(a.resolved_at) if a.resolved_at else None,
        service=a.labels.get("service", ""),
        severity=a.labels.get("severity", ""),
        summary=a.annotations.get("summary", ""),
        description=a.annotations.get("description", ""),
        value=a.value or "",
        labels=dict(a.labels),
        url=a.url or "",
        id=a.id or f"{f.id}-A{number}",
    )


def _change(f: _File, number: int, c: _Change) -> Change:
    return Change(
        id=c.id or f"{f.id}-C{number}",
        at=_utc(c.ts),
        kind=c.kind,
        service=c.service or "",
        summary=c.summary or "",
        version=c.version or "",
        author=c.author or "",
        url=c.url or "",
    )


def _reactions(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(str(k) for k in value)
    if isinstance(value, (list, tuple)):
        return tuple(str(v.get("name", v) if isinstance(v, Mapping) else v) for v in value)
    return ()


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)

"""Alertmanager's webhook, version 4: payload -> signals.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from bot.webhooks.parsed import Parsed, Refused
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "alertmanager"
TEXT_LIMIT = 2_000
"""Characters of one label, annotation or address that are kept."""
LABELS_LIMIT = 64
CUT = " … (cut)"

_STATES = ("firing", "resolved")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Each alert stands for itself: one that is malformed is refused, the others are taken.

    Raises BadArgs naming the field when the payload as a whole is none of Alertmanager's.
    """
    alerts = _alerts(_object(body))
    signals: list[Signal] = []
    refused: list[Refused] = []
    for number, alert in enumerate(alerts):
        try:
            signals.append(_signal(alert, f"alerts[{number}]", received_at))
        except BadArgs as error:
            refused.append(Refused(error.field, error.problem, error.remedy))
    return Parsed(tuple(signals), tuple(refused))


def _object(body: bytes | dict[str, Any]) -> dict[str, Any]:
    if isinstance(body, dict):
        return body
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadArgs("body", f"not JSON ({error})", "Send Alertmanager's webhook body") from None
    if not isinstance(payload, dict):
        raise BadArgs(
            "body", f"{_kind(payload)}, not an object", "Send Alertmanager's webhook body"
        )
    return payload


def _alerts(payload: Mapping[str, Any]) -> list[Any]:
    version = payload.get("version", "4")
    if str(version) != "4":
        raise BadArgs("version", f"{str(version)[:20]!r} is not known", "Send version 4")
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        found = _kind(alerts) if "alerts" in payload else "missing"
        raise BadArgs("alerts", found, "Send a list of alerts, as Alertmanager does")
    return alerts


def _signal(alert: Any, path: str, received_at: datetime) -> Signal:
    if not isinstance(alert, dict):
        raise BadArgs(path, f"{_kind(alert)}, not an object", "Send one object for each alert")
    labels = _texts(alert, path, "labels")
    annotations = _texts(alert, path, "annotations")
    name = labels.get("alertname", "")
    if not name:
        raise BadArgs(f"{path}.labels.alertname", "missing", "Give the rule a name")
    starts_at = _time(alert, path, "startsAt")
    if starts_at is None:
        raise BadArgs(f"{path}.startsAt", "missing", "Send the time in RFC 3339 form")
    return Signal(
        fingerprint=_text(alert, path, "fingerprint") or _fingerprint(labels),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=_ends_at(alert, path, received_at),
        service=labels.get("service", ""),
        severity=labels.get("severity", ""),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", "") or annotations.get("message", ""),
        value=annotations.get("value", ""),
        labels=labels,
        url=_text(alert, path, "generatorURL"),
        runbook_url=annotations.get("runbook_url", "") or annotations.get("runbook", ""),
    )


def _ends_at(alert: Mapping[str, Any], path: str, received_at: datetime) -> datetime | None:
    """None while it fires. A firing alert carries the zero time, or a future one."""
    ends_at = _time(alert, path, "endsAt")
    status = alert.get("status")
    if status is None:
        return ends_at if ends_at is not None and ends_at <= received_at else None
    if status not in _STATES:
        raise BadArgs(f"{path}.status", f"{str(status)[:40]!r}", "Use firing or resolved")
    return None if status == "firing" else ends_at or received_at


def _time(alert: Mapping[str, Any], path: str, field: str) -> datetime | None:
    """None for a missing, empty or zero time (year 1, as Go writes it)."""
    text = alert.get(field)
    if text in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.year <= 1:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadArgs(
            f"{path}.{field}",
            f"{str(text)[:40]!r} is no time",
            "Use RFC 3339: 2026-03-05T12:00:00Z",
        ) from None


def _texts(alert: Mapping[str, Any], path: str, field: str) -> dict[str, str]:
    texts = alert.get(field)
    if texts is None:
        return {}
    if not isinstance(texts, dict):
        raise BadArgs(f"{path}.{field}", f"{_kind(texts)}, not an object", "Send names and texts")
    wrong = next((name for name, text in texts.items() if not isinstance(text, str)), None)
    if wrong is not None:
        place = f"{path}.{field}.{wrong[:40]}"
        raise BadArgs(place, f"{_kind(texts[wrong])}, not a text", "Put it in quotes")
    kept = list(texts.items())[:LABELS_LIMIT]
    cut = {"tandem_note": f"{len(texts) - LABELS_LIMIT} more were left out"}
    return {_clean(n): _clean(t) for n, t in kept} | (cut if len(texts) > LABELS_LIMIT else {})


def _text(alert: Mapping[str, Any], path: str, field: str) -> str:
    text = alert.get(field) or ""
    if not isinstance(text, str):
        raise BadArgs(f"{path}.{field}", f"{_kind(text)}, not a text", "Put it in quotes")
    return _clean(text)


def _clean(text: str) -> str:
    """Storable (no NUL, no half of a surrogate pair) and of bounded length."""
    if len(text) > TEXT_LIMIT:
        text = text[: TEXT_LIMIT - len(CUT)] + CUT
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _fingerprint(labels: Mapping[str, str]) -> str:
    """For senders that give none: the same labels, the same alert."""
    return sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")

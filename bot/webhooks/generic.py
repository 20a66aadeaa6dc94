"""Plain JSON in Tandem's own words, for tools that have no parser: one signal or many.

docs/reference/webhooks.md lists the fields.
"""

from datetime import datetime
from functools import partial
from typing import Any

from bot.webhooks.fields import Fields, digest, fires, need_list, read_each, read_object, span
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "generic"

_FIRING = ("firing",)
_OVER = ("resolved",)


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """One signal, or {"signals": [...]}. Raises BadArgs naming the field."""
    payload = read_object(body, "one signal, or an object with a list of signals")
    if "signals" not in payload.values:
        return Parsed((read_signal(payload, SOURCE, received_at),))
    signals = need_list(payload, "signals", "Send a list of signals")
    read = partial(read_signal, source=SOURCE, received_at=received_at)
    return read_each(signals, "signals", read, "Send one object for each signal")


def read_signal(
    fields: Fields,
    source: str,
    received_at: datetime,
    *,
    name: str = "",
    fingerprint: str = "",
) -> Signal:
    """Tandem's own fields; `name` and `fingerprint` stand where the payload leaves them out."""
    title = fields.word("name") or name or fields.need("name", remedy="Say what is wrong")
    labels = fields.texts("labels")
    service = fields.word("service") or labels.get("service", "")
    firing = fires(fields, "status", fields.word("status") or "firing", _FIRING, _OVER)
    began, ended = span(firing, fields.moment("starts_at"), fields.moment("ends_at"), received_at)
    return Signal(
        fingerprint=fields.word("fingerprint")
        or fingerprint
        or digest(source, title, service, labels),
        name=title,
        starts_at=began,
        received_at=received_at,
        source=source,
        ends_at=ended,
        service=service,
        # "none" is a severity: what has it opens nothing.
        severity=fields.text("severity") or labels.get("severity", ""),
        summary=fields.word("summary"),
        description=fields.word("description"),
        value=fields.word("value"),
        labels=labels,
        url=fields.word("url"),
        runbook_url=fields.word("runbook_url"),
    )

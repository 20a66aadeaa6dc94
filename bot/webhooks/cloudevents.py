"""CloudEvents 1.0 in structured JSON mode, one or a batch, `data` in the words of `generic`.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.webhooks.fields import Fields, digest, read_each, read_json, read_object
from bot.webhooks.generic import read_signal
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "cloudevents"

_EXPECTED = "a CloudEvent in structured JSON mode"


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_json(body, _EXPECTED)
    if isinstance(payload, list):
        read = partial(_signal, received_at=received_at)
        return read_each(payload, "events", read, "Send one object for each event")
    return Parsed((_signal(read_object(body, _EXPECTED), received_at),))


def _signal(event: Fields, received_at: datetime) -> Signal:
    version = event.need("specversion", remedy='Send "specversion": "1.0"')
    if not version.startswith("1"):
        raise BadArgs(event.at("specversion"), f"{version[:20]!r} is not known", 'Send "1.0"')
    if "data_base64" in event.values:
        raise BadArgs(event.at("data_base64"), "binary data is not read", "Send JSON as data")
    event_type = event.need("type", remedy="Send the event's type")
    origin = event.need("source", remedy="Send the event's source")
    event.need("id", remedy="Send the event's id")
    data = event.need_child("data", "Send the signal's fields as data")
    happened_at = event.moment("time") or received_at
    signal = read_signal(
        data,
        SOURCE,
        happened_at,
        name=event_type,
        fingerprint=digest(SOURCE, origin, event.word("subject"), data.word("name") or event_type),
    )
    return replace(signal, received_at=received_at)

"""Splunk's webhook alert action: payload -> one signal.

Splunk tells when a search finds something and never when it no longer does.
https://help.splunk.com/en/splunk-enterprise/alert-and-respond/alerting-manual/10.0/configure-alert-actions/use-a-webhook-alert-action
"""

import re
from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, digest, read_object
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "splunk"

_SCHEDULED = re.compile(r"_at_(\d{9,10})(?:_|$)")
"""A scheduled search's id holds its time: scheduler__admin__search__RMD5c1_at_1772712000_132."""
_WHERE = ("service", "app", "host", "pod", "instance")
"""Columns of the result that tell one alert of a search from another."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "Splunk's webhook body")
    sid = payload.need("sid", remedy="Send the body of Splunk's webhook alert action")
    result = payload.child("result")
    row = result.plain()
    name = payload.word("search_name") or "Splunk search"
    labels = bounded({"search": name, **payload.plain("owner"), **row})
    return Parsed(
        (
            Signal(
                fingerprint=digest(
                    SOURCE, payload.word("app"), name, [row.get(column, "") for column in _WHERE]
                ),
                name=name,
                starts_at=_ran_at(sid) or received_at,
                received_at=received_at,
                source=SOURCE,
                service=row.get("service", ""),
                severity=result.word("severity", "urgency", "priority"),
                summary=result.word("summary", "message"),
                description=result.word("description", "_raw"),
                value=result.word("value", "count"),
                labels=labels,
                url=payload.word("results_link"),
            ),
        )
    )


def _ran_at(sid: str) -> datetime | None:
    found = _SCHEDULED.search(sid)
    return Fields({"sid": found[1]}).moment("sid") if found else None

"""CloudWatch alarms through Amazon SNS: an HTTPS notification -> one signal.

The alarm is JSON inside the envelope's Message, or, with raw delivery, the body itself.
Checking the envelope's signature and confirming a subscription are the server's part.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import (
    Fields,
    bounded,
    digest,
    fires,
    kind,
    read_json,
    read_object,
    said,
    span,
)
from bot.webhooks.parsed import Handshake, Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "cloudwatch"

_HANDSHAKES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_FIRING = ("alarm",)
_OVER = ("ok",)
_SILENT = "insufficient_data"
"""Neither here nor there: CloudWatch cannot tell, so the alarm's state stays as it was."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    envelope = read_object(body, "the body of an SNS notification")
    if "AlarmName" in envelope.values:
        return _alarm(envelope, received_at)
    what = envelope.need("Type", remedy="Subscribe the address to the SNS topic by HTTPS")
    if what in _HANDSHAKES:
        return Parsed((), handshake=_handshake(envelope, what))
    if what != "Notification":
        remedy = "Send an SNS notification"
        raise BadArgs("Type", f"{what[:40]!r} is not known", remedy)
    return _alarm(_message(envelope), received_at)


def _handshake(envelope: Fields, what: str) -> Handshake:
    remedy = "Send the message as SNS does"
    return Handshake(
        kind=what,
        topic=envelope.need("TopicArn", remedy=remedy),
        confirm_url=envelope.need("SubscribeURL", remedy=remedy),
        token=envelope.word("Token"),
    )


def _message(envelope: Fields) -> Fields:
    remedy = "Let CloudWatch alarms alone publish to the topic"
    # Not `text`: that would cut a long message in the middle of its JSON.
    message = envelope.values.get("Message")
    if not isinstance(message, str):
        found = kind(message) if "Message" in envelope.values else "missing"
        raise BadArgs("Message", found, remedy)
    try:
        alarm = read_json(message.encode("utf-8", "replace"), "an alarm")
    except BadArgs as error:
        raise BadArgs("Message", error.problem, remedy) from None
    if not isinstance(alarm, dict):
        raise BadArgs("Message", f"{kind(alarm)}, not an object", remedy)
    return Fields(alarm, "Message")


def _alarm(alarm: Fields, received_at: datetime) -> Parsed:
    name = alarm.need("AlarmName", remedy="Let CloudWatch alarms alone publish to the topic")
    state = alarm.word("NewStateValue")
    if state.lower() == _SILENT:
        return Parsed((), ignored=f"{name} has too little data, its state is not known")
    changed_at = alarm.moment("StateChangeTime") or received_at
    firing = fires(alarm, "NewStateValue", state, _FIRING, _OVER)
    starts_at, ends_at = span(firing, None, None, changed_at)
    region, account = alarm.word("Region"), alarm.word("AWSAccountId")
    labels = _labels(alarm)
    signal = Signal(
        fingerprint=digest(SOURCE, alarm.word("AlarmArn") or [account, region, name]),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        summary=alarm.word("NewStateReason"),
        description=alarm.word("AlarmDescription"),
        labels=labels,
    )
    return Parsed((signal,))


def _labels(alarm: Fields) -> dict[str, str]:
    """The metric's dimensions under their names; those that name the service also as `service`."""
    trigger = alarm.child("Trigger")
    dimensions = [Fields(d) for d in trigger.items("Dimensions") if isinstance(d, dict)]
    named = {d.word("name", "Name"): d.word("value", "Value") for d in dimensions}
    named = {name: value for name, value in named.items() if name and value}
    services = (named.get(d, "") for d in ("ServiceName", "Service", "FunctionName", "service"))
    service = next((s for s in services if s), "")
    return bounded(
        {
            **said(service=service, node=named.get("InstanceId", "")),
            **trigger.plain("Namespace", "MetricName"),
            **alarm.plain("Region", "AWSAccountId", "AlarmArn"),
            **{name: value for name, value in named.items() if name != "service"},
        }
    )

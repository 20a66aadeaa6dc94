"""Grafana's unified alerting, contact point of the type Webhook: payload -> signals.

Alertmanager's shape with fields of its own: `values`, `valueString`, `panelURL`, `dashboardURL`.
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.webhooks.alertmanager import read_alert
from bot.webhooks.fields import Fields, clean, need_list, read_each, read_object
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "grafana"

_NO_RULE = ("DatasourceNoData", "DatasourceError")
"""Names Grafana gives to alerts about a rule that could not be evaluated."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field when the payload as a whole is none of Grafana's."""
    payload = read_object(body, "the body of Grafana's webhook contact point")
    alerts = need_list(payload, "alerts", "Use unified alerting; legacy alerts are not read")
    read = partial(_signal, received_at=received_at)
    return read_each(alerts, "alerts", read, "Send one object for each alert")


def _signal(alert: Fields, received_at: datetime) -> Signal:
    signal = read_alert(alert, SOURCE, received_at)
    rule = signal.labels.get("rulename", "")
    name = f"{signal.name}: {rule}" if rule and signal.name in _NO_RULE else signal.name
    return replace(
        signal,
        name=name,
        value=_value(alert) or signal.value,
        url=alert.word("panelURL", "dashboardURL") or signal.url,
    )


def _value(alert: Fields) -> str:
    """ "B=44.2, C=1" """
    values = alert.child("values").plain()
    return clean(", ".join(f"{n}={v}" for n, v in values.items())) or alert.word("valueString")

"""One pure parser per source of webhooks. A new one is a module and a line here."""

from collections.abc import Mapping

from bot.webhooks import (
    alertmanager,
    appdynamics,
    azure,
    bigpanda,
    bmc_helix,
    cloudevents,
    cloudwatch,
    datadog,
    dynatrace,
    gcp,
    generic,
    grafana,
    moogsoft,
    opsgenie,
    pagerduty,
    sentry,
    servicenow,
    splunk,
)
from bot.webhooks.parsed import Handshake, Parsed, Parser, Refused
from knowledge.errors import NotFound

__all__ = ["PARSERS", "Handshake", "Parsed", "Parser", "Refused", "parser_for"]

PARSERS: Mapping[str, Parser] = {
    "alertmanager": alertmanager.parse,
    "grafana": grafana.parse,
    "datadog": datadog.parse,
    "pagerduty": pagerduty.parse,
    "opsgenie": opsgenie.parse,
    "splunk": splunk.parse,
    "dynatrace": dynatrace.parse,
    "appdynamics": appdynamics.parse,
    "servicenow": servicenow.parse,
    "bmc_helix": bmc_helix.parse,
    "moogsoft": moogsoft.parse,
    "bigpanda": bigpanda.parse,
    "cloudwatch": cloudwatch.parse,
    "azure": azure.parse,
    "gcp": gcp.parse,
    "sentry": sentry.parse,
    "cloudevents": cloudevents.parse,
    "generic": generic.parse,
}
"""By the last part of the address: POST /signals/alertmanager."""


def parser_for(source: str) -> Parser:
    """Raises NotFound with the sources there are."""
    try:
        return PARSERS[source]
    except KeyError:
        raise NotFound.among("source of signals", source, PARSERS) from None

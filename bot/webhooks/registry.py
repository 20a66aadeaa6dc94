"""The parsers that are built in, by the last part of the address. A new one is a line here."""

from collections.abc import Mapping

from bot.webhooks import (
    alertmanager,
    appdynamics,
    argocd,
    azure,
    bigpanda,
    bmc_helix,
    changes,
    cloudevents,
    cloudwatch,
    datadog,
    dynatrace,
    gcp,
    generic,
    github,
    gitlab,
    grafana,
    launchdarkly,
    moogsoft,
    opsgenie,
    pagerduty,
    sentry,
    servicenow,
    splunk,
)
from bot.webhooks.parsed import ChangeParser, Parser
from knowledge.errors import NotFound

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
"""POST /signals/alertmanager and so on."""

CHANGE_PARSERS: Mapping[str, ChangeParser] = {
    "generic": changes.read,
    "github": github.parse,
    "gitlab": gitlab.parse,
    "argocd": argocd.parse,
    "launchdarkly": launchdarkly.parse,
}
"""POST /changes/github and so on; POST /changes is "generic"."""


def parser_for(source: str) -> Parser:
    """Raises NotFound with the sources there are."""
    try:
        return PARSERS[source]
    except KeyError:
        raise NotFound.among("source of signals", source, PARSERS) from None

"""What is configured, what is reachable, what is missing and how to mend it, in plain words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.log import masked
from bot.settings import Settings
from bot.slack.manifest import SCOPES
from bot.sources import make_sources
from knowledge.errors import TandemError, UserError

ROUTING_KEY = 32
"""Characters of a PagerDuty routing key."""


class State(StrEnum):
    OK = "ok"
    OFF = "off"
    """Not configured, and not needed to start."""
    WARN = "warn"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `remedy` says what to do; empty when nothing needs doing."""

    subject: str
    state: State
    words: str
    remedy: str = ""


Probe = Callable[[], None]
"""Raises TandemError when the thing behind it does not work."""


def examine(settings: Settings, probes: dict[str, Probe]) -> Iterator[Finding]:
    """One finding per part, as each becomes known. `probes` try the parts that need adapters:
    "database", "library", "models file", "monitors file", "registry", "prometheus", "telemetry",
    "embedder", "oncall file", "tickets", "trainers"."""
    yield from _slack(settings)
    yield _people(settings)
    yield from _webhooks(settings)
    yield _probed("Database", settings.database_url, probes["database"], "Mend DATABASE_URL.")
    yield _optional(
        "Past incidents and runbooks",
        settings.tandem_library,
        probes["library"],
        "Name files or folders in TANDEM_LIBRARY, so that /similar has something to find.",
    )
    yield _optional(
        "Prometheus",
        settings.prometheus_url,
        probes["prometheus"],
        "Set PROMETHEUS_URL to let monitors poll metrics.",
    )
    yield _optional(
        "Metrics, logs and traces",
        str(settings.tandem_telemetry or ""),
        probes["telemetry"],
        "Name a file in TANDEM_TELEMETRY, so that causes are looked for in them; "
        "deploy/telemetry.toml is an example.",
    )
    yield _optional(
        "Monitors",
        str(settings.tandem_monitors or ""),
        probes["monitors file"],
        "Name a file in TANDEM_MONITORS; deploy/monitors.toml is an example.",
    )
    yield _optional(
        "On call",
        str(settings.tandem_oncall or ""),
        probes["oncall file"],
        "Name a file in TANDEM_ONCALL, so that incidents nobody takes are escalated; "
        "deploy/oncall.toml is an example.",
    )
    yield _paging(settings)
    yield _optional(
        "Tickets",
        ", ".join(_ticket_systems(settings)),
        probes["tickets"],
        "Set JIRA_URL, SERVICENOW_URL or GITHUB_REPOSITORY to open tickets from incidents.",
    )
    yield _optional(
        "Model registry (MLflow)",
        settings.mlflow_tracking_uri,
        probes["registry"],
        "Set MLFLOW_TRACKING_URI for /promote.",
    )
    yield _optional(
        "Training",
        str(settings.tandem_trainers or settings.tandem_retrain_url),
        probes["trainers"],
        "Name a file in TANDEM_TRAINERS for /retrain; deploy/trainers.toml is an example.",
    )
    yield _optional(
        "Runbooks",
        str(settings.tandem_runners or ""),
        probes["runners"],
        "Name a file in TANDEM_RUNNERS to run their steps; deploy/runners.toml is an example.",
    )
    yield _optional(
        "Model data",
        str(settings.tandem_models or ""),
        probes["models file"],
        "Name a file in TANDEM_MODELS for /drift; deploy/models.toml is an example.",
    )
    yield _probed(
        "Embedder", settings.tandem_embedder, probes["embedder"], "Set TANDEM_EMBEDDER=minilm."
    )
    yield _llm(settings)


def _slack(settings: Settings) -> Iterator[Finding]:
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        yield Finding(
            "Slack",
            State.BROKEN,
            "SLACK_BOT_TOKEN is not set",
            "Create the app with `tandem manifest` and copy its bot token (xoxb-...), or try "
            "`tandem chat` or `make demo`, which need none.",
        )
        return
    try:
        answer = WebClient(token, base_url=settings.slack_api_url, timeout=10).auth_test()
    except SlackApiError as error:
        why = error.response.get("error")
        yield Finding("Slack", State.BROKEN, f"Slack refuses the bot token: {why}", _TOKEN_REMEDY)
        return
    except (SlackClientError, OSError, ValueError) as error:
        yield Finding(
            "Slack", State.BROKEN, f"cannot reach {settings.slack_api_url}: {error}", _NET_REMEDY
        )
        return
    yield Finding("Slack", State.OK, f"signed in to {answer['team']} as @{answer['user']}")
    granted = {s for s in answer.headers.get("x-oauth-scopes", "").split(",") if s}
    if granted and (missing := [s for s in SCOPES if s not in granted]):
        yield Finding(
            "Slack scopes",
            State.WARN,
            f"missing: {', '.join(missing)}",
            "Add them under OAuth & Permissions and install the app again.",
        )
    yield _way_in(settings)


_TOKEN_REMEDY = "Copy the Bot User OAuth Token (xoxb-...) from the app's page OAuth & Permissions."
_NET_REMEDY = "Check SLACK_API_URL, the network and any proxy."


def _way_in(settings: Settings) -> Finding:
    if settings.slack_mode == "socket":
        if settings.slack_app_token.get_secret_value().startswith("xapp-"):
            return Finding("Way in", State.OK, "Socket Mode; no public address is needed")
        return Finding(
            "Way in",
            State.BROKEN,
            "Socket Mode needs SLACK_APP_TOKEN (xapp-...)",
            "Create one with the scope connections:write under Basic Information.",
        )
    if settings.slack_signing_secret.get_secret_value():
        where = f"http://{settings.tandem_http_host}:{settings.tandem_http_port}/slack/events"
        return Finding("Way in", State.OK, f"HTTP events at {where}")
    return Finding(
        "Way in",
        State.BROKEN,
        "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
        "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP events.",
    )


def _people(settings: Settings) -> Finding:
    if settings.tandem_approvers:
        return Finding("Approvers", State.OK, settings.tandem_approvers)
    return Finding(
        "Approvers",
        State.WARN,
        "nobody may approve promotions yet",
        "Put Slack user ids into TANDEM_APPROVERS (or * for everyone).",
    )


_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _webhooks(settings: Settings) -> Iterator[Finding]:
    """Where alerts come in, who may send them, and which addresses take them from anyone."""
    where = f"http://{settings.tandem_http_host}:{settings.tandem_http_port}/signals/alertmanager"
    local = settings.tandem_http_host in _LOOPBACK
    try:
        sources = make_sources(settings)
    except UserError as error:
        remedy = "deploy/sources.toml is an example. Until it is mended the bot does not start."
        yield Finding("Webhooks", State.BROKEN, str(error), remedy)
        return
    unguarded = sources.unguarded()
    if not unguarded:
        how = "each sender authenticated" if settings.tandem_sources else "with a token"
        yield Finding("Webhooks", State.OK, f"{where}, {how}")
    elif local:
        words = f"{where}, from this machine only, without a token"
        yield Finding("Webhooks", State.OK, words)
    elif settings.tandem_sources is None:
        yield Finding(
            "Webhooks",
            State.WARN,
            f"{where} takes alerts from anyone who can reach it",
            "Set TANDEM_WEBHOOK_TOKEN and send it as a bearer token, or name a file in "
            "TANDEM_SOURCES.",
        )
    else:
        yield Finding(
            "Webhooks",
            State.WARN,
            f"no authentication, though others can reach {settings.tandem_http_host}: "
            f"{', '.join(unguarded)}",
            f"Give each an auth in {settings.tandem_sources}, set TANDEM_WEBHOOK_TOKEN for those "
            "it does not list, or write only_listed = true.",
        )


def _paging(settings: Settings) -> Finding:
    """Nothing is tried: a try would wake somebody."""
    keys = {
        "PagerDuty": settings.pagerduty_routing_key,
        "Opsgenie": settings.opsgenie_api_key,
    }
    named = [name for name, key in keys.items() if key.get_secret_value()]
    if not named:
        how = "Set PAGERDUTY_ROUTING_KEY or OPSGENIE_API_KEY to wake people outside Slack."
        return Finding("Paging", State.OFF, "in Slack only", how)
    length = len(settings.pagerduty_routing_key.get_secret_value())
    if "PagerDuty" in named and length != ROUTING_KEY:
        return Finding(
            "Paging",
            State.BROKEN,
            f"PAGERDUTY_ROUTING_KEY has {length} characters, not {ROUTING_KEY}",
            "Copy the integration key of an Events API v2 integration.",
        )
    return Finding("Paging", State.OK, f"{' and '.join(named)}; not tried, it would wake somebody")


def _ticket_systems(settings: Settings) -> Iterator[str]:
    named = {
        "Jira": settings.jira_url,
        "ServiceNow": settings.servicenow_url,
        "GitHub": settings.github_repository,
    }
    return (f"{name} {where}" for name, where in named.items() if where)


def _llm(settings: Settings) -> Finding:
    if not settings.openai_model:
        return Finding(
            "Language model",
            State.OFF,
            "none; everything works without one",
            "Set OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL for better wording and routing.",
        )
    url = (settings.openai_base_url or "https://api.openai.com/v1").rstrip("/")
    base, key = masked(url), settings.openai_api_key.get_secret_value()
    try:
        answer = httpx.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(
            "Language model",
            State.WARN,
            f"cannot reach {base}: {type(error).__name__}",
            "Check OPENAI_BASE_URL; until then answers are made without it.",
        )
    if answer.status_code >= 400:
        return Finding(
            "Language model",
            State.WARN,
            f"{base} answers {answer.status_code}",
            "Check OPENAI_API_KEY and OPENAI_BASE_URL.",
        )
    return Finding("Language model", State.OK, f"{settings.openai_model} at {base}")


def _optional(subject: str, value: str, probe: Probe, how: str) -> Finding:
    if not value:
        return Finding(subject, State.OFF, "not configured", how)
    return _probed(subject, value, probe, "")


def _probed(subject: str, value: str, probe: Probe, remedy: str) -> Finding:
    try:
        probe()
    except TandemError as error:
        return Finding(subject, State.BROKEN, masked(str(error)), remedy)
    return Finding(subject, State.OK, masked(value))

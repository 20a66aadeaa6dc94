"""Every setting, read once from the environment (or a `.env` file) into one frozen object. One that
holds a secret, such as SLACK_BOT_TOKEN, may also name a file with it: SLACK_BOT_TOKEN_FILE.

`tandem settings` prints this table; docs/reference/settings.md is made from it.
"""

import os
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from knowledge.errors import UserError
from knowledge.secret_files import find_secret, has_file

ENV_FILE = ".env"


class SecretFiles(PydanticBaseSettingsSource):
    """Settings that hold a secret, where the file is named that has it: SLACK_BOT_TOKEN_FILE."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        places = (_capitals(os.environ), _capitals(dotenv_values(ENV_FILE)))
        names = [n for n, f in self.settings_cls.model_fields.items() if is_secret(n, f)]
        found = {name: find_secret(name.upper(), *places) for name in names}
        return {name: found[name] for name in names if has_file(name.upper(), *places)}


def is_secret(name: str, field: FieldInfo) -> bool:
    """Whether it may come from a file. The database's URL may hold a password."""
    return field.annotation is SecretStr or name == "database_url"


def _capitals(variables: Any) -> dict[str, str | None]:
    return {name.upper(): value for name, value in variables.items()}


class Settings(BaseSettings):
    """One field, one variable of the same name in capitals, one line of explanation."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    # Slack
    slack_bot_token: SecretStr = Field(SecretStr(""), description="The bot's token, `xoxb-...`.")
    slack_app_token: SecretStr = Field(
        SecretStr(""), description="The app-level token for Socket Mode, `xapp-...`."
    )
    slack_signing_secret: SecretStr = Field(
        SecretStr(""), description="The app's signing secret, for HTTP events."
    )
    slack_api_url: str = Field(
        "https://slack.com/api/", description="Where Slack's Web API is; the playground sets it."
    )
    tandem_slack_mode: Literal["auto", "socket", "http"] = Field(
        "auto",
        description="How events come in: `socket`, `http` or `auto` (socket with an app token).",
    )
    tandem_channel: str = Field(
        "#incidents", description="The channel that cards are posted to: a name or an id."
    )

    # People
    tandem_operators: str = Field(
        "*",
        description="Slack user ids, comma separated, who may change incidents; `*` for everyone.",
    )
    tandem_approvers: str = Field(
        "",
        description="Slack user ids, comma separated, who may approve promotions; `*` for all.",
    )

    # HTTP
    tandem_http_host: str = Field("127.0.0.1", description="Where the HTTP side listens.")
    tandem_http_port: int = Field(8080, description="Its port.", ge=0, le=65535)
    tandem_webhook_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token (or basic-auth password) that webhooks to /signals must carry.",
    )

    tandem_sources: Path | None = Field(
        None,
        description="TOML file of webhook sources: how each authenticates, and mappings for "
        "senders of generic JSON.",
    )

    # Incidents
    tandem_catalogue: Path | None = Field(
        None,
        description="The service catalogue, TOML or JSON: services, who calls whom, teams, nodes "
        "and zones. Without it, it is learned from labels and from what fires together.",
    )
    tandem_oncall: Path | None = Field(
        None, description="TOML file of rotations (or iCalendar links) and escalation policies."
    )
    tandem_keep_alerts: int = Field(
        90, description="Days that single alerts are kept; later only their daily counts.", ge=1
    )
    tandem_digest: str = Field(
        "mon 09:00",
        description="When the weekly digest is posted, day and UTC time; empty for never.",
    )

    tandem_audit_channel: str = Field(
        "",
        description="Where the head of the audit record is posted once a day, so that nobody can "
        "rewrite it unseen; empty for nowhere.",
    )

    tandem_audit_archive: str = Field(
        "",
        description="Where that head is kept once a day under a retention lock: s3://bucket/prefix "
        "of a bucket with object lock; empty for nowhere.",
    )
    tandem_audit_retain_days: int = Field(
        365, description="Days that each head is locked there.", ge=1
    )
    tandem_audit_lock: Literal["compliance", "governance"] = Field(
        "compliance",
        description="Whether nobody can end that lock early, or those with the right to bypass it.",
    )

    tandem_timeline_emoji: str = Field(
        "pushpin,memo",
        description="Reactions, comma separated, that put a message of an incident's thread on its "
        "time line; empty for none.",
    )
    tandem_maintenance: Path | None = Field(
        None, description="TOML file of weekly maintenance windows, in which alerts open nothing."
    )

    # State and data
    database_url: str = Field(
        "sqlite:///tandem.db", description="Where everything is kept, as an SQLAlchemy URL."
    )
    tandem_library: str = Field(
        "",
        description="Files, folders or archives, comma separated, that are read into the search "
        "library at start: JSONL, Markdown, and exports of Jira, ServiceNow, PagerDuty, "
        "Confluence, Notion and Slack.",
    )
    tandem_models: Path | None = Field(
        None, description="TOML file that says where each model's reference and current data is."
    )
    tandem_monitors: Path | None = Field(
        None, description="TOML file of monitors: Prometheus queries with limits, models to watch."
    )

    tandem_quiet: float = Field(
        120.0,
        description="Seconds that all alerts of an incident must have been over before it resolves "
        "by itself.",
        ge=0,
    )

    # Systems around
    prometheus_url: str = Field("", description="Base URL of a Prometheus, for monitors.")
    tandem_telemetry: Path | None = Field(
        None,
        description="TOML file that says where metrics, logs and traces of the services are: "
        "Prometheus, Loki, Tempo, Jaeger, Elasticsearch, OTLP files.",
    )
    mlflow_tracking_uri: str = Field("", description="MLflow server with the model registry.")
    tandem_mlflow_webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="The secret of MLflow's webhooks to /mlflow; without it they are refused.",
    )
    tandem_sagemaker_region: str = Field(
        "",
        description="AWS region of a SageMaker model registry; boto3 finds the credentials.",
    )
    tandem_sagemaker_endpoint: str = Field(
        "", description="SageMaker's address where it is not AWS's own: a VPC endpoint, a test."
    )
    tandem_s3_endpoint: str = Field(
        "", description="The address of S3 where it is not AWS's own: MinIO, a VPC endpoint."
    )
    tandem_promotion: Path | None = Field(
        None,
        description="TOML file of policies: who approves which model, which gates, how a new "
        "champion is watched.",
    )

    tandem_trainers: Path | None = Field(
        None,
        description="TOML file of the systems that train models, and what may be chosen for each "
        "model; switches /retrain on.",
    )
    tandem_runners: Path | None = Field(
        None,
        description="TOML file of what the steps of runbooks may do, and who may run them; without "
        "it runbooks are shown, and nothing is run.",
    )
    tandem_retrain_url: str = Field(
        "",
        description="Where a signed POST starts a training run of a model that TANDEM_TRAINERS "
        "does not name.",
    )
    tandem_retrain_secret: SecretStr = Field(
        SecretStr(""), description="The secret that those requests are signed with."
    )
    pagerduty_routing_key: SecretStr = Field(
        SecretStr(""), description="PagerDuty Events v2 integration key, to page people with."
    )
    pagerduty_url: str = Field("https://events.pagerduty.com", description="Its Events API.")
    opsgenie_api_key: SecretStr = Field(
        SecretStr(""), description="Opsgenie API integration key, to page people with."
    )
    opsgenie_url: str = Field("https://api.opsgenie.com", description="Its API.")
    jira_url: str = Field("", description="Base URL of a Jira, to open tickets in.")
    jira_user: str = Field("", description="Its user's e-mail address (empty for a bearer token).")
    jira_token: SecretStr = Field(SecretStr(""), description="Its API token.")
    jira_project: str = Field("", description="The key of its project, such as OPS.")
    servicenow_url: str = Field("", description="Base URL of a ServiceNow, to open tickets in.")
    servicenow_user: str = Field("", description="Its user.")
    servicenow_password: SecretStr = Field(SecretStr(""), description="Its password.")
    github_api_url: str = Field("https://api.github.com", description="GitHub's REST API.")
    github_repository: str = Field("", description="owner/name, to open issues in.")
    github_token: SecretStr = Field(SecretStr(""), description="A token that may write issues.")

    # Embeddings and the optional LLM
    tandem_embedder: str = Field(
        "minilm",
        description="`minilm` (packaged), `minilm-lean` (the same vectors in less memory, "
        "without sentence-transformers), `st:<sentence-transformers model or folder>`, or "
        "`openai:<model>` at OPENAI_BASE_URL.",
    )
    openai_base_url: str = Field(
        "", description="An OpenAI-compatible endpoint; empty means no LLM unless a key is set."
    )
    openai_api_key: SecretStr = Field(SecretStr(""), description="Its key.")
    openai_model: str = Field("", description="The chat model's name; needed to switch the LLM on.")
    tandem_llm_timeout: float = Field(
        8.0, description="Seconds to wait for the LLM before answering without it.", gt=0
    )
    tandem_llm_price_in: float = Field(
        0.0, description="What a million tokens that the LLM reads cost.", ge=0
    )
    tandem_llm_price_out: float = Field(
        0.0, description="What a million tokens that the LLM writes cost.", ge=0
    )
    tandem_llm_currency: str = Field("", description="The currency of these prices, such as `EUR`.")
    tandem_llm_daily_limit: str = Field(
        "",
        description="What all may spend on the LLM in a day (UTC): money, tokens or both, such as "
        "`5, 2m tokens`; empty for no limit. Stops before it is passed.",
    )
    tandem_llm_daily_limit_user: str = Field(
        "", description="The same, for each person, such as `200k tokens`."
    )
    tandem_llm_daily_limit_team: str = Field(
        "", description="The same, for what is asked about each team's incidents."
    )
    tandem_investigate_steps: int = Field(
        8, description="Answers of the LLM that one investigation may take.", ge=1, le=50
    )
    tandem_investigate_tokens: int = Field(
        40_000, description="Tokens that one investigation may take, in and out.", ge=1000
    )
    tandem_investigate_seconds: float = Field(
        90.0, description="Seconds that one investigation may take.", gt=0
    )
    tandem_investigate_cost: float = Field(
        0.0, description="Money that one investigation may take; 0 for no bound of its own.", ge=0
    )

    # Seen from outside
    tandem_log_format: Literal["text", "json"] = Field(
        "text", description="How a line of the log is written: for people, or as JSON."
    )
    otel_exporter_otlp_endpoint: str = Field(
        "",
        description="Base URL of an OpenTelemetry collector (OTLP over HTTP); switches traces on. "
        "The other OTEL_ variables of the SDK hold too.",
    )
    tandem_heartbeat_url: SecretStr = Field(
        SecretStr(""),
        description="A dead man's switch: an address that is asked every minute while Tandem truly "
        "works, such as a check of healthchecks.io; empty for none.",
    )
    tandem_heartbeat_fail_url: SecretStr = Field(
        SecretStr(""),
        description="Where it is told at once, by a POST that says why, that Tandem does not work.",
    )
    tandem_watchdog: str = Field(
        "",
        description="The name of an alert that always fires, such as `Watchdog`: it opens no "
        "incident, and one is opened when it stays away.",
    )
    tandem_watchdog_minutes: float = Field(
        10.0, description="Minutes without that alert that are too long.", gt=0
    )
    tandem_stuck_seconds: float = Field(
        120.0,
        description="Seconds without progress after which /healthz counts a loop as stuck.",
        gt=0,
    )
    tandem_drain_seconds: float = Field(
        5.0,
        description="Seconds after SIGTERM in which HTTP still answers, so that load balancers "
        "notice /readyz first.",
        ge=0,
    )
    tandem_stop_seconds: float = Field(
        25.0, description="Seconds that requests under way may take to end after that.", gt=0
    )

    tandem_log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where values come from, the first that has one."""
        return init_settings, SecretFiles(settings_cls), env_settings, dotenv_settings

    @property
    def slack_mode(self) -> Literal["socket", "http"]:
        """The way in that is meant: "auto" is Socket Mode when there is an app token."""
        if self.tandem_slack_mode != "auto":
            return self.tandem_slack_mode
        return "socket" if self.slack_app_token.get_secret_value() else "http"

    def require_slack(self) -> None:
        """Raises UserError with one line when a token that the start needs is missing."""
        if not self.slack_bot_token.get_secret_value():
            raise UserError(
                "SLACK_BOT_TOKEN is not set. Set it to the app's bot token (xoxb-...), or try "
                "`make demo` or `tandem chat`, which need none."
            )
        if self.slack_mode == "socket" and not self.slack_app_token.get_secret_value():
            raise UserError(
                "SLACK_APP_TOKEN is not set, and Socket Mode needs it. Set it to an app-level "
                "token (xapp-...) with the scope connections:write."
            )
        if self.slack_mode == "http" and not self.slack_signing_secret.get_secret_value():
            raise UserError(
                "Neither SLACK_APP_TOKEN (for Socket Mode) nor SLACK_SIGNING_SECRET (for HTTP "
                "events) is set. Set one of them."
            )


def read_settings(**overrides: object) -> Settings:
    """Raises UserError with one line per wrong variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"{str(e['loc'][0]).upper()}: {e['msg']} (it is {e.get('input')!r})"
            for e in error.errors()
        ]
        raise UserError("; ".join(lines)) from None

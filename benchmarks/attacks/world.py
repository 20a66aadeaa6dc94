"""The bot that is attacked: `tandem run` in a thread with HTTP events, a playground for Slack, a
SQLite store, and a secret of its own in every setting that holds one."""

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.types import ASGIApp

from benchmarks.attacks.tally import Watch
from bot.build import Bot
from bot.log import masked
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.settings import read_settings
from bot.slack.manifest import manifest
from bot.verbs.run import Server, serve
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.catalogue import Catalogue
from knowledge.records import ModelVersion, Run, RunState, Training
from skills.registry import BUILTIN

SECRETS: Mapping[str, str] = {
    name: f"Zx9-{name}-{number}k8Qw"
    for number, name in enumerate(
        (
            *("webhook", "mlflow", "grafana", "pagerduty", "sentry", "gcp", "azure", "datadog"),
            *("acme", "github", "gitlab", "launchdarkly", "standard", "training", "openai"),
            *("prometheus", "database"),
        )
    )
}
"""By whose they are; made up."""
TRAINING = "0c9f" * 8
_SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""In memory where there is such a place: refusing is not slow because a disk is."""
_VARIABLES = {f"ATTACK_{name.upper()}": secret for name, secret in SECRETS.items()}
_SOURCES = """
[sources.grafana]
auth = "vendor"
secret_env = "ATTACK_GRAFANA"
timestamp_header = "X-Grafana-Alerting-Timestamp"

[sources.pagerduty]
auth = "vendor"
secret_env = "ATTACK_PAGERDUTY"

[sources.sentry]
auth = "vendor"
secret_env = "ATTACK_SENTRY"

[sources.gcp]
auth = "basic"
user = "tandem"
password_env = "ATTACK_GCP"

[sources.azure]
auth = "query"
parameter = "token"
token_env = "ATTACK_AZURE"

[sources.datadog]
auth = "header"
header = "X-Tandem-Token"
token_env = "ATTACK_DATADOG"

[sources.acme]
parser = "generic"
auth = "hmac"
secret_env = "ATTACK_ACME"
header = "X-Acme-Signature"
prefix = "v1="
signed = "{timestamp}.{body}"
timestamp_header = "X-Acme-Timestamp"

[sources.standard]
parser = "generic"
auth = "vendor"
vendor = "standard-webhooks"
secret_env = "ATTACK_STANDARD"

[changes.github]
auth = "vendor"
secret_env = "ATTACK_GITHUB"

[changes.gitlab]
auth = "vendor"
secret_env = "ATTACK_GITLAB"

[changes.launchdarkly]
auth = "vendor"
secret_env = "ATTACK_LAUNCHDARKLY"
"""
_TRAINERS = """
[[trainer]]
name = "in-house"
kind = "webhook"
url = "http://127.0.0.1:9/train"
secret_env = "ATTACK_TRAINING"

[model."eta-model"]
trainer = "in-house"
"""
_PROMOTION = """
[default]
approvers = ["@ml-leads", "{chloe}"]
needed = 2
"""
_DECIDED = (
    *("incident", "incident_event", "change", "approval", "move", "run", "silence", "lesson"),
    *("monitor", "document", "handover", "execution", "judgement", "inbox"),
)
"""Tables that hold what was accepted or decided. The audit record and the outbox grow by refusals
too."""


@dataclass
class World:
    """A running bot, and what an attacker aims at."""

    app: ASGIApp
    """The bot's HTTP side."""
    bot: Bot
    url: str
    playground: RunningPlayground
    folder: Path
    secrets: Mapping[str, str]
    watch: Watch
    people: Mapping[str, str] = field(default_factory=dict)
    """Slack ids by name."""

    def state(self) -> dict[str, str]:
        """A digest, by table, of everything that was accepted or decided so far."""
        with closing(sqlite3.connect(self.folder / "tandem.db", timeout=30)) as base:
            return {
                name: sha256(
                    repr(base.execute(f'select * from "{name}"').fetchall()).encode()
                ).hexdigest()
                for name in _DECIDED
            }

    def changed(self, before: Mapping[str, str]) -> str:
        """The tables that are not as they were; empty where all are."""
        return ", ".join(name for name, held in self.state().items() if held != before[name])


class _Masked(logging.Formatter):
    """As `bot.log` writes lines."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _Running:
    """`tandem run` in a thread."""

    def __init__(self, settings: Any, **overrides: Any) -> None:
        self._settings, self._overrides = settings, overrides
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self.bot: Bot | None = None
        self.server: Server | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._up.wait(240)
        if self.bot is None:
            raise RuntimeError("the bot did not start") from self._failed

    def stop(self) -> None:
        if self._loop is not None and self.server is not None:
            self._loop.call_soon_threadsafe(self.server.leave)
        self._thread.join(30)

    def _run(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            asyncio.run(serve(self._settings, self._ready, **self._overrides))
        except BaseException as error:  # noqa: BLE001 shown by start()
            self._failed = error
            self._up.set()

    def _ready(self, bot: Bot, server: Server) -> None:
        self._loop = asyncio.get_running_loop()
        self.bot, self.server = bot, server
        self._loop.call_later(0.1, self._up.set)


@contextmanager
def attacked() -> Iterator[World]:
    """The bot, running; its log is read by `World.watch`."""
    kept = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(_VARIABLES)
    try:
        with TemporaryDirectory(prefix="attacks-", dir=_SCRATCH) as scratch:
            yield from _attacked(Path(scratch))
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _attacked(folder: Path) -> Iterator[World]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=None)) as playground:
        ids = {u.name: u.id for u in playground.playground.workspace.users.values()}
        planted = {
            **SECRETS,
            "bot token": playground.bot_token,
            "signing": playground.signing_secret,
        }
        settings = read_settings(**_settings(playground, ids, folder))
        running = _Running(
            settings,
            embedder=HashEmbedder(),
            cache=folder / "vectors.db",
            catalogue=Catalogue.from_tables({"services": {"checkout": {}, "payments": {}}}),
            models=_registry(),
            frames=MemoryFrames(),
        )
        running.start()
        bot, server = running.bot, running.server
        assert bot is not None
        assert server is not None
        watch = Watch(planted, _Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(watch)
        _plant_training(bot)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        playground.use_http(f"{url}/slack/events")
        app: Any = server.config.app
        try:
            yield World(app, bot, url, playground, folder, planted, watch, ids)
        finally:
            logging.getLogger().removeHandler(watch)
            running.stop()


def _settings(
    playground: RunningPlayground, ids: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    (folder / "sources.toml").write_text(_SOURCES, "utf-8")
    (folder / "trainers.toml").write_text(_TRAINERS, "utf-8")
    (folder / "promotion.toml").write_text(_PROMOTION.format(**ids), "utf-8")
    return {
        "slack_bot_token": playground.bot_token,
        "slack_signing_secret": playground.signing_secret,
        "slack_api_url": playground.api_url,
        "tandem_slack_mode": "http",
        "tandem_http_port": 0,
        "tandem_webhook_token": SECRETS["webhook"],
        "tandem_mlflow_webhook_secret": SECRETS["mlflow"],
        "tandem_sources": folder / "sources.toml",
        "tandem_trainers": folder / "trainers.toml",
        "tandem_promotion": folder / "promotion.toml",
        "tandem_operators": ",".join(ids[n] for n in ("ada", "ben")),
        "tandem_approvers": ids["chloe"],
        "tandem_quiet": 0,
        "tandem_log_level": "debug",
        "database_url": f"sqlite:///{folder / 'tandem.db'}",
    }


def _registry() -> MemoryModels:
    now = datetime.now(UTC)
    champion = ModelVersion(
        "eta-model", "2", now, metrics={"rmse": 12.3}, dataset="holdout", aliases=("champion",)
    )
    return MemoryModels(
        [champion, ModelVersion("eta-model", "5", now, metrics={"rmse": 10.2}, dataset="holdout")]
    )


def _plant_training(bot: Bot) -> None:
    now = datetime.now(UTC)
    training = Training(TRAINING, "eta-model", "7", "drift", {}, "U1", "ada", now)
    run = Run(training, RunState.ASKED, "webhook", f"in-house:{TRAINING}", updated_at=now)
    bot.parts.store.runs.put(run)

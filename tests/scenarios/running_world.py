"""The whole bot against the playground: real Bolt, real HTTP, SQLite, both ways in.

Models are replaced by deterministic ones (an embedder that hashes words, a registry in memory);
tests/scenarios/test_demo.py has the real ones.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from servers import free_port

from bot.build import Bot
from bot.playground.client import PersonClient
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.route_model import Encode, Fitted, Wordings, fit
from bot.settings import read_settings
from bot.slack.manifest import manifest
from bot.verbs.run import Server, serve
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.catalogue import Catalogue
from knowledge.records import Document, DocumentKind, ModelVersion
from skills.registry import BUILTIN

TOKEN = "let-me-in"


@dataclass
class World:
    """A running playground with the bot in it."""

    playground: RunningPlayground
    bot: Bot
    url: str
    folder: Path

    def person(self, name: str) -> PersonClient:
        return self.playground.client(name)

    def webhook(self, body: bytes | dict[str, Any], token: str = TOKEN) -> httpx.Response:
        content = {"json": body} if isinstance(body, dict) else {"content": body}
        return httpx.post(
            f"{self.url}/signals/alertmanager",
            headers={"Authorization": f"Bearer {token}"},
            verify=False,
            **content,  # type: ignore[arg-type]
        )


class RunningBot:
    """`tandem run` in a thread; `with` gives the Bot when it takes requests."""

    def __init__(self, settings: Any, **overrides: Any) -> None:
        self._settings, self._overrides = settings, overrides
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._bot: Bot | None = None
        self._leave: Any = None

    def __enter__(self) -> Bot:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._up.wait(120)
        if self._bot is None:
            raise RuntimeError("the bot did not start") from self._failed
        return self._bot

    def __exit__(self, *_: object) -> None:
        self._leave()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(serve(self._settings, self._ready, **self._overrides))
        except BaseException as error:  # noqa: BLE001 shown by the fixture
            self._failed = error
            self._up.set()

    def _ready(self, bot: Bot, server: Server) -> None:
        loop = asyncio.get_running_loop()
        self._bot = bot
        self._leave = lambda: loop.call_soon_threadsafe(server.leave)
        loop.call_later(0.05, self._up.set)


def settings_for(
    playground: RunningPlayground, folder: Path, port: int, mode: str, **more: Any
) -> dict[str, Any]:
    """What `read_settings` is given; `more` adds to it or replaces."""
    ids = {u.name: u.id for u in playground.playground.workspace.users.values()}
    return {
        "slack_bot_token": playground.bot_token,
        "slack_app_token": playground.app_token,
        "slack_signing_secret": playground.signing_secret,
        "slack_api_url": playground.api_url,
        "tandem_slack_mode": mode,
        "tandem_http_port": port,
        "tandem_webhook_token": TOKEN,
        "tandem_operators": ",".join(ids[n] for n in ("ada", "ben", "chloe", "dev")),
        "tandem_approvers": ",".join(ids[n] for n in ("chloe", "dev")),
        "tandem_quiet": 0,
        "tandem_drain_seconds": 0,
        "database_url": f"sqlite:///{folder / 'tandem.db'}",
    } | more


def registry() -> MemoryModels:
    def version(number: str, rmse: float, **given: Any) -> ModelVersion:
        made = datetime.now(UTC) - timedelta(days=30 - int(number))
        return ModelVersion(
            "eta-model",
            number,
            made,
            metrics={"rmse": rmse},
            dataset="holdout",
            dataset_digest="d1",
            **given,
        )

    return MemoryModels([version("2", 12.3, aliases=("champion",)), version("5", 10.2)])


def frames(now: datetime) -> MemoryFrames:
    rng = np.random.default_rng(7)
    made = MemoryFrames()
    made.set_reference(
        "eta-model", {"distance": rng.normal(100, 20, 4000), "temp": rng.normal(60, 9, 4000)}
    )
    for minutes in range(1, 600, 10):
        moment = now - timedelta(minutes=minutes)
        rows = {"distance": rng.normal(100, 20, 50), "temp": rng.normal(16, 5, 50)}
        made.log("eta-model", moment, rows)
    return made


DOCUMENTS = [
    Document(
        "NP-1",
        "Checkout failed after a bad deploy",
        "High error rate on checkout after deploy 4.1; requests to checkout fail with 5xx",
        service="checkout",
        date="2026-01-02",
        resolution="rolled back to 4.0",
        url="https://wiki.example/NP-1",
    ),
    Document(
        "bad-deploy",
        "Bad deploy",
        "High error rate on a service after a deploy. 1. Look at the release. 2. Roll back.",
        DocumentKind.RUNBOOK,
    ),
]


SERVICES = (
    *("basket", "depot", "label-printer", "tracking", "pricing", "routing", "zeppelin", "search"),
    *("checkout", "payments", "storefront"),
)
CATALOGUE = Catalogue.from_tables(
    {
        "services": {
            **{name: {} for name in SERVICES},
            "storefront": {"calls": ["checkout"]},
            "checkout": {"calls": ["payments"]},
        }
    }
)
"""Most of them have nothing to do with each other: their alerts are troubles of their own."""


def stand_ins() -> dict[str, Any]:
    """What stands for a real registry and real data."""
    return {"models": registry(), "frames": frames(datetime.now(UTC))}


_learned: dict[tuple[object, ...], Fitted] = {}


def fit_once(wordings: Wordings, labels: Sequence[str], encode: Encode | None) -> Fitted:
    """`fit`, which takes seconds, for bots that all learn the same by HashEmbedder."""
    key = (tuple(wordings.texts), tuple(labels), encode is None)
    if key not in _learned:
        _learned[key] = fit(wordings, labels, encode)
    return replace(_learned[key], _encode=encode)


@contextmanager
def running_world(
    mode: str,
    folder: Path,
    *,
    port: int = 0,
    settings: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
) -> Iterator[World]:
    """The bot in a playground of its own. `settings` add to the usual ones; `parts` are overrides
    of `bot.build.build` in the place of `stand_ins()`."""
    port = port or free_port()
    playground = Playground(manifest=manifest(BUILTIN), rate_scale=50)
    with RunningPlayground(playground) as running:
        given = read_settings(**settings_for(running, folder, port, mode, **(settings or {})))
        overrides = {
            "embedder": HashEmbedder(),
            "fit": fit_once,
            "cache": folder / "vectors.db",
            "catalogue": CATALOGUE,
            **(stand_ins() if parts is None else parts),
        }
        with RunningBot(given, **overrides) as bot:
            bot.parts.library.add(DOCUMENTS)
            bot.parts.library.build()
            url = f"http://127.0.0.1:{port}"
            if mode == "http":
                running.use_http(f"{url}/slack/events")
            yield World(running, bot, url, folder)

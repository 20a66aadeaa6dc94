"""Parts -> a bot, without Slack."""

from datetime import datetime
from pathlib import Path
from typing import Any

from bot.build import build
from bot.parts import MONITOR
from bot.settings import Settings
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.store import MemoryStore
from knowledge.codec import signals_to_json
from knowledge.errors import Unavailable
from knowledge.records import Signal, SignalKind
from skills.testing import NOON


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "slack_bot_token": "xoxb-1",
            "database_url": f"sqlite:///{folder / 'tandem.db'}",
            **given,
        },
    )


def test_a_bot_needs_no_slack_to_be_built_and_keeps_what_it_accepts(tmp_path: Path) -> None:
    given = {"embedder": HashEmbedder(), "cache": tmp_path / "v.db", "now": lambda: NOON}
    bot = build(settings(tmp_path), **given)
    signal = Signal("f", "Hot", NOON, NOON, kind=SignalKind.METRIC, service="checkout")
    bot.accept(MONITOR, signals_to_json([signal]), [signal])
    assert bot.health()["inbox_waiting"] == 1
    bot.intake.work()
    health = bot.health()
    assert (health["ok"], health["inbox_waiting"], health["outbox_due"]) == (True, 0, 1)
    bot.parts.close()

    again = build(settings(tmp_path), **given)
    assert [i.service for i in again.parts.store.incidents.find()] == ["checkout"]
    assert again.health()["outbox_due"] == 1
    again.parts.close()


def test_health_says_that_the_store_is_away(tmp_path: Path) -> None:
    class Away(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.inbox.count = self.count  # type: ignore[method-assign]

        def count(self) -> int:
            raise Unavailable("the database", "is locked")

    def now() -> datetime:
        return NOON

    given = {"store": Away(), "embedder": HashEmbedder(), "cache": tmp_path / "v.db", "now": now}
    bot = build(settings(tmp_path), **given)
    assert bot.health() == {"ok": False, "database": "the database: is locked"}

"""MLflow's webhooks over HTTP: signed as MLflow signs, a real app, stores in memory and SQLite."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.mlflow_hook import MOST_BYTES, MlflowHook, hearing
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.promoting.outside import Heard

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECRET = "s3cret"
EVENT = {
    "entity": "model_version_alias",
    "action": "created",
    "timestamp": NOON.isoformat(),
    "data": {"name": "fraud", "alias": "champion", "version": "7"},
}


@dataclass
class World:
    store: MemoryStore | SqlStore
    secret: str = SECRET
    now: datetime = NOON

    def __post_init__(self) -> None:
        hook = MlflowHook(self.store, self.store.seen, self.secret, lambda: self.now)
        self.client = TestClient(Starlette(routes=[hook.route]))

    def send(
        self,
        event: Any = EVENT,
        *,
        secret: str = SECRET,
        delivery: str = "d1",
        at: datetime = NOON,
        sent: bytes = b"",
        **headers: str,
    ) -> tuple[int, Any]:
        """`sent` goes out in place of what was signed."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        stamp = str(int(at.timestamp()))
        message = f"{delivery}.{stamp}.".encode() + body
        mac = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest())
        signed = {
            "X-MLflow-Delivery-Id": delivery,
            "X-MLflow-Timestamp": stamp,
            "X-MLflow-Signature": f"v1,{mac.decode()}",
        }
        answer = self.client.post("/mlflow", content=sent or body, headers={**signed, **headers})
        return answer.status_code, answer.json()

    def waiting(self) -> list[Heard]:
        heard: list[Heard] = []
        deal_with = hearing(heard.append)
        for delivery in self.store.outbox.due(self.now):
            deal_with(delivery)
        return heard


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield World(MemoryStore())
        return
    store = open_store(f"sqlite:///{tmp_path}/tandem.db")
    yield World(store)
    store.close()


def test_it_waits_durably_before_it_is_answered(world: World) -> None:
    assert world.send() == (202, {"accepted": 1})
    assert world.waiting() == [Heard("d1", "fraud", "7", NOON, alias="champion")]


def test_a_replay_is_taken_once(world: World) -> None:
    world.send()
    assert world.send() == (200, {"accepted": 0, "repeated": True})
    assert len(world.waiting()) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "another"},
        {"sent": json.dumps(EVENT).replace("7", "8").encode()},
        {"at": NOON - timedelta(minutes=6)},
        {"at": NOON + timedelta(minutes=6)},
        {"X-MLflow-Signature": "v1,"},
        {"X-MLflow-Signature": ""},
        {"X-MLflow-Timestamp": "noon"},
        {"X-MLflow-Delivery-Id": "another"},
        {"delivery": ""},
        {"delivery": "a b"},
    ],
)
def test_what_is_forged_or_stale_is_refused_and_forgotten(
    world: World, forged: dict[str, Any]
) -> None:
    status, answer = world.send(**forged)
    assert status == 401
    assert "signature" not in json.dumps(answer)
    assert world.waiting() == []
    assert world.send()[0] == 202


def test_without_a_secret_everything_is_refused(world: World) -> None:
    unset = World(world.store, secret="")
    assert unset.send(secret="")[0] == 401
    assert unset.waiting() == []


def test_what_cannot_be_read_is_told_and_what_says_nothing_is_fine(world: World) -> None:
    status, answer = world.send(b'{"entity": "model_version_alias", "action": "created"}')
    assert (status, answer["error"]["field"]) == (400, "data")
    other = {**EVENT, "entity": "registered_model"}
    assert world.send(other)[0] == 200
    assert world.waiting() == []


def test_too_much_is_refused(world: World) -> None:
    assert world.send(b" " * (MOST_BYTES + 1))[0] == 413
    assert world.client.get("/mlflow").status_code == 405

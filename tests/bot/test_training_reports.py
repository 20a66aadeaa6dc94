"""Reports of runs over HTTP: real signatures, a real app, stores in memory and SQLite."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.training_reports import MOST_BYTES, TrainingReports
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.trainers.webhook import signature
from knowledge.records import Run, RunState, Training
from knowledge.training import Recipe

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
ID, OTHER = "0c9f" * 8, "a1b2" * 8
SECRET = "s3cret"


class Trainer:
    """Takes reports about runs of the webhook "in-house"."""

    name = "in-house"

    def recipe(self, model: str) -> Recipe:
        return Recipe(model)

    def start(self, training: Training) -> Run:
        return Run(training, RunState.ASKED, "webhook", "in-house:1")

    def look(self, run: Run) -> Run:
        return run

    def secret(self, run: Run) -> str:
        return SECRET if run.handle.startswith("in-house:") else ""


@dataclass
class World:
    store: MemoryStore | SqlStore
    now: datetime = NOON
    sent: int = field(default=0)

    def __post_init__(self) -> None:
        self.reports = TrainingReports(self.store, self.store.seen, Trainer(), lambda: self.now)
        self.client = TestClient(Starlette(routes=[self.reports.route]))
        for training_id, handle in ((ID, "in-house:1"), (OTHER, "in-house:2"), ("x", "argo:1")):
            training = Training(training_id, "eta-model", "7", "drift", {}, "U1", "ada", NOON)
            run = Run(training, RunState.ASKED, "webhook", handle, updated_at=NOON)
            self.store.runs.put(run)

    def send(
        self,
        report: dict[str, Any] | bytes,
        to: str = ID,
        *,
        secret: str = SECRET,
        delivery: str = "",
        at: datetime | None = None,
    ) -> tuple[int, Any]:
        self.sent += 1
        body = report if isinstance(report, bytes) else json.dumps({"id": to, **report}).encode()
        name, stamp = delivery or f"d{self.sent}", str(int((at or self.now).timestamp()))
        answer = self.client.post(
            f"/training/{to}",
            content=body,
            headers={
                "X-Tandem-Delivery-Id": name,
                "X-Tandem-Timestamp": stamp,
                "X-Tandem-Signature": signature(secret, name, stamp, body),
            },
        )
        return answer.status_code, answer.json()

    def run(self, training_id: str = ID) -> Run:
        return self.store.runs.get(training_id)

    @property
    def due(self) -> list[str]:
        return sorted(d.key for d in self.store.outbox.due(self.now + timedelta(days=1)))


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield World(MemoryStore())
        return
    store = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    yield World(store)
    store.close()


def test_a_run_reports_how_it_goes_on(world: World) -> None:
    said = {"state": "running", "detail": "epoch 3\nof 5", "url": "https://t.example/1"}
    assert world.send(said) == (202, {"accepted": 1})
    assert (world.run().state, world.run().detail) == (RunState.RUNNING, "epoch 3 of 5")
    assert world.due == [f"training-thread:{ID}", f"training:{ID}"]
    world.now += timedelta(hours=2)
    assert world.send({"state": "done", "version": "8"})[0] == 202
    done = world.run()
    assert (done.state, done.version, done.url) == (RunState.DONE, "8", "https://t.example/1")
    assert done.updated_at == world.now


def test_what_is_sent_again_counts_once_and_nothing_goes_back(world: World) -> None:
    running = {"state": "running", "detail": "early"}
    world.send(running, delivery="a")
    world.send({"state": "running", "detail": "later"}, delivery="b")
    assert world.send(running, delivery="a") == (200, {"repeated": True})
    assert world.run().detail == "later"
    world.send({"state": "failed", "detail": "out of memory"}, delivery="c")
    assert world.send({"state": "running"}, delivery="d")[0] == 202
    assert (world.run().state, world.run().detail) == (RunState.FAILED, "out of memory")


REFUSED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"state": "done"}, {"secret": "guess"}),
    ({"state": "done"}, {"at": NOON - timedelta(minutes=6)}),
    ({"state": "done"}, {"at": NOON + timedelta(minutes=6)}),
    ({"state": "done"}, {"to": "no-such-run"}),
    ({"state": "done"}, {"to": "x"}),
]


@pytest.mark.parametrize(("report", "how"), REFUSED)
def test_who_does_not_prove_it_learns_and_changes_nothing(
    report: dict[str, Any], how: dict[str, Any]
) -> None:
    world = World(MemoryStore())
    status, answer = world.send(report, **how)
    assert status == 401
    assert answer["error"]["problem"] == "the sender did not prove who it is"
    assert [r.state for r in world.store.runs.find()] == [RunState.ASKED] * 3


def test_a_signed_report_about_one_run_is_none_about_another() -> None:
    world = World(MemoryStore())
    status, answer = world.send({"id": OTHER, "state": "done"}, to=ID)
    assert (status, answer["error"]["field"]) == (400, "id")
    assert world.run().state is RunState.ASKED


def test_without_a_signature_or_a_trainer_nothing_is_taken() -> None:
    world = World(MemoryStore())
    assert world.client.post(f"/training/{ID}", json={"state": "done"}).status_code == 401
    nobody = TrainingReports(world.store, world.store.seen, None, lambda: NOON)
    client = TestClient(Starlette(routes=[nobody.route]))
    assert client.post(f"/training/{ID}", json={"state": "done"}).status_code == 401


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"[" * 50_000, "body"),
        ({"state": "asked"}, "state"),
        ({}, "state"),
        ({"state": "done", "version": "8; drop"}, "version"),
        ({"state": "done", "url": "javascript:alert(1)"}, "url"),
        ({"state": "done", "detail": "x" * 2001}, "detail"),
    ],
)
def test_what_cannot_be_read_is_named(report: dict[str, Any] | bytes, field: str) -> None:
    world = World(MemoryStore())
    status, answer = world.send(report)
    assert (status, answer["error"]["field"]) == (400, field)
    assert world.run().state is RunState.ASKED


def test_a_body_that_is_too_large_is_refused() -> None:
    world = World(MemoryStore())
    assert world.send(b" " * (MOST_BYTES + 1))[0] == 413

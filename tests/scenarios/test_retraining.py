"""A model is trained again: asked for in a window, reported by the run, offered for promotion."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from running_world import World, running_world, stand_ins

from knowledge.adapters.memory.training import MemoryTrainer
from knowledge.adapters.trainers.webhook import signature

CHANNEL = "#ml-models"
SECRET = "s3cret"


@pytest.fixture(scope="module")
def trainer() -> MemoryTrainer:
    return MemoryTrainer(secret=SECRET)


@pytest.fixture(scope="module")
def world(trainer: MemoryTrainer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    parts = {**stand_ins(), "trainer": trainer}
    with running_world("socket", tmp_path_factory.mktemp("bot"), parts=parts) as running:
        yield running


def report(world: World, training_id: str, delivery: str, **told: str) -> int:
    body = json.dumps({"id": training_id, **told}).encode()
    stamp = str(int(time.time()))
    headers = {
        "X-Tandem-Delivery-Id": delivery,
        "X-Tandem-Timestamp": stamp,
        "X-Tandem-Signature": signature(SECRET, delivery, stamp, body),
    }
    answer = httpx.post(f"{world.url}/training/{training_id}", content=body, headers=headers)
    return answer.status_code


def test_a_training_run_from_the_question_to_its_version(
    world: World, trainer: MemoryTrainer
) -> None:
    dev, ada = world.person("dev"), world.person("ada")
    dev.command("/retrain eta-model because the feed changed units", channel=CHANNEL)
    offer = dev.wait_for("Train eta-model again?", channel=CHANNEL, timeout=60)
    assert trainer.started == []
    dev.click(offer, "Train again")
    view = dev.wait_for_view("Train again", timeout=60)
    dev.submit(view, {"parameters": "days=30"})
    card = ada.wait_for("eta-model: training asked for", channel=CHANNEL, timeout=60)
    (training,) = trainer.started
    assert (training.reason, training.parameters) == ("the feed changed units", {"days": "30"})

    assert report(world, training.id, "d1", state="running", detail="epoch 1 of 5") == 202
    ada.wait_until(card, lambda m: "epoch 1 of 5" in m.text_shown, timeout=60)
    assert report(world, training.id, "d2", state="done", version="5") == 202
    done = ada.wait_until(card, lambda m: "training done after" in m.text_shown, timeout=60)
    assert "Compare" in done.buttons
    told = ada.wait_for(lambda m: "v5 is registered" in m.text_shown, channel=CHANNEL, timeout=60)
    assert told.thread_ts == card.ts

    dev.click(done, "Ask for promotion")
    dev.submit(dev.wait_for_view("Ask for promotion", timeout=60))
    asked = dev.wait_for(lambda m: "Approve" in m.buttons, channel=CHANNEL, timeout=60)
    assert "trained again: the feed changed units" in asked.text_shown

    assert report(world, training.id, "d2", state="failed") == 200
    assert report(world, training.id, "d3", state="failed") == 202
    assert world.bot.parts.store.runs.get(training.id).version == "5"
    assert [m.ts for m in ada.read(CHANNEL) if "training done" in m.text_shown].count(card.ts) == 1

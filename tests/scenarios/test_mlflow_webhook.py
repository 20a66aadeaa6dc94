"""A real MLflow's webhooks to the running bot: what it hears although it never looks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest
from running_world import World, running_world
from servers import register_model, wait_until

from knowledge.records import Approval, Kind, Move

SECRET = "known-to-both"
CHANNEL = "#incidents"
PATIENCE_S = 180
POLICY = """\
[default]
ask_when = { tag = "stage", value = "ready" }
"""

pytestmark = pytest.mark.mlflow


@contextmanager
def webhook(mlflow_uri: str, to: str) -> Iterator[None]:
    """Registered as docs/how-to/out-of-band.md says, around a block."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mlflow_uri, mlflow_uri)
    events = ["model_version_alias.created", "model_version_tag.set", "prompt_alias.created"]
    made = client.create_webhook(name="tandem", url=to, events=events, secret=SECRET)
    try:
        tried = client.test_webhook(made.webhook_id)
        assert (tried.success, tried.response_status) == (True, 202), tried
        yield
    finally:
        client.delete_webhook(made.webhook_id)


@pytest.fixture(scope="module")
def told(mlflow_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its clock is stopped: whatever it knows of the registry's moves was told it."""
    folder = tmp_path_factory.mktemp("bot")
    (folder / "promotion.toml").write_text(POLICY)
    settings = {
        "mlflow_tracking_uri": mlflow_uri,
        "tandem_mlflow_webhook_secret": SECRET,
        "tandem_promotion": folder / "promotion.toml",
    }
    with running_world("socket", folder, settings=settings, parts={}) as running:
        running.bot.schedule.stop()
        with webhook(mlflow_uri, f"{running.url}/mlflow"):
            yield running


def moves(world: World, model: str) -> Sequence[Move]:
    """The oldest first."""
    return world.bot.parts.store.moves.find(model=model)[::-1]


def wait_for_move(world: World, model: str, version: str) -> None:
    """Until the last that is known of the model is its move to this version."""
    wait_until(
        lambda: [move.version for move in moves(world, model)][-1:] == [version],
        f"{model} v{version} was not heard of",
    )


def requests(world: World, model: str) -> Sequence[Approval]:
    return world.bot.parts.store.approvals.find(model=model)


def model_with_champion(world: World, mlflow_uri: str) -> str:
    """Three versions. That v1 was made champion was heard of."""
    model = register_model(mlflow_uri, 3.0, 2.0, 1.0)
    wait_for_move(world, model, "1")
    return model


def test_a_champion_moved_by_hand_is_heard_of(told: World, mlflow_uri: str) -> None:
    from mlflow.tracking import MlflowClient

    model = model_with_champion(told, mlflow_uri)
    MlflowClient(mlflow_uri, mlflow_uri).set_registered_model_alias(model, "champion", "2")
    card = told.person("ada").wait_for(
        f"{model}: champion moved from v1 to v2 outside Tandem", channel=CHANNEL, timeout=PATIENCE_S
    )
    assert "noticed by the registry's webhook" in card.text_shown
    assert {"Restore v1", "Accept"} <= set(card.buttons)
    assert [(m.before, m.version, m.how, m.approval) for m in moves(told, model)] == [
        ("", "1", "webhook", ""),
        ("1", "2", "webhook", ""),
    ]


def test_a_tag_asks_once_and_tandems_own_move_is_no_news(told: World, mlflow_uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mlflow_uri, mlflow_uri)
    model = model_with_champion(told, mlflow_uri)
    for value in ("draft", "ready", "ready"):
        client.set_model_version_tag(model, "2", "stage", value)
    chloe = told.person("chloe")
    card = chloe.wait_for(f"Promote {model} v2?", channel=CHANNEL, timeout=PATIENCE_S)
    assert "*MLflow* asks" in card.text_shown

    chloe.click(card, "Approve")
    moved = f"Champion of {model} moved from v1 to v2"
    chloe.wait_until(card, lambda m: moved in m.text_shown, timeout=PATIENCE_S)
    assert client.get_model_version_by_alias(model, "champion").version == "2"
    # The last word to be heard; all that was said before it has been dealt with by then.
    client.set_registered_model_alias(model, "champion", "3")
    wait_for_move(told, model, "3")
    (asked,) = requests(told, model)
    assert (asked.requester, asked.requester_name) == ("mlflow", "MLflow")
    assert [(m.version, m.approval) for m in moves(told, model)] == [
        ("1", ""),
        ("2", asked.id),
        ("3", ""),
    ]


def test_a_prompts_champion_is_heard_of_under_its_long_name(told: World, mlflow_uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mlflow_uri, mlflow_uri)
    name = f"greeting-{uuid4().hex[:8]}"
    client.create_prompt(name)
    for text in ("Say hello.", "Say good morning."):
        client.create_prompt_version(name, text)
    prompt = f"prompts.{name}"
    for version in ("1", "2"):
        client.set_prompt_alias(name, "champion", int(version))
        wait_for_move(told, prompt, version)
    (first, second) = moves(told, prompt)
    assert (first.before, second.before, second.kind) == ("", "1", Kind.PROMPT)
    assert moves(told, name) == []

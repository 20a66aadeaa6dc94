"""The bot among the real things: Debian's Prometheus and Alertmanager, MLflow, Parquet on disk."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from running_world import TOKEN, World, running_world
from servers import Line, Monitoring, free_port, monitoring, register_model, wait_until

from bot.playground.shown import Message
from knowledge.adapters.mlflow import MlflowModels
from knowledge.records import ModelVersion, SignalKind

CHANNEL = "#incidents"
MODEL = "parcel-eta"
PATIENCE_S = 180
ERRORS = 'checkout_error_ratio{service="checkout"}'
QUEUE = 'label_queue_length{service="labels"}'

MONITORS = f"""\
[[metric]]
name = "label-queue"
query = "label_queue_length"
above = 100
every = "1s"
summary = "{{value}} labels wait at {{service}}"

[[model]]
model = "{MODEL}"
every = "1s"
window = "10m"
needs = "2 of 3"
"""
MODELS = f"""\
[models.{MODEL}]
reference = "reference.parquet"
current = "log"
time = "at"
"""


def write_rows(path: Path, now: datetime, temp: float) -> None:
    """400 rows of the minute before `now`, their `temp` around this."""
    rng = np.random.default_rng(11)
    ago = rng.uniform(0, 60, 400)
    table = pa.table(
        {
            "at": pa.array([now - timedelta(seconds=s) for s in ago], pa.timestamp("us", "UTC")),
            "distance": rng.normal(900, 200, 400),
            "temp": rng.normal(temp, 9, 400),
        }
    )
    # Written aside first, so that the monitor never meets half a file.
    aside = path.with_suffix(".tmp")
    pq.write_table(table, aside)
    aside.replace(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """models.toml, monitors.toml, and a log that looks like its reference."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "log").mkdir()
    (folder / "monitors.toml").write_text(MONITORS)
    (folder / "models.toml").write_text(MODELS)
    write_rows(folder / "reference.parquet", datetime.now(UTC), temp=60)
    write_rows(folder / "log" / "usual.parquet", datetime.now(UTC), temp=60)
    return folder


@pytest.fixture(scope="module")
def line(mlflow_uri: str) -> Iterator[Line]:
    wire = Line(mlflow_uri)
    yield wire
    wire.cut()


class LostAtTheMove(MlflowModels):
    """Where told to, MLflow goes away when everything is decided and only the move is left."""

    line: Line
    lose = False

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        if self.lose:
            self.line.cut()
        return super().set_champion(model, version, expected=expected)


@pytest.fixture(scope="module")
def registry(line: Line) -> LostAtTheMove:
    models = LostAtTheMove(line.url, timeout=20)
    models.line = line
    return models


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Monitoring, int]]:
    """The monitoring, and the port at which it expects the bot."""
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/signals/alertmanager"
    with monitoring(tmp_path_factory.mktemp("monitoring"), webhook, TOKEN) as running:
        running.metrics.update({ERRORS: 0.01, QUEUE: 3.0})
        yield running, port


@pytest.fixture(scope="module")
def real(
    watching: tuple[Monitoring, int],
    registry: LostAtTheMove,
    data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    prometheus, port = watching
    settings = {
        "prometheus_url": prometheus.url,
        "tandem_models": data / "models.toml",
        "tandem_monitors": data / "monitors.toml",
    }
    with running_world(
        "socket",
        tmp_path_factory.mktemp("bot"),
        port=port,
        settings=settings,
        parts={"models": registry},
    ) as running:
        yield running


@pytest.fixture
def metrics(watching: tuple[Monitoring, int]) -> dict[str, float]:
    return watching[0].metrics


pytestmark = [pytest.mark.prometheus, pytest.mark.mlflow]


def card(world: World, *wanted: str) -> Message:
    def is_card(message: Message) -> bool:
        shown = message.text_shown
        is_one = "*Alerts*" in shown or "*Monitor*" in shown
        return is_one and all(words in shown for words in wanted)

    return world.person("ada").wait_for(is_card, channel=CHANNEL, timeout=PATIENCE_S)


# Speaking first ------------------------------------------------------------------------------


def test_a_metric_far_over_its_limits_becomes_one_card_until_it_is_back(
    real: World, metrics: dict[str, float]
) -> None:
    metrics[ERRORS] = 0.4
    first = card(real, "More than 5% of requests to checkout fail", "2 firing")
    metrics[ERRORS] = 0.01
    closed = card(real, "More than 5% of requests to checkout fail", "resolved on its own")
    assert closed.ts == first.ts
    shown = real.person("ben").read(CHANNEL)
    assert len([m for m in shown if "to checkout fail" in m.text_shown]) == 1


def test_a_metric_that_the_bot_polls_itself(real: World, metrics: dict[str, float]) -> None:
    metrics[QUEUE] = 250.0
    first = card(real, "250 labels wait")
    metrics[QUEUE] = 3.0
    assert card(real, "250 labels wait", "resolved on its own").ts == first.ts


def test_drift_in_a_log_on_disk_is_found_and_drawn(real: World, data: Path) -> None:
    write_rows(data / "log" / "metric.parquet", datetime.now(UTC), temp=16)
    found = card(real, MODEL, "temp")
    (incident,) = real.bot.parts.store.incidents.find(open_only=True, service=MODEL)
    assert [s.kind for s in incident.firing] == [SignalKind.DRIFT]

    ada = real.person("ada")
    ada.click(found, "Investigate")
    ada.click(ada.wait_for("Fires on", channel=CHANNEL, timeout=PATIENCE_S), "Show drift")
    drawn = ada.wait_for(
        lambda m: f"{MODEL}: drifting" in m.text_shown and bool(m.images),
        channel=CHANNEL,
        timeout=PATIENCE_S,
    )
    assert ada.download(drawn.images[0]).startswith(b"\x89PNG")
    (data / "log" / "metric.parquet").unlink()
    card(real, MODEL, "resolved on its own")


# Promoting -----------------------------------------------------------------------------------


def champion(world: World, model: str) -> str:
    found = world.bot.parts.models.champion(model)
    return found.version if found else "none"


def asked_by_dev(world: World, model: str) -> Message:
    """The card of a request to promote v2."""
    world.person("dev").command(f"/promote {model} v2", channel="#ml-models")
    return world.person("chloe").wait_for(
        lambda m: "Approve" in m.buttons and model in m.text_shown,
        channel="#ml-models",
        timeout=PATIENCE_S,
    )


def test_two_people_move_the_alias_in_mlflow(real: World, mlflow_uri: str) -> None:
    model = register_model(mlflow_uri, 2.0, 1.0)
    asked = asked_by_dev(real, model)
    assert "Gates" in asked.text_shown
    dev, chloe = real.person("dev"), real.person("chloe")
    dev.click(asked, "Approve")
    dev.wait_for("Not allowed", channel="#ml-models", timeout=PATIENCE_S)
    assert champion(real, model) == "1"
    chloe.click(asked, "Approve")
    moved = f"Champion of {model} moved from v1 to v2"
    chloe.wait_until(asked, lambda m: moved in m.text_shown, timeout=PATIENCE_S)
    assert champion(real, model) == "2"


def test_mlflow_gone_at_the_click_can_be_tried_again(
    real: World, mlflow_uri: str, line: Line
) -> None:
    model = register_model(mlflow_uri, 2.0, 1.0)
    asked = asked_by_dev(real, model)
    chloe = real.person("chloe")
    line.cut()
    try:
        chloe.click(asked, "Approve")
        told = chloe.wait_for(
            lambda m: "mlflow is not available" in m.text_shown,
            channel="#ml-models",
            timeout=PATIENCE_S,
        )
        assert "Nothing was changed" in told.text_shown
        again = chloe.again(asked)
        assert again is not None
        assert "Approve" in again.buttons
    finally:
        line.mend()
    chloe.click(told, "Try again")
    wait_until(lambda: champion(real, model) == "2", f"{model} v2 is not champion")


def test_mlflow_lost_during_the_move_is_said_on_the_card(
    real: World, mlflow_uri: str, line: Line, registry: LostAtTheMove
) -> None:
    model = register_model(mlflow_uri, 2.0, 1.0)
    asked = asked_by_dev(real, model)
    chloe = real.person("chloe")
    registry.lose = True
    try:
        chloe.click(asked, "Approve")
        told = chloe.wait_until(asked, lambda m: "Try again" in m.buttons, timeout=PATIENCE_S)
    finally:
        registry.lose = False
        line.mend()
    assert "did not confirm the move" in told.text_shown
    assert champion(real, model) == "1"
    chloe.click(told, "Try again")
    moved = chloe.wait_until(
        asked, lambda m: f"Champion of {model} moved" in m.text_shown, timeout=PATIENCE_S
    )
    assert "chloe" in moved.text_shown
    assert champion(real, model) == "2"

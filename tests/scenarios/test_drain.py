"""An upgrade under traffic: SIGTERM, while people ask and alerts come. What was acknowledged is
answered, what was accepted is kept, and load balancers are told first."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
from running_world import TOKEN, settings_for
from servers import BotProcess, free_port, wait_until
from test_incident import alert, batch

from bot.playground.client import ActError
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.slack.manifest import manifest
from knowledge.adapters.sql import open_store
from skills.registry import BUILTIN

DRAIN_S = 1.5


class Traffic:
    """People and senders that go on until they are stopped; what was acknowledged to each."""

    def __init__(self, playground: RunningPlayground, url: str) -> None:
        self._playground = playground
        self._url = url
        self._over = threading.Event()
        self._numbers = count(90_000)
        self._lock = threading.Lock()
        self.asked: dict[str, list[str]] = {"ada": [], "ben": [], "chloe": []}
        self.sent: list[str] = []
        self.errors: list[int] = []
        """Statuses of webhooks that were neither accepted nor cut off."""

    def _number(self) -> int:
        with self._lock:
            return next(self._numbers)

    def _ask(self, name: str) -> None:
        with self._playground.client(name) as person:
            while not self._over.is_set():
                incident = f"INC-{self._number()}"
                try:
                    person.command(f"/incident {incident}", channel="#incidents")
                except ActError:
                    continue  # Slack told the person; they will try again.
                self.asked[name].append(incident)
                self._over.wait(0.02)

    def _send(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            while not self._over.is_set():
                name = f"Drain{self._number()}"
                body = batch(alert("drained", name))
                try:
                    answer = client.post(f"{self._url}/signals/alertmanager", json=body)
                except httpx.HTTPError:
                    self._over.wait(0.05)
                    continue  # Not accepted: the sender keeps it.
                if answer.status_code == 202:
                    self.sent.append(name)
                else:
                    self.errors.append(answer.status_code)
                self._over.wait(0.01)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(name,)) for name in self.asked]
        threads.append(threading.Thread(target=self._send))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(20)


@pytest.fixture
def playground() -> Iterator[RunningPlayground]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=50)) as running:
        yield running


Start = Callable[..., BotProcess]


@pytest.fixture
def started(playground: RunningPlayground, tmp_path: Path) -> Iterator[Start]:
    bots: list[BotProcess] = []

    def start(mode: str, **given: object) -> BotProcess:
        port = free_port()
        settings = settings_for(
            playground,
            tmp_path,
            port,
            mode,
            tandem_embedder="openai:none",
            openai_base_url=f"http://127.0.0.1:{free_port()}/v1",
            **given,
        )
        bot = BotProcess({k.upper(): str(v) for k, v in settings.items()}, tmp_path, port)
        bots.append(bot)
        bot.start()
        if mode == "http":
            playground.use_http(f"{bot.url}/slack/events")
        return bot

    yield start
    for bot in bots:
        bot.close()


def ready(url: str) -> int:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code
    except httpx.HTTPError:
        return 0


@pytest.mark.parametrize(("mode", "drain_s"), [("socket", DRAIN_S), ("http", 300)])
def test_what_was_acknowledged_is_answered_and_what_was_accepted_is_kept(
    playground: RunningPlayground, started: Start, tmp_path: Path, mode: str, drain_s: float
) -> None:
    """Once by itself, once hurried by a second signal."""
    bot = started(mode, tandem_drain_seconds=drain_s)
    traffic = Traffic(playground, bot.url)
    with traffic.going_on():
        wait_until(lambda: len(traffic.sent) > 20 and all(traffic.asked.values()), "no traffic")
        bot.tell(signal.SIGTERM)
        wait_until(lambda: ready(bot.url) == 503, "it never said that it leaves", 5)
        accepted = len(traffic.sent)
        wait_until(lambda: len(traffic.sent) > accepted, "it took nothing more", 5)
        if drain_s > DRAIN_S:
            bot.tell(signal.SIGTERM)
        assert bot.left() == 0
    for name, asked in traffic.asked.items():
        shown = " ".join(m.text_shown for m in playground.client(name).read("#incidents"))
        assert [incident for incident in asked if incident not in shown] == []
    store = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    try:
        kept = {record.signal.name for record in store.alerts.find(limit=100_000)}
        waiting = b" ".join(one.body for one in store.inbox.waiting(100_000))
        assert [n for n in traffic.sent if n not in kept and n.encode() not in waiting] == []
    finally:
        store.close()
    assert traffic.errors == []

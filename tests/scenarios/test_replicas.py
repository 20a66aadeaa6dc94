"""Three `tandem run` on one PostgreSQL, behind one Slack: they are one bot, also when one of them
is killed, stopped, or cut off from the database.

The tests go on from each other, in their order: a start of three processes takes most of the time.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import httpx
import pytest
import sqlalchemy as sa
from running_world import TOKEN, settings_for
from servers import answers, clean_environment, free_port, wait_until
from test_incident import alert, batch

from benchmarks.faults.wire import Trouble, Wire
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.shown import Message
from bot.replica import COURIER, INTAKE, ROLES
from bot.slack.manifest import manifest
from skills.registry import BUILTIN

CHANNEL = "#incidents"
SERVICE = "basket"
SOON_S = 10.0
"""Within which another replica must have taken over."""
AGAIN_S = 30.0
"""Within which whoever was away must be back; busy machines take most of it."""


class Nursery:
    """Bears bots that need not import anything: three starts take a third of the time."""

    def __init__(self, folder: Path) -> None:
        with (folder / "nursery.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.faults.nursery"],
                env=clean_environment(folder),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._said("ready")

    def bear(self, env: Mapping[str, str], folder: Path) -> int:
        """The number of the new process."""
        stdin = self._process.stdin
        assert stdin is not None
        log = str(folder / "bot.log")
        task = {"env": {**clean_environment(folder), **env}, "folder": str(folder), "log": log}
        print(json.dumps({**task, "mishaps": {}}), file=stdin, flush=True)
        return int(self._said())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _said(self, wanted: str = "") -> str:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        assert said, "the nursery has ended"
        assert wanted in ("", said)
        return said


@dataclass
class Bot:
    """`tandem run` in a process of its own."""

    nursery: Nursery
    env: Mapping[str, str]
    folder: Path
    port: int
    wire: Wire
    """To the database."""
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns at once."""
        self.pid = self.nursery.bear(self.env, self.folder)

    def is_alive(self) -> bool:
        return self.pid != 0 and Path(f"/proc/{self.pid}").exists()

    def tell(self, which: signal.Signals) -> None:
        os.kill(self.pid, which)

    def end(self, how: signal.Signals) -> None:
        """Returns when it is gone."""
        if self.is_alive():
            self.tell(how)
            wait_until(lambda: not self.is_alive(), f"{how.name} does not end it")
        self.pid = 0


@dataclass
class Replicated:
    """Three replicas, each with its own wire to the database."""

    playground: RunningPlayground
    bots: tuple[Bot, ...]

    def send(self, to: Bot, *names: str) -> None:
        """Alerts of these names, all of one trouble."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = batch(*(alert(SERVICE, name) for name in names))
        answer = httpx.post(f"{to.url}/signals/alertmanager", json=body, headers=headers)
        assert answer.status_code == 202

    def roles(self, bot: Bot) -> list[str]:
        """What it holds by its own account; nothing where it does not answer."""
        try:
            said = httpx.get(f"{bot.url}/healthz", timeout=1).json()
        except httpx.HTTPError:
            return []
        roles: list[str] = said.get("roles", [])
        return roles

    def has_any(self, bot: Bot) -> bool:
        return bool(self.roles(bot))

    def holder(self, role: str, *others: Bot) -> Bot:
        """Who has it, of all or of these."""
        found: list[Bot] = []

        def look() -> bool:
            found[:] = [b for b in others or self.bots if role in self.roles(b)]
            return bool(found)

        wait_until(look, f"nobody has the role {role}", seconds=AGAIN_S)
        (only,) = found
        return only

    def card(self, wanted: str) -> Message:
        """The only card, once it says what is wanted."""

        def is_it(message: Message) -> bool:
            return "*Alerts*" in message.text_shown and wanted in message.text_shown

        ada = self.playground.client("ada")
        ada.wait_for(is_it, channel=CHANNEL, timeout=AGAIN_S)
        (only,) = (m for m in ada.read(CHANNEL) if "*Alerts*" in m.text_shown)
        return only

    def told(self, card: Message) -> list[str]:
        """The texts below a card."""
        thread = self.playground.client("ben").thread(CHANNEL, card.ts)
        return [message.text_shown for message in thread[1:]]


@pytest.fixture(scope="module")
def database(postgresql_url: str) -> Iterator[sa.URL]:
    """Empty, without tables: the three make them when they start at the same moment."""
    engine = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE replicas")
    yield engine.url.set(database="replicas")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE replicas WITH (FORCE)")
    engine.dispose()


@pytest.fixture(scope="module")
def three(database: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with ExitStack() as stack:
        slack = stack.enter_context(
            RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=50))
        )
        nursery = Nursery(tmp_path_factory.mktemp("nursery"))
        stack.callback(nursery.close)
        bots = tuple(
            _bot(nursery, slack, tmp_path_factory.mktemp(name), database, stack) for name in "abc"
        )
        for bot in bots:
            stack.callback(bot.end, signal.SIGKILL)
            bot.start()
        for bot in bots:
            wait_until(partial(answers, f"{bot.url}/readyz"), "it does not answer")
        yield Replicated(slack, bots)


def _bot(
    nursery: Nursery, slack: RunningPlayground, folder: Path, database: sa.URL, stack: ExitStack
) -> Bot:
    """Not started yet. Its embedder is out of reach, which nothing here needs."""
    wire = stack.enter_context(Wire(Path(str(database.query["host"])) / ".s.PGSQL.5432"))
    port = free_port()
    url = database.set(host="127.0.0.1", port=wire.port, query={})
    settings = settings_for(
        slack,
        folder,
        port,
        "socket",
        tandem_embedder="openai:none",
        openai_base_url=f"http://127.0.0.1:{free_port()}/v1",
        database_url=url.render_as_string(hide_password=False),
    )
    env = {k.upper(): str(v) for k, v in settings.items()}
    return Bot(nursery, env, folder, port, wire)


def test_the_roles_are_shared(three: Replicated) -> None:
    def shared() -> bool:
        return sorted(len(three.roles(bot)) for bot in three.bots) == [1, 1, 1]

    wait_until(shared, "the roles are not shared", seconds=AGAIN_S)
    assert sorted(role for bot in three.bots for role in three.roles(bot)) == sorted(ROLES)


def test_alerts_at_all_of_them_are_one_incident_with_one_card(three: Replicated) -> None:
    names = ("HighErrorRate", "SlowRequests", "PodNotReady")
    for name, bot in [*zip(names, three.bots, strict=True)] * 2:
        three.send(bot, name)
    card = three.card("3 firing of 3")
    ben, ada = (three.playground.client(name) for name in ("ben", "ada"))
    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(who.click, card, "Acknowledge") for who in (ben, ada)]
        for click in clicks:
            click.result()
    card = three.card("acknowledged by")
    wait_until(lambda: any("acknowledged" in t for t in three.told(card)), "nobody is told")
    assert sum(text.count("acknowledged") for text in three.told(card)) == 1


def test_a_stopped_one_and_a_cut_off_one_are_replaced_and_come_back(three: Replicated) -> None:
    stopped, cut_off = three.holder(INTAKE), three.holder(COURIER)
    (left,) = (b for b in three.bots if b not in (stopped, cut_off))
    three.send(stopped, "DiskFull", "QueueGrows")
    stopped.tell(signal.SIGSTOP)
    cut_off.wire.trouble(Trouble.CUT)
    began = monotonic()
    three.send(left, "OutOfMemory")
    for role in ROLES:
        assert three.holder(role, left) is left
    assert monotonic() - began < SOON_S
    assert three.roles(cut_off) == []
    three.card("6 firing of 6")

    cut_off.wire.mend()
    stopped.tell(signal.SIGCONT)
    for bot in (stopped, cut_off):
        wait_until(partial(three.has_any, bot), "it is not back", seconds=AGAIN_S)
    three.send(stopped, "CertificateExpires")
    three.send(cut_off, "ThreadsExhausted")
    three.card("8 firing of 8")


def test_a_killed_one_is_replaced_and_nothing_is_posted_twice(three: Replicated) -> None:
    killed = three.holder(INTAKE)
    others = tuple(bot for bot in three.bots if bot is not killed)
    three.send(killed, "CacheMisses")
    killed.end(signal.SIGKILL)
    began = monotonic()
    three.send(others[0], "ReplicationLags")
    three.holder(INTAKE, *others)
    assert monotonic() - began < SOON_S
    told = three.told(three.card("10 firing of 10"))
    assert sum(text.count("acknowledged") for text in told) == 1


def test_one_that_leaves_hands_over_at_once(three: Replicated) -> None:
    alive = [bot for bot in three.bots if bot.is_alive()]
    leaving = three.holder(INTAKE, *alive)
    (left,) = (bot for bot in alive if bot is not leaving)
    leaving.end(signal.SIGTERM)
    for role in ROLES:
        assert three.holder(role, left) is left
    three.send(left, "ClockSkew")
    three.card("11 firing of 11")

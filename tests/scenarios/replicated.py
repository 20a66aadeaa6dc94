"""Several `tandem run` on one PostgreSQL, in processes of their own, behind one Slack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import sqlalchemy as sa
from running_world import TOKEN, settings_for
from servers import answers, clean_environment, free_port, wait_until
from test_incident import alert, batch

from benchmarks.faults.wire import Wire
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.shown import Message
from bot.slack.manifest import manifest
from skills.registry import BUILTIN

CHANNEL = "#incidents"
SERVICE = "basket"
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
    """Each has a wire of its own to the database."""

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


@contextmanager
def empty_database(postgresql_url: str, name: str) -> Iterator[sa.URL]:
    """Without tables: the replicas make them, and all start at the same moment."""
    engine = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield engine.url.set(database=name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@contextmanager
def replicas(
    count: int,
    database: sa.URL,
    new_folder: Callable[[str], Path],
    mode: str,
    **settings: object,
) -> Iterator[Replicated]:
    """All of them answer. In mode "http" nobody has told Slack yet where they are."""
    with ExitStack() as stack:
        slack = stack.enter_context(
            RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=50))
        )
        nursery = Nursery(new_folder("nursery"))
        stack.callback(nursery.close)
        bots = tuple(
            _bot(nursery, slack, new_folder(name), database, stack, mode, settings)
            for name in "abc"[:count]
        )
        for bot in bots:
            stack.callback(bot.end, signal.SIGKILL)
            bot.start()
        for bot in bots:
            wait_until(partial(answers, f"{bot.url}/readyz"), "it does not answer")
        yield Replicated(slack, bots)


def _bot(
    nursery: Nursery,
    slack: RunningPlayground,
    folder: Path,
    database: sa.URL,
    stack: ExitStack,
    mode: str,
    more: Mapping[str, object],
) -> Bot:
    """Not started yet. Its embedder is out of reach, which nothing here needs."""
    wire = stack.enter_context(Wire(Path(str(database.query["host"])) / ".s.PGSQL.5432"))
    port = free_port()
    url = database.set(host="127.0.0.1", port=wire.port, query={})
    settings = settings_for(
        slack,
        folder,
        port,
        mode,
        tandem_embedder="openai:none",
        openai_base_url=f"http://127.0.0.1:{free_port()}/v1",
        database_url=url.render_as_string(hide_password=False),
        **more,
    )
    env = {k.upper(): str(v) for k, v in settings.items()}
    return Bot(nursery, env, folder, port, wire)

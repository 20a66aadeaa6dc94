"""A playground, a bot in a process of its own (or several), and wires in between."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.ledger import SIGNS, TOKEN, Decider, Ledger, Sender, Storm
from benchmarks.faults.processes import BotProcess, free_port
from benchmarks.faults.promise import Found, check, shown
from benchmarks.faults.wire import Wire
from bot.playground.client import PersonClient
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.troubles import Troubles
from bot.playground.workspace import BOT_USER_ID, Message
from bot.slack.manifest import manifest
from knowledge.adapters.sql import open_store
from knowledge.errors import Unavailable
from knowledge.ports import Store
from skills.registry import BUILTIN

CHANNEL = "incidents"
SERVICES = tuple(
    f"{word}{n}" for n in range(30) for word in ("depot", "basket", "pricing", "label")
)
"""Nothing calls anything: each one's alerts are a trouble of its own."""
RATE_SCALE = 50.0
"""The playground's limits are wider than Slack's: the bot keeps to Slack's by itself."""
KEPT_S = 300.0
"""A promise that is not kept by then is broken."""
LOOK_S = 0.5


@dataclass
class World:
    """What a fault is done to. `with world(...)` makes it."""

    folder: Path
    playground: RunningPlayground
    people_url: str
    slack: Wire
    """Between the bot and Slack."""
    database: str
    """For the checker, past every wire."""
    bots: list[BotProcess]
    ledger: Ledger = field(default_factory=Ledger)
    over: Callable[[], None] = lambda: None
    """Ends every trouble; set by the storm."""
    _decider: Decider | None = None
    _store: Store | None = None

    @property
    def bot(self) -> BotProcess:
        return self.bots[0]

    @property
    def troubles(self) -> Troubles:
        return self.playground.playground.troubles

    def person(self, name: str) -> PersonClient:
        """Acts past every wire, as people's Slack is not the bot's."""
        return PersonClient(self.people_url, name)

    def sender(self) -> Sender:
        return Sender(lambda: [bot.url for bot in self.bots], self.ledger)

    def storm(self, every_s: float = 0.4, new: float = 0.15, most: int = 100) -> Storm:
        return Storm(self.sender(), SERVICES[:most], every_s, new)

    @property
    def decider(self) -> Decider:
        """One person, whoever asks."""
        if self._decider is None:
            self._decider = Decider(self.person("ada"), self.ledger, SERVICES)
        return self._decider

    def poison(self, service: str) -> None:
        """Send an alert that is not in the ledger: nothing must come of it."""
        Sender(lambda: [bot.url for bot in self.bots], Ledger()).trouble(service, SIGNS[:1])

    def said(self) -> list[Message]:
        """All that the bot said in the channel of incidents, oldest first."""
        place = self.playground.playground.workspace.channel(CHANNEL)
        assert place is not None
        messages = list(place.messages.values())
        return [m for m in messages if m.sender == BOT_USER_ID and not m.ephemeral_for]

    def told(self, words: str) -> bool:
        """Whether the bot says so in its channel."""
        return any(words in shown(message) for message in self.said())

    def found(self) -> Found:
        """The promise now; what cannot be read is a problem."""
        try:
            if self._store is None:
                self._store = open_store(self.database)
            return check(self.ledger, self._store, self.said())
        except Unavailable as error:
            return Found(problems=(str(error),))

    def recovered(self, since: float, seconds: float = KEPT_S) -> tuple[Found, float]:
        """Wait until the promise is kept; with the seconds that took since that `monotonic()`.
        A promise that never was comes back with its problems."""
        while True:
            found = self.found()
            took = time.monotonic() - since
            if found.kept or took > seconds:
                return found, took
            time.sleep(LOOK_S)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()  # type: ignore[attr-defined]


@contextmanager
def world(
    *,
    settings: Mapping[str, Any] | None = None,
    database: str = "",
    seen_as: str = "",
    bots: int = 1,
    timing: Any = None,
) -> Iterator[World]:
    """Bots are made and not started. `database` is what the checker asks, `seen_as` what the bots
    do; both are a SQLite file without them. `settings` by the names of `bot.settings`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        database = database or f"sqlite:///{folder / 'tandem.db'}"
        pg = Playground(manifest=manifest(BUILTIN), rate_scale=RATE_SCALE, timing=timing)
        running = stack.enter_context(RunningPlayground(pg))
        people_url = running.url
        port = int(people_url.rpartition(":")[2])
        slack = stack.enter_context(Wire(("127.0.0.1", port)))
        # Sockets, response and upload addresses lead through the wire, too.
        pg.base_url = f"http://127.0.0.1:{slack.port}"
        given = {**_settings(running, folder, seen_as or database), **(settings or {})}
        env = {name.upper(): str(value) for name, value in given.items()}
        made = World(folder, running, people_url, slack, database, [])
        for number in range(bots):
            bot = BotProcess(env, folder, name=f"bot{number}")
            stack.callback(bot.close)
            made.bots.append(bot)
        stack.callback(made.close)
        yield made


def _settings(running: RunningPlayground, folder: Path, database: str) -> dict[str, Any]:
    ids = {u.name: u.id for u in running.playground.workspace.users.values()}
    catalogue = folder / "catalogue.toml"
    # One call is known: where none is, troubles that begin together are taken for one.
    known = [f"[services.{name}]" for name in SERVICES]
    catalogue.write_text("\n".join([*known, "[services.gateway]", 'calls = ["ledger"]']))
    return {
        "slack_bot_token": running.bot_token,
        "slack_app_token": running.app_token,
        "slack_signing_secret": running.signing_secret,
        "slack_api_url": running.api_url,
        "tandem_slack_mode": "socket",
        "tandem_webhook_token": TOKEN,
        "tandem_operators": ",".join(ids[n] for n in ("ada", "ben", "chloe", "dev")),
        "tandem_approvers": ",".join(ids[n] for n in ("chloe", "dev")),
        "tandem_catalogue": catalogue,
        "tandem_quiet": 0,
        "database_url": database,
        # Out of reach, which nothing here needs: a start is then a second, not ten.
        "tandem_embedder": "openai:none",
        "openai_base_url": f"http://127.0.0.1:{free_port()}/v1",
    }

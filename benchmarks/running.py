"""A playground here and an app in a process of its own, with the time of every ack taken.

An ack's time runs from just before its envelope is written to the app's socket until the ack has
been read from that socket. Needs Linux: how busy the app is comes from /proc.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from bot.playground.delivery import Ack, Kind, Road
from bot.playground.errors import PlayRefused
from bot.playground.serve import RunningPlayground

CONTENT = Path(__file__).parents[1] / "bot" / "demo" / "content"
BARE_APP = Path(__file__).with_name("bare_app.py")
CHANNEL = "#incidents"
QUIET = "#general"
"""No card ever stands there."""
WORKING = "Looking into it…"
"""The bot's placeholder while an answer takes long."""
CONNECT_S = 60.0
IDLE_S = 1.0
"""An app is at rest once it has done nothing for so long."""
IDLE_SHARE = 0.1
"""Of one core: what counts as nothing."""
REST_S = 180.0
_TICK_S = 0.002

Json = dict[str, Any]


@dataclass
class TimedRoad:
    """Delivers over `road` and keeps each ack's time."""

    road: Road
    took_ms: list[float] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    """The playground's; known once something was sent."""

    async def send(self, kind: Kind, payload: Json, retry: int, reason: str) -> Ack:
        self.loop = asyncio.get_running_loop()
        start = time.perf_counter()
        ack = await self.road.send(kind, payload, retry, reason)
        if ack.ok:
            self.took_ms.append(1000 * (time.perf_counter() - start))
        return ack


@dataclass(frozen=True)
class Burst:
    """Commands that were sent at once."""

    took_ms: list[float]
    missed: int
    """Not acknowledged within Slack's three seconds."""
    lag_ms: float
    """The longest that the playground's own event loop kept anything waiting meanwhile."""


@dataclass
class Rig:
    """One playground and the app that is connected to it."""

    playground: RunningPlayground
    road: TimedRoad
    app: "subprocess.Popen[bytes]"
    _there_before: int = field(default=0, repr=False)
    """Messages in the channel when the last burst began."""

    def connected(self) -> None:
        """Wait until the app's socket is there. Raises RuntimeError when the app ended."""
        end = time.monotonic() + CONNECT_S
        while not self.playground.playground.sockets.connected:
            if self.app.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the app did not connect (exit code {self.app.returncode})")
            time.sleep(0.002)

    def command(self, line: str) -> float:
        """One command; milliseconds until its ack. Raises ActError when there is none."""
        with self.playground.client("ada") as ada:
            ada.command(line, CHANNEL)
        return self.road.took_ms[-1]

    def answered(self, line: str, within: float = 30.0) -> float:
        """One command in a channel without cards; milliseconds until its answer is in the chat.

        Raises RuntimeError when there is none."""
        channel = self.playground.playground.workspace.channel(QUIET)
        assert channel is not None
        there = set(channel.messages)
        start = time.perf_counter()
        with self.playground.client("ada") as ada:
            ada.command(line, QUIET)
        while time.perf_counter() - start < within:
            new = [message for ts, message in tuple(channel.messages.items()) if ts not in there]
            if any(message.text != WORKING for message in new):
                return 1000 * (time.perf_counter() - start)
            time.sleep(_TICK_S)
        raise RuntimeError(f"{line} was not answered within {within:.0f} s")

    def burst(self, lines: Sequence[str]) -> Burst:
        """All at once, by everyone in turn. After the first `command`."""
        return self._there(self._burst(lines))

    def answers(self, count: int) -> None:
        """Wait until so many commands of the last burst are answered, whatever else goes on."""
        channel = self.playground.playground.workspace.channel(CHANNEL)
        assert channel is not None
        end = time.monotonic() + REST_S
        while len(channel.messages) < self._there_before + count and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(IDLE_S)

    def rest(self) -> None:
        """Wait until nothing moves: the app computes nothing and the chat does not change."""
        end = time.monotonic() + REST_S
        before = (self.cpu_seconds(), self.playground.playground.stream.changes)
        while time.monotonic() < end:
            time.sleep(IDLE_S)
            now = (self.cpu_seconds(), self.playground.playground.stream.changes)
            if now[0] - before[0] < IDLE_SHARE * IDLE_S and now[1] == before[1]:
                return
            before = now

    def cpu_seconds(self) -> float:
        """What the app has used so far, in all its threads."""
        stat = Path(f"/proc/{self.app.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _there(self, work: Coroutine[Any, Any, Burst]) -> Burst:
        assert self.road.loop is not None, "send one command first"
        return asyncio.run_coroutine_threadsafe(work, self.road.loop).result()

    async def _burst(self, lines: Sequence[str]) -> Burst:
        pg = self.playground.playground
        self.road.took_ms.clear()
        channel = pg.workspace.channel(CHANNEL)
        assert channel is not None
        self._there_before = len(channel.messages)
        people = cycle(u for u in pg.workspace.users.values() if not u.is_bot)
        worst = [0.0]
        watch = asyncio.create_task(_watch(worst))
        acts = [
            pg.acts.command(person, channel, *_parted(line))
            for person, line in zip(people, lines, strict=False)
        ]
        ends = await asyncio.gather(*acts, return_exceptions=True)
        watch.cancel()
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, PlayRefused):
                raise end
        missed = sum(isinstance(end, PlayRefused) for end in ends)
        return Burst(list(self.road.took_ms), missed, 1000 * worst[0])


async def _watch(worst: list[float]) -> None:
    while True:
        start = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        worst[0] = max(worst[0], time.perf_counter() - start - _TICK_S)


def _parted(line: str) -> tuple[str, str]:
    name, _, text = line.partition(" ")
    return name, text


@contextmanager
def rig(command: Sequence[str], scratch: Path, **more: str) -> Iterator[Rig]:
    """A playground, and `command` started with the variables that lead it there.

    The app sees nothing of this machine's settings; its home is `scratch`.
    """
    with RunningPlayground(rate_scale=None) as playground:
        pg = playground.playground
        road = TimedRoad(pg.sockets)
        pg.delivery.road = road
        with started(playground, command, scratch, **more) as app:
            yield Rig(playground, road, app)


@contextmanager
def started(
    playground: RunningPlayground, command: Sequence[str], scratch: Path, **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """One more app on the playground; what it says is in `scratch`/app.log."""
    env = _environment(playground, scratch) | more
    with (scratch / "app.log").open("ab") as log:
        app = subprocess.Popen(command, cwd=scratch, env=env, stderr=log, stdout=log)
    try:
        yield app
    finally:
        app.terminate()
        app.wait(30)


def _environment(playground: RunningPlayground, scratch: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(scratch),
        "HF_HUB_OFFLINE": "1",
        "TANDEM_DRAIN_SECONDS": "0",
        "SLACK_API_URL": playground.api_url,
        "SLACK_BOT_TOKEN": playground.bot_token,
        "SLACK_APP_TOKEN": playground.app_token,
        "DATABASE_URL": f"sqlite:///{scratch / 'tandem.db'}",
        "TANDEM_HTTP_PORT": "0",
        "TANDEM_LIBRARY": str(CONTENT),
    }


@contextmanager
def tandem(scratch: Path, **more: str) -> Iterator[Rig]:
    """The bot as `tandem run` starts it, with the demo's incidents and runbooks, and `more`
    settings."""
    with rig([sys.executable, "-m", "bot", "run"], scratch, **more) as running:
        yield running


@contextmanager
def bare(kind: str, scratch: Path) -> Iterator[Rig]:
    """An app that only acknowledges: `bolt`, or `socket` for one without even Bolt."""
    with rig([sys.executable, str(BARE_APP), kind], scratch) as running:
        yield running

"""Bots are born here: a process that has imported everything and forks one for each line it reads.

A start is then the bot's own work and not Python's imports, which take longer than a hundred kills
may on a busy machine. What is forked is `tandem run` with an environment of its own, as if started
by a shell; a line of stdin is a JSON object with `env`, `folder`, `log` and `mishaps`, a line of
stdout the new process's number. Mishaps are put in where the bot takes a part from outside:

    clock     a file that says by how many seconds its clock is wrong, read whenever it is asked
    poison    an alert of this service raises an error in the worker that deals with it
    deadly    an alert of this service ends the whole process with SIGKILL
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import apscheduler.schedulers.base

import bot.schedule
from bot.__main__ import main as tandem
from bot.log import set_up
from bot.parts import make_catalogue
from bot.settings import read_settings
from bot.verbs.run import _end_on_signals, serve
from knowledge.catalogue import Catalogue


@dataclass(frozen=True)
class Poisoned(Catalogue):
    """A catalogue that cannot be asked for some services."""

    poison: str = ""
    deadly: str = ""

    def canonical(self, name: str) -> str:
        if name and name == self.poison:
            raise ZeroDivisionError(f"{name} is poison")
        if name and name == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().canonical(name)


def _serve(mishaps: Mapping[str, str]) -> int:
    """`tandem run` with parts that fail."""
    settings = read_settings()
    set_up(settings.tandem_log_level)
    known = vars(make_catalogue(settings))
    bad: dict[str, Any] = {name: mishaps[name] for name in ("poison", "deadly") if name in mishaps}
    parts: dict[str, Any] = {"catalogue": Poisoned(**known, **bad)}
    if "clock" in mishaps:
        parts["now"] = _wrong_clock(Path(mishaps["clock"]))
    return 0 if asyncio.run(serve(settings, begun=_end_on_signals, **parts)) else 1


def _wrong_clock(said: Path) -> Callable[[], datetime]:
    """The bot's clock, and the one its schedule plans by."""

    def off() -> timedelta:
        return timedelta(seconds=float(said.read_text()))

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + off()

    def now() -> datetime:
        return datetime.now(UTC) + off()

    apscheduler.schedulers.base.datetime = Wrong  # type: ignore[attr-defined]
    bot.schedule.utc_now = now  # type: ignore[attr-defined]
    return now


def _be(task: dict[str, Any]) -> None:
    """Become a bot."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["folder"])
    log = os.open(task["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(mine, standard)
    sys.argv = ["tandem", "run"]
    code = 1
    try:
        code = _serve(task["mishaps"]) if task["mishaps"] else tandem(sys.argv[1:])
    finally:
        os._exit(code)


def main() -> None:
    # Nobody asks how they ended: the kernel takes them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    main()

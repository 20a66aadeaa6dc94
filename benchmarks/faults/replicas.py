"""Three bots on one PostgreSQL: whoever holds a role is killed, or cut off from the database."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.faults.processes import BotProcess, Postgres, wait_until
from benchmarks.faults.scenarios import Row, closed, stormy
from benchmarks.faults.wire import Trouble, Wire
from benchmarks.faults.world import World, world
from bot.replica import ROLES

BOTS = 3
APART_S = 4.0
"""Between two of them; whoever was killed is started again at once, as a supervisor does."""
TAKEN_OVER_S = 60.0
CUT_S = 20.0


Harm = Callable[[BotProcess, Wire], AbstractContextManager[None]]
"""Hurts a bot, or its way to the database, inside the block."""


def holders_killed(times: int = 10) -> Row:
    """SIGKILL to the holder of a random role, in a storm."""

    @contextmanager
    def killed(holder: BotProcess, wire: Wire) -> Iterator[None]:
        holder.kill()
        yield
        holder.launch()

    return _holders("killed (-9)", killed, times)


def holders_cut_off(times: int = 3, trouble: Trouble = Trouble.CUT) -> Row:
    """The holder of a random role cannot reach the database for a while, and can again."""

    @contextmanager
    def cut_off(holder: BotProcess, wire: Wire) -> Iterator[None]:
        wire.trouble(trouble)
        yield
        time.sleep(CUT_S)
        wire.mend()

    how = "cut off" if trouble is Trouble.CUT else "whose database hangs"
    return _holders(how, cut_off, times)


def _holders(how: str, harm: Harm, times: int, seed: int = 7) -> Row:
    chance = random.Random(seed)
    slowest = 0.0
    with ExitStack() as stack:
        made, wires = _three(stack)
        with stormy(made):
            for _ in range(times):
                role = chance.choice(ROLES)
                holder = _holder(made, role)
                with harm(holder, wires[made.bots.index(holder)]):
                    slowest = max(slowest, _taken_over(made, role, holder))
                began = time.monotonic()
                time.sleep(APART_S)
            for bot in made.bots:
                bot.wait_ready()
        found, took = made.recovered(began)
        words = f"the role was taken over within {slowest:.1f} s"
        row = Row(f"replicas: the holder of a role {how}", times, found, took, "", words)
        return closed(made, row)


def _three(stack: ExitStack) -> tuple[World, list[Wire]]:
    """Started, each with a wire of its own to the database; people's alerts go to any of them."""
    folder = stack.enter_context(TemporaryDirectory(prefix="faults-pg-"))
    postgres = stack.enter_context(Postgres(Path(folder) / "pg"))
    wires = [stack.enter_context(Wire(postgres.socket)) for _ in range(BOTS)]
    made = stack.enter_context(world(database=postgres.url, bots=BOTS))
    for bot, wire in zip(made.bots, wires, strict=True):
        url = f"postgresql+psycopg://postgres@127.0.0.1:{wire.port}/postgres"
        bot.env = {**bot.env, "DATABASE_URL": url}
        bot.launch()
    for bot in made.bots:
        bot.wait_ready()
    return made, wires


def _holder(made: World, role: str, but: BotProcess | None = None) -> BotProcess:
    found: list[BotProcess] = []

    def look() -> bool:
        found[:] = [bot for bot in made.bots if bot is not but and role in _roles(bot)]
        return bool(found)

    wait_until(look, f"nobody has the role {role}", TAKEN_OVER_S)
    return found[0]


def _taken_over(made: World, role: str, lost: BotProcess) -> float:
    """Seconds until another one has it."""
    began = time.monotonic()
    _holder(made, role, but=lost)
    return time.monotonic() - began


def _roles(bot: BotProcess) -> list[str]:
    """By its own account."""
    health = bot.health() if bot.pid else None
    return list((health or {}).get("roles", ()))

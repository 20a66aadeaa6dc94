"""One function a fault: make a world, hurt it in a storm, mend it, and see whether the promise is
kept. What is expected is in `promise`; what differs is only what is hurt, and how.
"""

import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.faults.processes import Postgres
from benchmarks.faults.promise import Found
from benchmarks.faults.wire import Trouble, Wire
from benchmarks.faults.world import KEPT_S, LOOK_S, World, world

SOON_S = 60.0
"""Within so long of a fault's end everything is as it should be."""


@dataclass(frozen=True)
class Row:
    """What came of one fault."""

    fault: str
    times: int
    found: Found
    recovery_s: float
    """From the fault's end until all that was accepted is where it belongs; of several, the
    longest."""
    told: str = ""
    """What the bot said of it, or that it had nothing to say."""
    notes: str = ""

    @property
    def kept(self) -> bool:
        return self.found.kept and self.recovery_s <= SOON_S


Scenario = Callable[[], Row]


@contextmanager
def stormy(made: World, every_s: float = 0.5, new: float = 0.15) -> Iterator[None]:
    """Alerts come and somebody acknowledges cards inside the block; some troubles are there from
    the beginning."""
    storm = made.storm(every_s, new)
    storm.begin(3)
    with made.decider.deciding(), storm.blowing():
        yield
    made.over = storm.end


def closed(made: World, row: Row) -> Row:
    """The recovery measured: the person decides what is left, then every trouble is ended and all
    is looked at once more."""
    undecided = _decided(made)
    made.over()
    last, _ = made.recovered(time.monotonic())
    broken = (*row.found.problems, *undecided, *last.problems)
    return replace(row, found=replace(last, problems=broken))


def _decided(made: World) -> Iterable[str]:
    """Cards that could not be decided long after the fault."""
    until = time.monotonic() + KEPT_S
    with made.decider.deciding():
        while (left := made.decider.undecided()) and time.monotonic() < until:
            time.sleep(LOOK_S)
    return [f"the card of {service} cannot be decided" for service in left]


# The bot and its database --------------------------------------------------------------------


def bot_killed(times: int = 100, seed: int = 7) -> Row:
    """SIGKILL at random moments, from before it answers to a few seconds later."""
    chance = random.Random(seed)
    with world() as made:
        made.bot.start()
        with stormy(made, every_s=0.6, new=0.05):
            for _ in range(times):
                time.sleep(chance.uniform(0.0, 2.5))
                made.bot.kill()
                made.bot.launch()
                if chance.random() < 0.8:
                    made.bot.wait_ready()
            began = time.monotonic()
            made.bot.wait_ready()
        found, took = made.recovered(began)
        return closed(made, Row("the bot killed (-9)", times, found, took))


@contextmanager
def on_postgresql() -> Iterator[tuple[World, Postgres, Wire]]:
    """A world whose bot reaches its PostgreSQL by the wire."""
    with (
        TemporaryDirectory(prefix="faults-pg-") as folder,
        Postgres(Path(folder) / "pg") as postgres,
        Wire(postgres.socket) as wire,
        world(
            database=postgres.url,
            seen_as=f"postgresql+psycopg://postgres@127.0.0.1:{wire.port}/postgres",
        ) as made,
    ):
        yield made, postgres, wire


def database_killed(times: int = 10, down_s: float = 3.0) -> Row:
    """SIGKILL to PostgreSQL's postmaster; it is away for a while and recovers from its log."""
    with on_postgresql() as (made, postgres, _):
        made.bot.start()
        with stormy(made):
            for _ in range(times):
                time.sleep(2.0)
                postgres.kill()
                time.sleep(down_s)
                postgres.start()
                began = time.monotonic()
        found, took = made.recovered(began)
        return closed(made, Row("PostgreSQL killed (-9)", times, found, took))


def database_wire(trouble: Trouble, seconds: float = 20.0) -> Row:
    """The way to PostgreSQL."""
    with on_postgresql() as (made, _, wire):
        made.bot.start()
        with stormy(made):
            time.sleep(2.0)
            wire.trouble(trouble)
            time.sleep(seconds)
            wire.mend()
            began = time.monotonic()
        found, took = made.recovered(began)
        return closed(made, Row(f"the way to PostgreSQL: {trouble.value}", 1, found, took))


def disk_full(seconds: float = 10.0) -> Row:
    """A small file system that somebody fills, and empties again."""
    with TemporaryDirectory(prefix="faults-disk-") as folder, ExitStack() as stack:
        disk = Path(folder)
        if not stack.enter_context(_small_disk(disk, 8)):
            return Row("disk full", 0, Found(), 0.0, notes="skipped: no tmpfs can be mounted here")
        made = stack.enter_context(world(database=f"sqlite:///{disk / 'tandem.db'}"))
        made.bot.start()
        with stormy(made):
            time.sleep(2.0)
            _fill(disk / "filler")
            time.sleep(seconds)
            (disk / "filler").unlink()
            began = time.monotonic()
        found, took = made.recovered(began)
        refused = sum(made.ledger.refused.values())
        row = Row("disk full", 1, found, took, notes=f"{refused} webhooks refused meanwhile")
        row = closed(made, row)
        made.close()
        made.bot.close()
        return row


@contextmanager
def _small_disk(at: Path, megabytes: int) -> Iterator[bool]:
    """Whether there is one: mounting needs a right that not everybody has."""
    import subprocess

    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(at)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def _fill(path: Path) -> None:
    """With whatever room there is, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def clock_jumps(by_s: float) -> Row:
    """The machine's clock is wrong for a while, and is then set right."""
    with world() as made:
        clock = made.folder / "clock"
        clock.write_text("0")
        made.bot.mishaps = {"clock": str(clock)}
        made.bot.start()
        with stormy(made):
            time.sleep(3.0)
            clock.write_text(str(by_s))
            time.sleep(8.0)
            clock.write_text("0")
            began = time.monotonic()
        found, took = made.recovered(began)
        return closed(made, Row(f"the clock jumps by {by_s / 60:+g} min", 2, found, took))


# What comes in -------------------------------------------------------------------------------


def poison() -> Row:
    """A message that raises in whoever deals with it."""
    return _poisoned("poison", "a message that always crashes its worker")


def deadly() -> Row:
    """A message that ends the process that deals with it, as an out-of-memory kill would."""
    return _poisoned("deadly", "a message that always kills the process")


def _poisoned(kind: str, fault: str) -> Row:
    with world() as made:
        made.bot.mishaps = {kind: "gateway"}
        made.bot.start()
        starts = 0
        with stormy(made):
            time.sleep(1.0)
            made.poison("gateway")
            began = time.monotonic()
            # As whoever supervises it does: start it again when it has ended.
            while time.monotonic() - began < 40:
                if not made.bot.alive:
                    made.bot.launch()
                    starts += 1
                    began = time.monotonic()
                elif time.monotonic() - began > 12:
                    break
                time.sleep(0.1)
        found, took = made.recovered(began)
        told = "the log, and /metrics" if "set aside" in made.bot.log else ""
        notes = f"it died {starts} times" if kind == "deadly" else ""
        return closed(made, Row(fault, 1, found, took, told, notes))


# Slack ---------------------------------------------------------------------------------------


def slack(
    fault: str, begin: Callable[[World], None], seconds: float, told: str = "", mend: bool = True
) -> Row:
    """Something is wrong with Slack for so long."""
    with world() as made:
        made.bot.start()
        with stormy(made):
            time.sleep(2.0)
            begin(made)
            until = time.monotonic() + seconds
            if seconds >= 60:
                # What Slack takes in a minute is what may wait: 20 cards and their threads.
                time.sleep(10)
                made.ledger.quiet.set()
            time.sleep(max(0.0, until - time.monotonic()))
            made.troubles.mend()
            made.slack.mend()
            began = time.monotonic()
            made.ledger.quiet.clear()
        found, took = made.recovered(began)
        said = next((m.text for m in made.said() if told and told in m.text), "")
        return closed(made, Row(fault, 1, found, took, said))


def sockets_cut(every_s: float = 3.0, times: int = 10) -> Row:
    """Every connection to Slack is reset, again and again."""
    with world() as made:
        made.bot.start()
        with stormy(made):
            for _ in range(times):
                time.sleep(every_s)
                made.slack.cut()
            began = time.monotonic()
        found, took = made.recovered(began)
        fault = f"every connection to Slack reset each {every_s:g} s"
        return closed(made, Row(fault, times, found, took))


def events(*, twice: bool = False, jitter_s: float = 0.0, late_s: float = 0.0) -> Row:
    """People's messages come more than once, late, in another order: each has one answer."""
    with world() as made:
        made.bot.start()
        made.troubles.events(twice=twice, late_s=late_s, jitter_s=jitter_s)
        ben = made.person("ben")
        with stormy(made):
            asked = [ben.say("#general", f"@tandem list incidents {n}") for n in range(10)]
            time.sleep(late_s + jitter_s + 6)
            made.troubles.mend()
            began = time.monotonic()
        found, took = made.recovered(began)
        answers = [len(ben.thread("#general", ts)) - 1 for ts in asked]
        wrong = tuple(f"a question has {n} answers" for n in answers if n != 1)
        found = replace(found, problems=(*found.problems, *wrong), doubled=sum(answers) - 10)
        how = "twice" if twice else "late and out of order"
        notes = f"{len(asked)} questions, {sum(answers)} answers"
        return closed(made, Row(f"events come {how}", len(asked), found, took, notes=notes))


def left_politely() -> Row:
    """SIGTERM in the storm, as an upgrade does."""
    with world() as made:
        made.bot.start()
        with stormy(made):
            for _ in range(3):
                time.sleep(2.0)
                made.bot.end(signal.SIGTERM)
                made.bot.start()
            began = time.monotonic()
        found, took = made.recovered(began)
        return closed(made, Row("SIGTERM and a start", 3, found, took))

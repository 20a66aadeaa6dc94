"""How much memory does the bot take: before its model, with it, and in a storm?

    python -m benchmarks.memory [--rate 1000] [--seconds 30]

RSS counts what other processes share too (libraries), PSS shares that out among them; both in MB,
of the whole process, from /proc/PID/smaps_rollup (Linux). "Before its model" is a bot
whose model never comes (`benchmarks.no_model`): the state in which every bot is for the first
seconds. Beside it an app of Bolt alone that only
acknowledges, and a Python that loads the same model and does nothing else, which is the floor for
everything that embeds with it.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.flood import flooding
from benchmarks.intake import Landscape, Target, free_port
from benchmarks.running import Rig, bare, tandem
from benchmarks.running import rig as running

ROOT = Path(__file__).parents[1]
BEFORE_MB, LOADED_MB = 150, 700
"""The aims, of RSS at rest."""
QUESTIONS = ("/incident list", "/similar checkout is slow since the deploy", "/tandem help")
_MODEL_ALONE = (
    "from knowledge.adapters.sentence_embedder import SentenceEmbedder\n"
    "SentenceEmbedder().encode(['warm'])\n"
    "print('loaded', flush=True)\n"
    "input()\n"
)
_SAMPLE_S = 0.2


@dataclass(frozen=True)
class Memory:
    """Of one process, in MB."""

    rss: float
    pss: float


def memory_of(pid: int) -> Memory:
    """Raises OSError when the process is gone."""
    found: dict[str, float] = {}
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    for line in text.splitlines()[1:]:
        name, _, value = line.partition(":")
        found[name] = int(value.split()[0]) / 1024
    return Memory(found["Rss"], found["Pss"])


@dataclass
class Peak:
    """The most a process took while it was watched."""

    pid: int
    most: Memory = field(default=Memory(0, 0))
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self._over.wait(_SAMPLE_S):
            now = memory_of(self.pid)
            self.most = max(self.most, now, key=lambda memory: memory.rss)

    @classmethod
    @contextmanager
    def of(cls, pid: int) -> Iterator["Peak"]:
        peak = cls(pid)
        thread = threading.Thread(target=peak.watch, daemon=True)
        thread.start()
        try:
            yield peak
        finally:
            peak._over.set()
            thread.join()


def show(name: str, memory: Memory, aim: float | None = None) -> None:
    said = "" if aim is None else f"{aim:>8.0f}"
    print(f"{name:<44}{memory.rss:>8.0f}{memory.pss:>8.0f}{said}", flush=True)


def model_alone() -> Memory:
    """A Python with the model and nothing else."""
    command = [sys.executable, "-c", _MODEL_ALONE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = memory_of(process.pid)
        process.communicate(b"\n")
    return found


def at_rest(rig: Rig) -> Memory:
    """After every sort of question was asked once."""
    for line in QUESTIONS:
        rig.command(line)
    rig.rest()
    return memory_of(rig.app.pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=1_000, help="alerts a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    args = parser.parse_args()
    print(f"{'MB':<44}{'RSS':>8}{'PSS':>8}{'aim':>8}")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        catalogue = scratch / "catalogue.toml"
        catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
        with bare("bolt", scratch) as bolt:
            bolt.connected()
            bolt.command("/incident list")
            show("Bolt that only acks", memory_of(bolt.app.pid))
        show("Python with the model alone", model_alone())
        command = [sys.executable, "-m", "benchmarks.no_model"]
        with running(command, scratch, PYTHONPATH=str(ROOT)) as rig:
            rig.connected()
            show("tandem, connected", memory_of(rig.app.pid), BEFORE_MB)
            show("tandem, before its model, after questions", at_rest(rig), BEFORE_MB)
        port = free_port()
        settings = {"TANDEM_HTTP_PORT": str(port), "TANDEM_CATALOGUE": str(catalogue)}
        with tandem(scratch, **settings) as rig:
            rig.connected()
            rig.command("/incident list")
            target = Target(port, scratch / "tandem.db")
            target.warm()
            show("tandem, its model loaded, after questions", at_rest(rig), LOADED_MB)
            with Peak.of(rig.app.pid) as peak, flooding(port, args.rate) as flood:
                time.sleep(args.seconds)
            show(f"tandem, most while {flood.rate:,.0f} alerts/s came", peak.most)
            rig.rest()
            show("tandem, at rest after them", memory_of(rig.app.pid))


if __name__ == "__main__":
    main()

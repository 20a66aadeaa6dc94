"""How long from `tandem run` until the first slash command is acknowledged, and what costs it.

    python -m benchmarks.start [--starts 5]

A fresh process on a database that exists already. "connected" is when its socket is there, "first
ack" when a command sent at that moment has been acknowledged; "CPU" what the process had used by
then, which a busy machine stretches less. "worst ack" is the longest ack of one command after the
other while the model loads behind. Then the libraries that the start imports, by their own time
(`python -X importtime`), and which heavy ones it does not.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from benchmarks.running import tandem

AIM_S = 3.0
LOADING_S = 10.0
"""How long commands are sent after the start: the model is loaded by then on most machines."""
PAUSE_S = 0.05
DEAREST = 12
HEAVY = ("torch", "sentence_transformers", "mlflow", "langchain", "matplotlib", "pyarrow", "scipy")
"""Takes a third of a second or more to import and is not needed for an ack."""


def start_once(scratch: Path) -> tuple[float, float, float, float]:
    """Seconds to connected and to the first ack, CPU seconds by then, worst ack afterwards."""
    begin = time.perf_counter()
    with tandem(scratch) as app:
        app.connected()
        connected = time.perf_counter() - begin
        app.command("/tandem help")
        acked = time.perf_counter() - begin
        used = app.cpu_seconds()
        worst = 0.0
        end = time.monotonic() + LOADING_S
        while time.monotonic() < end:
            worst = max(worst, app.command("/tandem help") / 1000)
            time.sleep(PAUSE_S)
    return connected, acked, used, worst


def import_times(module: str) -> Counter[str]:
    """Milliseconds that each top-level package's own code takes while `module` is imported."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    own: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        times, _, name = line.rpartition("|")
        _, _, microseconds = times.partition("|")[0].partition(":")
        if microseconds.strip().isdigit():
            own[name.strip().partition(".")[0]] += int(microseconds)
    return Counter({name: total // 1000 for name, total in own.items()})


def show_imports() -> None:
    own = import_times("bot.verbs.run")
    print(f"imports of the start: {sum(own.values())} ms, of which")
    for name, total in own.most_common(DEAREST):
        print(f"  {name:<26}{total:>6} ms")
    there = [name for name in HEAVY if name in own]
    print(f"heavy ones imported at the start: {', '.join(there) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--starts", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with tandem(scratch) as first:  # makes the database and remembers the vectors
            first.connected()
            first.command("/tandem help")
            first.rest()
        starts = [start_once(scratch) for _ in range(args.starts)]
    print(f"seconds from `tandem run`, {args.starts} starts; aim: first ack < {AIM_S:.0f} s")
    print(f"{'':<10}{'connected':>11}{'first ack':>11}{'CPU':>8}{'worst ack':>11}")
    for name, pick in (("median", median), ("best", min), ("worst", max)):
        row = [pick(column) for column in zip(*starts, strict=True)]
        print(f"{name:<10}{row[0]:>11.2f}{row[1]:>11.2f}{row[2]:>8.2f}{row[3]:>11.2f}")
    show_imports()


if __name__ == "__main__":
    main()

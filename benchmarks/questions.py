"""How long is a question's answer in coming, when nothing happens and while a storm comes in?

    python -m benchmarks.questions [--rate 1000] [--questions 30] [--rounds 3]

`tandem run` in a process of its own, connected to the playground. A question is timed from its
dispatch until its reply has reached the chat, one after the other, each sort in turn; a storm comes
from a third process over HTTP (`benchmarks.flood`). Idle and storm take turns, on a bot that has
the same alerts stored, and each figure is the median over the rounds. The playground and the sender
share the machine's cores with the bot.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.flood import flooding
from benchmarks.intake import Landscape, Target, free_port
from benchmarks.running import Rig, tandem

AIM = 2.0
"""So many times as long as when idle."""
QUESTIONS = (
    "/incident list",
    "/similar checkout is slow since the deploy",
    "/tandem who is on call for checkout?",
    "/tandem anything open right now?",
)
_PAUSE_S = 0.05
_SETTLED_S = 3.0
"""After the storm began, before questions are timed."""


def ask(rig: Rig, count: int) -> list[float]:
    """Milliseconds of each, in the order of QUESTIONS over and over."""
    took = []
    for line in islice(cycle(QUESTIONS), count):
        took.append(rig.answered(line))
        time.sleep(_PAUSE_S)
    return took


def show(name: str, rounds: Sequence[Sequence[float]], idle: Sequence[Sequence[float]]) -> None:
    def cut(of: Sequence[Sequence[float]], percent: float) -> float:
        return median(float(np.percentile(took, percent)) for took in of)

    p50, p95 = cut(rounds, 50), cut(rounds, 95)
    ratio, ratio95 = p50 / cut(idle, 50), p95 / cut(idle, 95)
    print(
        f"{name:<44}{p50:>8.0f}{p95:>8.0f}{ratio:>8.2f}{ratio95:>9.2f}{os.getloadavg()[0]:>7.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=1_000, help="alerts a second")
    parser.add_argument("--questions", type=int, default=30, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch, port = Path(folder), free_port()
        catalogue = scratch / "catalogue.toml"
        catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
        settings = {"TANDEM_HTTP_PORT": str(port), "TANDEM_CATALOGUE": str(catalogue)}
        rig = stack.enter_context(tandem(scratch, **settings))
        rig.connected()
        rig.command("/incident list")
        target = Target(port, scratch / "tandem.db")
        target.warm()
        idle: list[list[float]] = []
        storm: list[list[float]] = []
        rates: list[float] = []
        with flooding(port, args.rate):
            time.sleep(_SETTLED_S)
            ask(rig, len(QUESTIONS))
        for _ in range(args.rounds):
            rig.rest()
            idle.append(ask(rig, args.questions))
            with flooding(port, args.rate) as flood:
                time.sleep(_SETTLED_S)
                storm.append(ask(rig, args.questions))
            rates.append(flood.rate)
        print(f"{args.questions} questions, {args.rounds} rounds; aim: ratio of p50 <= {AIM:.0f}")
        print(f"{'ms until answered':<44}{'p50':>8}{'p95':>8}{'ratio':>8}{'of p95':>9}{'load':>7}")
        show("idle", idle, idle)
        show(f"while {median(rates):,.0f} alerts/s are accepted", storm, idle)
        for n, line in enumerate(QUESTIONS):
            some = [took[n :: len(QUESTIONS)] for took in storm]
            show(f"  {line[:36]}", some, [took[n :: len(QUESTIONS)] for took in idle])


if __name__ == "__main__":
    main()

"""How long Slack waits for an ack when 200 slash commands come at once: p50, p99 and maximum.

    python -m benchmarks.acks [--commands 200] [--rounds 5]

`tandem run` in a process of its own, connected to the playground by Socket Mode with Slack's rate
limits lifted; beside it, round by round in turn, an app of Bolt alone that only acknowledges, and
one without even Bolt, which shows what the playground itself costs. Each figure is the median over
the rounds. "lag" is the longest that the playground's event loop kept anything waiting: where it
comes near the acks' own time, the playground was too busy to measure them.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.running import Burst, Rig, bare, tandem

SAME = ("/incident list",)
MIXED = (
    "/incident list",
    "/similar checkout is slow since the deploy",
    "/tandem help",
    "/tandem anything open right now?",
)
AIM_MS = 150


def figures(bursts: Sequence[Burst]) -> tuple[float, float, float]:
    """p50, p99 and maximum in milliseconds, each the median over the rounds."""
    cuts = [np.percentile(burst.took_ms, [50, 99, 100]) for burst in bursts]
    p50, p99, worst = (median(values) for values in zip(*cuts, strict=True))
    return float(p50), float(p99), float(worst)


def show(rounds: Mapping[str, Sequence[Burst]], beside: str) -> None:
    base = figures(rounds[beside])[1]
    print(
        f"{'ms from dispatch to ack':<28}{'p50':>7}{'p99':>7}{'max':>7}"
        f"{'p99 ratio':>11}{'lag':>7}{'missed':>8}"
    )
    for name, bursts in rounds.items():
        p50, p99, worst = figures(bursts)
        lag = median(burst.lag_ms for burst in bursts)
        missed = sum(burst.missed for burst in bursts)
        print(
            f"{name:<28}{p50:>7.0f}{p99:>7.0f}{worst:>7.0f}{p99 / base:>11.2f}{lag:>7.0f}"
            f"{missed:>8}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--commands", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        bolt = stack.enter_context(bare("bolt", _folder(scratch, "bolt")))
        socket = stack.enter_context(bare("socket", _folder(scratch, "socket")))
        ours = stack.enter_context(tandem(_folder(scratch, "tandem")))
        plan: dict[str, tuple[Rig, Sequence[str]]] = {
            "a socket that acks": (socket, SAME),
            "Bolt that acks": (bolt, SAME),
            "tandem, one command": (ours, SAME),
            "tandem, four commands mixed": (ours, MIXED),
        }
        for app in (socket, bolt, ours):
            app.connected()
            app.command("/incident list")
        for line in MIXED:  # the model is loaded and names are looked up
            ours.command(line)
        rounds: dict[str, list[Burst]] = {name: [] for name in plan}
        for _ in range(args.rounds):
            for name, (app, lines) in plan.items():
                ours.rest()
                rounds[name].append(app.burst(list(islice(cycle(lines), args.commands))))
    print(f"{args.commands} slash commands at once, {args.rounds} rounds; aim: p99 < {AIM_MS} ms")
    show(rounds, "Bolt that acks")


def _folder(scratch: str, name: str) -> Path:
    folder = Path(scratch) / name
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()

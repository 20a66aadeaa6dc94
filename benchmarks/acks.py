"""How long Slack waits for an ack when 200 slash commands come at once: p50, p99 and maximum.

    python -m benchmarks.acks [--commands 200] [--rounds 5] [--storm 1000]

`tandem run` in a process of its own, connected to the playground by Socket Mode with Slack's rate
limits lifted; beside it, round by round in turn, an app of Bolt alone that only acknowledges, and
one without even Bolt, which shows what the playground itself costs. Each figure is the median over
the rounds. "lag" is the longest that the playground's event loop kept anything waiting: where it
comes near the acks' own time, the playground was too busy to measure them.

Then the same while `--storm` alerts a second come in to the bot from a third process. Bolt alone
has its turns beside that storm too: on a machine that is as busy, with nothing of its own to do.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.flood import flooding
from benchmarks.intake import Landscape, Target, free_port
from benchmarks.running import Burst, Rig, bare, tandem

SAME = ("/incident list",)
MIXED = (
    "/incident list",
    "/similar checkout is slow since the deploy",
    "/tandem help",
    "/tandem anything open right now?",
)
AIM_MS = 150
AIM_RATIO = 1.5
"""Of p99 to that of Bolt alone, also while a storm comes in."""
_STORM_SETTLES_S = 5.0


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
    parser.add_argument("--storm", type=int, default=1_000, help="alerts a second; 0: none")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        bolt = stack.enter_context(bare("bolt", _folder(scratch, "bolt")))
        socket = stack.enter_context(bare("socket", _folder(scratch, "socket")))
        folder, port = _folder(scratch, "tandem"), free_port()
        catalogue = folder / "catalogue.toml"
        catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
        settings = {"TANDEM_HTTP_PORT": str(port), "TANDEM_CATALOGUE": str(catalogue)}
        ours = stack.enter_context(tandem(folder, **settings))
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
        Target(port, folder / "tandem.db").warm()
        rounds: dict[str, list[Burst]] = {name: [] for name in plan}
        for _ in range(args.rounds):
            for name, (app, lines) in plan.items():
                ours.rest()
                rounds[name].append(app.burst(list(islice(cycle(lines), args.commands))))
        if args.storm:
            storm: dict[str, tuple[Rig, Sequence[str]]] = {
                "Bolt that acks, beside it": (bolt, SAME),
                "tandem in the storm, one": (ours, SAME),
                "tandem in the storm, mixed": (ours, MIXED),
            }
            rounds |= {name: [] for name in storm}
            ours.rest()
            with flooding(port, args.storm) as flood:
                time.sleep(_STORM_SETTLES_S)
                for _ in range(args.rounds):
                    for name, (app, lines) in storm.items():
                        rounds[name].append(app.burst(list(islice(cycle(lines), args.commands))))
                        if app is ours:  # else the next burst would meet the answers to this one
                            ours.answers(args.commands)
            print(f"the storm: {flood.rate:,.0f} alerts a second were accepted")
        print(
            f"{args.commands} slash commands at once, {args.rounds} rounds; "
            f"aim: p99 < {AIM_MS} ms and {AIM_RATIO} times Bolt's"
        )
        show(rounds, "Bolt that acks")
        print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def _folder(scratch: str, name: str) -> Path:
    folder = Path(scratch) / name
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()

"""Bad inputs against a real bot: how many got in, what crashed, what it told.

python -m benchmarks.attacks                        all classes
python -m benchmarks.attacks --write benchmarks/attacks.md
python -m benchmarks.attacks --share 0.01           a hundredth of them
python -m benchmarks.attacks --only slow            classes whose name has this word
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.attacks import (
    bodies,
    drawn,
    forged,
    openapi,
    parsers,
    presses,
    reach,
    searched,
    slow,
    steering,
)
from benchmarks.attacks.tally import Class, Row
from benchmarks.attacks.world import World, attacked

AIM = 100_000
MODULES = (forged, presses, bodies, drawn, reach, openapi, slow, steering, parsers, searched)
CLASSES: tuple[Class, ...] = tuple(one for module in MODULES for one in module.CLASSES)
_NOISY = ("slack_bolt", "slack_sdk", "uvicorn", "httpx", "hypothesis", "asyncio")


async def measure(world: World, one: Class, share: float) -> Row:
    """Run one class; what the log says and what the store holds counts too."""
    row = Row(one.name, one.expected, world.secrets)
    before = world.state()
    tracebacks, leaks = len(world.watch.tracebacks), len(world.watch.leaks)
    begun = time.perf_counter()
    await one.run(world, row, max(1, round(one.inputs * share)))
    row.seconds = time.perf_counter() - begun
    for text in world.watch.tracebacks[tracebacks:]:
        row.crash(f"a traceback in the log: {text}")
    for text in world.watch.leaks[leaks:]:
        row.secrets += 1
        row.note(text)
    if not one.changes and (told := world.changed(before)):
        row.enters(f"{told} changed")
    return row


def run(classes: Sequence[Class], share: float = 1.0) -> list[Row]:
    rows = []
    with attacked() as world:
        for one in classes:
            rows.append(asyncio.run(measure(world, one, share)))
            say(rows[-1])
    return rows


def say(row: Row) -> None:
    print(
        f"{row.name:66s} {row.inputs:7,d} let in {row.let_in} crashed {row.crashed} "
        f"secrets {row.secrets} ({row.seconds:.1f} s)",
        flush=True,
    )
    for problem in row.problems:
        print(f"    {problem}", flush=True)


def table(rows: Sequence[Row]) -> str:
    """The report, in Markdown."""
    total = sum(row.inputs for row in rows)
    bad = [sum(getattr(row, name) for row in rows) for name in ("let_in", "crashed", "secrets")]
    lines = [
        "# Attacks",
        "",
        f"`make attacks`: {total:,} bad inputs in {len(rows)} classes against a running bot (real "
        "Bolt, real HTTP side, SQLite, the playground for Slack), with a secret of its own in "
        "every setting. Made by [`benchmarks/attacks`](attacks/__init__.py); the inputs are the "
        "same in every run.",
        "",
        "*let in*: taken for what it was not, drawn as what it should not be, or anything stored. "
        "*crashed*: a 5xx other than 503, a traceback in the log, a worker that died, or one input "
        "that took more than three seconds. *secrets*: a planted secret in an answer, in the log, "
        "on a card or in an export.",
        "",
        "| class | inputs | let in | crashed | secrets | what was expected |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {row.name} | {row.inputs:,} | {row.let_in} | {row.crashed} | {row.secrets} "
            f"| {row.expected} |"
            for row in rows
        ),
        f"| **all** | **{total:,}** | **{bad[0]}** | **{bad[1]}** | **{bad[2]}** | |",
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing got in, crashed or was told; and, of a whole run, when it was large enough."""
    parser = argparse.ArgumentParser("python -m benchmarks.attacks")
    parser.add_argument("--share", type=float, default=1.0, help="of the inputs: 0.01")
    parser.add_argument("--only", default="", metavar="WORD", help="classes with this in the name")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the report, as Markdown")
    args = parser.parse_args(arguments)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    classes = [one for one in CLASSES if args.only.lower() in one.name.lower()]
    rows = run(classes, args.share)
    total = sum(row.inputs for row in rows)
    print(f"{total:,} inputs, {sum(row.bad for row in rows)} bad ends")
    if args.write:
        args.write.write_text(table(rows), "utf-8")
    whole = args.share >= 1 and not args.only
    return int(any(row.bad for row in rows) or (whole and total < AIM))


if __name__ == "__main__":
    sys.exit(main())

"""Is it said rightly whether the model or the infrastructure is at fault?

    python -m benchmarks.model_or_infra                    fresh scenarios, a table
    python -m benchmarks.model_or_infra --seed 1           those that were looked at while tuning
    python -m benchmarks.model_or_infra --json             the figures alone

Scenarios are simulated (`serving`), so the table says how the judge does on a stack that behaves as
we believe such stacks to behave, not on anybody's real one.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

from benchmarks.figure import Figure, Worst, print_json
from benchmarks.model_or_infra.baseline import by_thresholds, rates
from benchmarks.model_or_infra.scenarios import PLANS, Scenario, scenarios
from benchmarks.model_or_infra.scores import (
    Judged,
    accuracy,
    brier,
    confusion,
    ece,
    log_loss,
    recall,
    reliability,
)
from knowledge.model_or_infra import Side, Verdict, judge, read
from knowledge.model_or_infra.weighing import SIDES

DEVELOPMENT, FRESH = 1, 5
"""Seeds: of what was looked at while the judge was made, and of what was not."""
EACH, EACH_OF_BASELINE = 8, 3
WORST = 10


def run(seed: int, each: int) -> tuple[list[Judged], list[Judged]]:
    """The judge's verdicts, and those of thresholds whose probabilities come from other seeds."""
    known = [_read(one) for one in scenarios(DEVELOPMENT + 1000, EACH_OF_BASELINE)]
    often = rates([said for _, _, said in known], [one.plan.side for one, _, _ in known])
    ours, thresholds = [], []
    for one, verdict, said in map(_read, scenarios(seed, each)):
        ours.append(_judged(one, verdict.side, verdict.probabilities))
        thresholds.append(_judged(one, said, often[said]))
    return ours, thresholds


def _read(one: Scenario) -> tuple[Scenario, Verdict, Side]:
    readings = read(one.case)
    return one, judge(one.case, readings), by_thresholds(readings)


def _judged(one: Scenario, said: Side, probabilities: Mapping[Side, float]) -> Judged:
    alike = bool(one.plan.alike)
    return Judged(one.id, one.plan.name, alike, one.plan.side, said, probabilities)


def _figures(ours: Sequence[Judged], thresholds: Sequence[Judged]) -> list[Figure]:
    alike = [one for one in ours if one.alike]
    alike_before = [one for one in thresholds if one.alike]
    n = len(ours)
    rows: list[tuple[str, float, int, float]] = [
        ("accuracy", accuracy(ours), n, accuracy(thresholds)),
        ("accuracy on look-alikes", accuracy(alike), len(alike), accuracy(alike_before)),
        *(
            (
                f"recall of {side.value}",
                recall(ours, side),
                sum(one.truth is side for one in ours),
                recall(thresholds, side),
            )
            for side in SIDES
        ),
        ("ECE", ece(ours), n, ece(thresholds)),
        ("Brier score", brier(ours), n, brier(thresholds)),
        ("log loss", log_loss(ours), n, log_loss(thresholds)),
    ]
    return [
        Figure(f"model or infrastructure: {m}", value, cases, before)
        for m, value, cases, before in rows
    ]


def _table(found: Sequence[Figure], ours: Sequence[Judged]) -> str:
    lines = [f"{'':44} {'judge':>7} {'thresholds':>11} {'cases':>6}"]
    for figure in found:
        name = figure.metric.partition(": ")[2]
        lines.append(f"{name:44} {figure.value:7.3f} {figure.baseline:11.3f} {figure.cases:6}")
    lines += ["", "True side, and what was said (unknown counts as wrong):"]
    every = (*SIDES, Side.UNKNOWN)
    lines.append(f"{'':16}" + "".join(f"{side.value:>16}" for side in every))
    for truth, said in confusion(ours).items():
        lines.append(f"{truth.value:16}" + "".join(f"{said[side]:16}" for side in every))
    lines += ["", "How sure it was, and how often it was right then:"]
    lines += [f"  {b.sure:.2f}  {b.right:.2f}  ({b.count})" for b in reliability(ours)]
    lines += ["", "Right, by what was broken:"]
    for plan in PLANS:
        own = [one for one in ours if one.plan == plan.name]
        mark = f"  looks like {plan.alike}" if plan.alike else ""
        lines.append(f"  {sum(o.right for o in own)}/{len(own)}  {plan.name} ({plan.side}){mark}")
    lines += ["", "The worst: the true side was held to be least likely"]
    lines += [f"  {case.case}: {case.why}" for case in _worst(ours)]
    return "\n".join(lines)


def _worst(ours: Sequence[Judged]) -> list[Worst]:
    def why(one: Judged) -> str:
        p = one.probabilities[one.truth]
        return f"{one.plan} ({one.truth.value}), said {one.said.value}; the truth was given {p:.2f}"

    hardest = sorted(ours, key=lambda one: one.probabilities[one.truth])[:WORST]
    return [Worst("model_or_infra", one.id, why(one)) for one in hardest]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.model_or_infra")
    parser.add_argument("--seed", type=int, default=FRESH, help=f"default: {FRESH}")
    parser.add_argument("--each", type=int, default=EACH, help=f"of each kind; default: {EACH}")
    parser.add_argument("--json", action="store_true", help="figures alone, as JSON")
    args = parser.parse_args(arguments)
    ours, thresholds = run(args.seed, args.each)
    found = _figures(ours, thresholds)
    if args.json:
        print_json(found, _worst(ours))
    else:
        print(_table(found, ours))
    return 0


if __name__ == "__main__":
    sys.exit(main())

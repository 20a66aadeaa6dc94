"""Is the component at fault found from alerts alone? One table.

python benchmarks/rca_alerts.py --data FOLDER [--json]

FOLDER holds cases.jsonl.gz, graph.json and labels.json. AC@k is the share of cases whose component
at fault is among the first k of all components of the graph, by its exact id (service, pod or
node). How rare an alert is, is told by the alerts of the other cases, never by their labels:
"history: before" sees only those that lie before the case, "none" sees no other case. The baseline
ranks components by how many alerts are on them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Worst, print_json
from knowledge.adapters.cause_files import read_text
from knowledge.causes.alerts import AlertCase, read_alert_cases

KS = (1, 3, 5)
AIMS = {1: ">= .50", 3: ">= .70", 5: ""}
MOST_WORST = 10
Label = Mapping[str, Any]
Order = Callable[[AlertCase], Sequence[str]]


def ranked(case: AlertCase) -> list[str]:
    return [suspect.component for suspect in case.rank().suspects]


def with_history_before(case: AlertCase) -> list[str]:
    return ranked(replace(case, windows=tuple(w for w in case.windows if w.at < case.onset)))


def without_history(case: AlertCase) -> list[str]:
    return ranked(replace(case, windows=()))


def most_alerts(case: AlertCase) -> list[str]:
    counts = Counter(sign.component for sign in case.signs)
    return sorted(case.landscape.levels, key=lambda name: (-counts[name], name))


def places(cases: Sequence[AlertCase], labels: Mapping[str, Label], order: Order) -> list[int]:
    """Where the component at fault stands in each case, from 1; very far down where it does not."""
    found = []
    for case in cases:
        names = list(order(case))
        cause = labels[case.id]["root_cause"]
        found.append(names.index(cause) + 1 if cause in names else 10**9)
    return found


def accuracy(ranks: Sequence[int], k: int) -> float:
    return sum(rank <= k for rank in ranks) / len(ranks)


def row(name: str, ranks: Sequence[int]) -> str:
    cells = " ".join(f"{accuracy(ranks, k):6.3f}" for k in KS)
    return f"{name:44s} {cells} {len(ranks):6d}"


def by(
    key: str, cases: Sequence[AlertCase], labels: Mapping[str, Label], ranks: Sequence[int]
) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for case, rank in zip(cases, ranks, strict=True):
        groups.setdefault(str(labels[case.id].get(key, "")), []).append(rank)
    return dict(sorted(groups.items()))


def worst(
    cases: Sequence[AlertCase], labels: Mapping[str, Label], ranks: Sequence[int]
) -> list[Worst]:
    """Those in which the component at fault stands farthest down."""
    pairs = sorted(zip(ranks, cases, strict=True), key=lambda pair: (-pair[0], pair[1].id))
    return [
        Worst("rca_alerts", case.id, _why(case, labels[case.id], rank))
        for rank, case in pairs[:MOST_WORST]
        if rank > 1
    ]


def _why(case: AlertCase, label: Label, rank: int) -> str:
    suspects = {s.component: s for s in case.rank().suspects}
    first, cause = next(iter(suspects.values())), suspects.get(label["root_cause"])
    clues = "; ".join(clue.text for clue in cause.clues[:2]) if cause else ""
    return (
        f"{label.get('fault_type', 'fault')} of {label['root_cause']} is in place {rank} behind "
        f"{first.component}: {clues or 'no alert on it is unusual'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cases = read_alert_cases(
        read_text(args.data / "cases.jsonl.gz"), read_text(args.data / "graph.json")
    )
    labels = json.loads(read_text(args.data / "labels.json"))
    ways: dict[str, Order] = {
        "ours": ranked,
        "ours, history: before": with_history_before,
        "ours, history: none": without_history,
        "baseline: most alerts": most_alerts,
    }
    results = {name: places(cases, labels, order) for name, order in ways.items()}
    ours, plain = results["ours"], results["baseline: most alerts"]
    if args.json:
        figures = [
            Figure(f"cause from alerts: AC@{k}", accuracy(ours, k), len(ours), accuracy(plain, k),
                   AIMS[k])
            for k in KS
        ]  # fmt: skip
        print_json(figures, worst(cases, labels, ours))
        return
    print(f"{'':44s} {'AC@1':>6s} {'AC@3':>6s} {'AC@5':>6s} {'cases':>6s}")
    for name, ranks in results.items():
        print(row(name, ranks))
    for key in ("level", "fault_type"):
        for value, ranks in by(key, cases, labels, ours).items():
            print(row(f"  {value}", ranks))
    for bad in worst(cases, labels, ours):
        print(f"{bad.case}: {bad.why}")


if __name__ == "__main__":
    main()

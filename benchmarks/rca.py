"""Is the cause of a failure named from telemetry? Accuracy of `tandem rca`, as one table.

    python -m benchmarks.rca --data FOLDER [--by fault_type] [--json]

FOLDER holds cases, and labels.json: case -> {"root_cause", "fault_type", "scenario" ...}. AC@k is
the share of cases whose cause is among the first k, Avg@5 the mean of AC@1 to AC@5. Nothing is
trained, so each group's figure is what it would be had the group never been seen; `--by root_cause`
and `--by scenario` show how much they differ.

Baseline: the services in the order of their largest z-score of any signal. "metrics only" leaves
out traces and logs.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.figure import Figure, Worst, print_json
from knowledge.adapters.cause_files import read_case
from knowledge.causes import Case, rank
from knowledge.causes.evidence import rows_of

Labels = Mapping[str, Mapping[str, Any]]
Ranker = Callable[[Case], list[str]]
KS = (1, 3, 5)
LEFT_OUT = "temporal"
"""Scenarios whose calm data are borrowed from another."""
MOST_WORST = 10


@dataclass(frozen=True)
class Way:
    """One way to rank, and at which place it put the cause of each case (0: not at all)."""

    name: str
    places: Mapping[str, int]

    def accuracy(self, cases: Sequence[str], k: int) -> float:
        return fmean(0 < self.places[case] <= k for case in cases)

    def average(self, cases: Sequence[str]) -> float:
        return fmean(self.accuracy(cases, k) for k in range(1, 6))


def tandem(case: Case) -> list[str]:
    return [suspect.component for suspect in rank(case).suspects]


def metrics_only(case: Case) -> list[str]:
    return tandem(replace(case, flow=None, calm_flow=None, logs=None, calm_logs=None))


def largest_z(case: Case) -> list[str]:
    """What anybody would try first: whose signal is the most standard deviations off?"""
    scores = {service: _largest_z(case, service) for service in case.services}
    return sorted(scores, key=lambda service: -scores[service])


RANKERS: Mapping[str, Ranker] = {
    "tandem": tandem,
    "metrics only": metrics_only,
    "largest z": largest_z,
}


def _largest_z(case: Case, service: str) -> float:
    calm, found = case.calm.get(service, {}), [0.0]
    for name, series in case.window.get(service, {}).items():
        usual = calm[name].values[np.isfinite(calm[name].values)] if name in calm else np.array([])
        _, during = rows_of(case, series)
        during = during[np.isfinite(during)]
        if len(usual) and len(during):
            found.append(float(np.abs(during - usual.mean()).max() / (usual.std() + 1e-9)))
    return max(found)


def measure(name: str, ranker: Ranker, cases: Iterable[Case], labels: Labels) -> Way:
    places = {}
    for case in cases:
        ranked, cause = ranker(case), labels[case.id]["root_cause"]
        places[case.id] = ranked.index(cause) + 1 if cause in ranked else 0
    return Way(name, places)


def groups(labels: Labels, cases: Iterable[str], by: str) -> dict[str, list[str]]:
    """Cases of each system, and of each value of the label within it."""
    found: dict[str, list[str]] = {}
    for case in cases:
        system = case.partition("-")[0]
        found.setdefault(system, []).append(case)
        found.setdefault(f"{system}, {labels[case].get(by, '-')}", []).append(case)
    return dict(sorted(found.items()))


def table(ways: Sequence[Way], split: Mapping[str, Sequence[str]]) -> list[str]:
    head = f"{'':52s} {'':14s} {'cases':>5s} {'AC@1':>6s} {'AC@3':>6s} {'AC@5':>6s} {'Avg@5':>6s}"
    lines = [head]
    for group, cases in split.items():
        for way in ways:
            cells = [*(way.accuracy(cases, k) for k in KS), way.average(cases)]
            told = " ".join(f"{cell:6.3f}" for cell in cells)
            lines.append(f"{group[:52]:52s} {way.name:14s} {len(cases):5d} {told}")
    return lines


def figures(ways: Sequence[Way], systems: Mapping[str, Sequence[str]]) -> list[Figure]:
    """AC@1 and AC@3 of the first way; the last one is the baseline."""
    best, plain = ways[0], ways[-1]
    return [
        Figure(
            f"cause {system} AC@{k}",
            best.accuracy(cases, k),
            len(cases),
            plain.accuracy(cases, k),
            AIMS.get((system, k), ""),
        )
        for system, cases in systems.items()
        for k in (1, 3)
    ]


AIMS = {
    ("petshop", 1): ">= .80",
    ("petshop", 3): ">= .95",
    ("nezha", 1): ">= .85",
    ("nezha", 3): ">= .95",
}


def worst(cases: Iterable[Case], way: Way, labels: Labels) -> list[Worst]:
    """The cases whose cause stands lowest, with what stands first instead."""
    missed = [case for case in cases if way.places[case.id] != 1]
    missed.sort(key=lambda case: -(way.places[case.id] or 10**6))
    return [
        Worst("rca", case.id, _why(case, way.places[case.id], labels[case.id]))
        for case in missed[:MOST_WORST]
    ]


def _why(case: Case, place: int, label: Mapping[str, Any]) -> str:
    first = rank(case).suspects[0]
    clue = first.clues[0].text if first.clues else "no evidence at all"
    at = f"place {place}" if place else "not ranked"
    cause = f"{label['root_cause']} ({label.get('fault_type', '')})"
    return f"{cause} at {at}; {first.component} first: {clue}"


def _read(folder: Path) -> tuple[list[Case], Labels]:
    labels: Labels = json.loads((folder / "labels.json").read_text("utf-8"))
    cases = [read_case(file) for file in sorted((folder / "cases").iterdir())]
    judged = [
        case for case in cases if not labels[case.id].get("scenario", "").startswith(LEFT_OUT)
    ]
    return judged, labels


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.rca", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="cases with telemetry")
    parser.add_argument("--by", default="fault_type", help="label to split each system by")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON at the end")
    args = parser.parse_args(arguments)
    cases, labels = _read(args.data)
    ways = [measure(name, ranker, cases, labels) for name, ranker in RANKERS.items()]
    split = groups(labels, (case.id for case in cases), args.by)
    print("\n".join(table(ways, split)))
    if args.json:
        systems = {name: its for name, its in split.items() if ", " not in name}
        print_json(figures(ways, systems), worst(cases, ways[0], labels))


if __name__ == "__main__":
    main()

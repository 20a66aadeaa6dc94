"""How well scores of a folder find the events of generated KPIs.

    python -m benchmarks.kpis.score --corpus FOLDER --scores FOLDER

The corpus is what `python -m benchmarks.kpis` wrote, the scores what `tandem detect` did. A score
of 0.5 or more is an alarm. Alarms at most 12 rows apart are one episode. An event is found when an
alarm lies in it; an episode that touches no event, nor the 15 rows after one, is false. The first
episode in the three hours after a deploy is neither. The first three days are not counted.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ALARM = 0.5
WARM_ROWS = 3 * 1440
GAP = 12
GRACE = 15
Spans = Sequence[tuple[int, int]]
"""First and last row of each."""


@dataclass
class Tally:
    """Counts that add up over series."""

    events: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false: int = 0
    rows: int = 0
    delays: list[int] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found.total() / max(self.events.total(), 1)

    @property
    def false_per_1000(self) -> float:
        return 1000 * self.false / max(self.rows, 1)

    @property
    def delay(self) -> float:
        """Rows from the start of an event to its first alarm: the median of those found."""
        return float(np.median(self.delays)) if self.delays else float("nan")

    def add(
        self, scores: NDArray[np.float64], events: Spans, kinds: Sequence[str], changes: Spans
    ) -> None:
        """One series."""
        alarms = scores >= ALARM
        alarms[:WARM_ROWS] = False
        self.rows += max(0, len(scores) - WARM_ROWS)
        excused = np.zeros(len(scores), dtype=bool)
        for (first, last), kind in zip(events, kinds, strict=True):
            self.events[kind] += 1
            hits = np.flatnonzero(alarms[first : last + 1])
            if len(hits):
                self.found[kind] += 1
                self.delays.append(int(hits[0]))
            excused[first : last + 1 + GRACE] = True
        open_changes = list(changes)
        for first, last in _episodes(alarms):
            if excused[first : last + 1].any():
                continue
            change = next((c for c in open_changes if c[0] <= first <= c[1]), None)
            if change is None:
                self.false += 1
            else:
                open_changes.remove(change)


def _episodes(alarms: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    rows = np.flatnonzero(alarms)
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > GAP) + 1):
        if len(part):
            yield int(part[0]), int(part[-1])


def score_folder(corpus: Path, scores: Path) -> Tally:
    labels = {
        name: json.loads((corpus / "labels" / f"{name}.json").read_text("utf-8"))
        for name in ("combined_windows", "kinds", "changes")
    }
    tally = Tally()
    for name, windows in labels["combined_windows"].items():
        rows = _rows(corpus / "data" / name, "timestamp")
        first_row: dict[str, int] = {}
        for row, stamp in enumerate(rows):
            first_row.setdefault(stamp, row)
        tally.add(
            np.array([float(text) for text in _rows(scores / name, "anomaly_score")]),
            _spans(windows, first_row),
            labels["kinds"][name],
            _spans(labels["changes"][name], first_row),
        )
    return tally


def _rows(path: Path, column: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


def _spans(windows: Sequence[Sequence[str]], row_of: Mapping[str, int]) -> Spans:
    return [(row_of[first], row_of[last]) for first, last in windows]


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.kpis.score")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    args = parser.parse_args()
    tally = score_folder(args.corpus, args.scores)
    print(
        f"recall {tally.recall:.3f} ({tally.found.total()} of {tally.events.total()} events), "
        f"{tally.false_per_1000:.3f} false episodes per 1000 rows, "
        f"median delay {tally.delay:.0f} rows"
    )
    for kind, count in sorted(tally.events.items()):
        print(f"  {kind:<14}{tally.found[kind]:>4} of {count}")


if __name__ == "__main__":
    main()

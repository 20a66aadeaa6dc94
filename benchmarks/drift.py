"""What judging drift costs beside bare numpy, and how often it cries wolf.

    python benchmarks/drift.py                 cost at 1,000,000 rows x 25 columns
    python benchmarks/drift.py --rows 100000
    python benchmarks/drift.py --false-flags   undrifted frames of 200 to 200,000 rows
    python benchmarks/drift.py --exact         differences from scipy

CPU seconds of this process, best of three. "Bare numpy" is the least that a measure on quantiles
needs: one sort of each numeric column and 1,024 searches in it, one count of each categorical one.
The reference's profile is computed once and not counted; its own cost is shown.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from knowledge.drift import compare, profile
from knowledge.records import Frame

NUMERIC, CATEGORICAL = 20, 5
REPEATS = 3


def make_frame(rows: int, rng: np.random.Generator, moved: float = 0.0) -> Frame:
    """20 numeric columns of four shapes and 5 categorical ones of 20 names."""
    shapes: tuple[Callable[[], np.ndarray], ...] = (
        lambda: rng.normal(moved, 1, rows),
        lambda: rng.lognormal(moved, 1, rows),
        lambda: rng.exponential(1 + moved, rows),
        lambda: rng.standard_t(3, rows) + moved,
    )
    names = np.array([f"category {i}" for i in range(20)], dtype=object)
    shares = np.arange(20, 0, -1.0) ** (1 + moved)
    shares /= shares.sum()
    numbers = {f"number {i}": shapes[i % 4]() for i in range(NUMERIC)}
    texts = {f"text {i}": names[rng.choice(20, rows, p=shares)] for i in range(CATEGORICAL)}
    return {**numbers, **texts}


def cpu_seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def bare_numpy(frame: Frame, edges: dict[str, np.ndarray]) -> None:
    for name, values in frame.items():
        if values.dtype.kind == "f":
            np.searchsorted(np.sort(values), edges[name])
        else:
            Counter(values.tolist())


def show_cost(rows: int) -> None:
    rng = np.random.default_rng(7)
    reference = make_frame(rows, rng)
    at = np.linspace(0, 1, 1024)
    edges = {n: np.quantile(v, at) for n, v in reference.items() if v.dtype.kind == "f"}
    known = profile(reference)
    made = cpu_seconds(lambda: profile(reference))
    print(f"{rows:,} rows, {NUMERIC} numeric and {CATEGORICAL} categorical columns, CPU seconds")
    print(f"{'current data':<14}{'columns':<14}{'ours':>8}{'bare numpy':>12}{'ratio':>8}")
    for label, moved in (("undrifted", 0.0), ("drifted", 0.3)):
        current = make_frame(rows, rng, moved)
        for kinds, code in (("numeric", "f"), ("categorical", "O"), ("all", "fO")):
            part = {n: v for n, v in current.items() if v.dtype.kind in code}
            names = [n for n in current if n not in part]
            own = profile(reference, exclude=names) if names else known
            ours = cpu_seconds(lambda own=own, part=part: compare(own, part))
            bare = cpu_seconds(lambda part=part: bare_numpy(part, edges))
            print(f"{label:<14}{kinds:<14}{ours:>8.3f}{bare:>12.3f}{ours / bare:>8.2f}")
    print(f"profile of the reference, once: {made:.3f}")


def show_false_flags() -> None:
    rng = np.random.default_rng(11)
    print(f"{'rows':>10}{'frames':>8}{'flagged columns':>17}{'verdicts not stable':>21}")
    for rows, frames in ((200, 400), (1000, 200), (5000, 80), (20_000, 30), (200_000, 4)):
        flagged = unstable = 0
        for _ in range(frames):
            report = compare(profile(make_frame(rows, rng)), make_frame(rows, rng))
            flagged += len(report.drifted)
            unstable += report.verdict != "stable"
        print(f"{rows:>10,}{frames:>8}{flagged:>17}{unstable:>21}")


def show_exactness() -> None:
    rng = np.random.default_rng(13)
    worst = {"ks": 0.0, "wasserstein": 0.0, "js": 0.0}
    for rows, other in ((200, 300), (5000, 5000), (40_000, 70_000), (300_000, 300_000)):
        before, after = make_frame(rows, rng), make_frame(other, rng, 0.1)
        for column in compare(profile(before), after).columns:
            if column.kind != "numeric":
                continue
            a, b = before[column.name], after[column.name]
            edges = np.concatenate(([-np.inf], np.quantile(a, np.linspace(0.1, 0.9, 9)), [np.inf]))
            js = jensenshannon(np.histogram(a, edges)[0], np.histogram(b, edges)[0])
            found = {
                "ks": ks_2samp(a, b, method="asymp").statistic,
                "wasserstein": wasserstein_distance(a, b),
                "js": js,
            }
            for name, value in found.items():
                worst[name] = max(worst[name], abs(value - getattr(column, name)))
    print("largest difference from scipy over 80 columns")
    for name, difference in worst.items():
        print(f"{name:<14}{difference:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--false-flags", action="store_true")
    parser.add_argument("--exact", action="store_true")
    args = parser.parse_args()
    if args.false_flags:
        show_false_flags()
    elif args.exact:
        show_exactness()
    else:
        show_cost(args.rows)


if __name__ == "__main__":
    main()

"""What judging drift costs beside bare numpy, and how often it cries wolf.

    python benchmarks/drift.py                 cost at 1,000,000 rows x 25 columns
    python benchmarks/drift.py --rows 100000
    python benchmarks/drift.py --false-flags   undrifted frames of 200 to 1,000,000 rows
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


def make_shapes(rows: int, rng: np.random.Generator) -> Frame:
    """Twelve shapes that real columns have, and that naive tests stumble over."""
    names = np.array([f"name {i}" for i in range(10_000)], dtype=object)
    gaps = rng.normal(size=rows)
    gaps[rng.random(rows) < 0.1] = np.nan
    return {
        "normal": rng.normal(50, 5, rows),
        "lognormal": rng.lognormal(0, 2, rows),
        "heavy tails": rng.standard_t(1.5, rows),
        "zero-inflated": np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(size=rows)),
        "counts": rng.poisson(2, rows),
        "codes": rng.choice([1, 2, 5, 99], rows, p=[0.5, 0.3, 0.15, 0.05]),
        "ties": np.round(rng.normal(0, 1, rows), 1),
        "gaps": gaps,
        "few names": names[rng.integers(0, 5, rows)],
        "many names": names[rng.zipf(1.3, rows) % 10_000],
        "rare flag": rng.random(rows) < 0.003,
        "days": np.datetime64("2026-01-01") + rng.integers(0, 365, rows),
    }


def show_false_flags() -> None:
    print(f"{'rows':>10}{'frames':>8}{'flagged columns':>17}{'verdicts not stable':>21}")
    sizes = ((200, 400), (500, 200), (1000, 200), (5000, 80), (20_000, 30), (200_000, 4))
    for rows, frames in (*sizes, (1_000_000, 1)):
        flagged = unstable = 0
        for seed in range(frames):
            rng = np.random.default_rng((rows, seed))
            for make in (make_frame, make_shapes):
                report = compare(profile(make(rows, rng)), make(rows, rng))
                flagged += len(report.drifted)
                unstable += report.verdict != "stable"
        print(f"{rows:>10,}{2 * frames:>8}{flagged:>17}{unstable:>21}", flush=True)


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

"""Write the KPIs of a seed: python -m benchmarks.kpis --seed 7 --out FOLDER."""

import argparse
from pathlib import Path

from benchmarks.kpis.generate import generate, write


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.kpis", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.days < 14:
        parser.error("--days: at least 14; the first week is without events")
    kpis = generate(args.seed, args.days)
    write(kpis, args.out)
    print(f"{len(kpis)} KPIs, {sum(len(kpi.events) for kpi in kpis)} events in {args.out}")


if __name__ == "__main__":
    main()

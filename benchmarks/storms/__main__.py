"""Write a set of storms.

python -m benchmarks.storms --seed 7 --out DIR
python -m benchmarks.storms --seed 7 --out DIR --only chain --only hub
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.storms.plan import THEMES
from benchmarks.storms.write import write_set


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.storms", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    parser.add_argument("--only", action="append", default=[], choices=list(THEMES), metavar="NAME")
    args = parser.parse_args(arguments)
    print(f"{'storm':<14}{'incidents':>10}{'webhooks':>10}{'objects':>10}{'instances':>10}  kinds")
    for told in write_set(args.out, args.seed, args.only):
        kinds = ", ".join(f"{i['kind']} ({i['alerts']})" for i in told["incidents"].values())
        print(
            f"{told['storm']:<14}{len(told['incidents']):>10}{told['webhooks']:>10}"
            f"{told['alert_objects']:>10}{told['instances']:>10}  {kinds}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

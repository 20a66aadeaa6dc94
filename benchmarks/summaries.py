"""Share of facts, false statements, unsupported numbers, order and length of the summaries.

    python benchmarks/summaries.py --data DIR --scorer eval_summaries.py [--out DIR] [--details]

DIR holds incidents as JSON and their keys; the scorer is the script that judges a folder of
summaries. Prints the scorer's table.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.verbs import summarise


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of <id>.json and keys/")
    parser.add_argument("--scorer", type=Path, required=True, help="eval_summaries.py")
    parser.add_argument("--out", type=Path, help="keep the summaries here")
    parser.add_argument("--details", action="store_true", help="what is missing or wrong, too")
    args = parser.parse_args()
    files = sorted(args.data.glob("*.json"))
    if not files:
        print(f"--data: no incidents in {args.data}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        verb = argparse.Namespace(files=files, out=out, json=False)
        failed = summarise.run(verb)
        details = ["--details"] if args.details else []
        command = [sys.executable, args.scorer, out, "--data", args.data, *details]
        judged = subprocess.run([str(part) for part in command], check=False)
    return failed or judged.returncode


if __name__ == "__main__":
    sys.exit(main())

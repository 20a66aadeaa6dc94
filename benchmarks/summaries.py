"""Share of facts, false statements, unsupported numbers, order and length of the summaries.

    python -m benchmarks.summaries --data DIR --scorer eval_summaries.py [--llm] [--json]

DIR holds incidents as JSON and their keys; the scorer is the script that judges a folder of
summaries. `summaries_own/` beside this file holds thirteen incidents of other domains, written by
us in the same form; both sets are judged. With --llm each summary is made twice, plainly and in the
configured model's words, and the table has a row for both.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Worst, print_json
from bot.verbs import summarise

OWN = Path(__file__).with_name("summaries_own")
COLUMNS = {
    "coverage": ("share of facts", ">= .80"),
    "violations": ("must-not statements per incident", "0"),
    "unsupported": ("unsupported numbers per incident", "0"),
    "order": ("order of events", "1"),
    "words": ("words", "<= 220"),
}
BASELINE = "template"
"""The scorer's plainest useful way: metadata, alerts, changes and events in order of time."""


@dataclass(frozen=True)
class Judged:
    """What the scorer says of one folder of summaries."""

    name: str
    mean: dict[str, float]
    rows: list[dict[str, Any]]


def judged(scorer: Path, data: Path, name: str, *what: str) -> Judged:
    """Run the scorer; raises CalledProcessError when it fails."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, str(scorer), "--data", str(data), "--json", out.name, *what]
        subprocess.run(command, check=True, capture_output=True)
        result = json.loads(Path(out.name).read_text("utf-8"))
    return Judged(name, result["mean"], result["rows"])


def of_summaries(scorer: Path, data: Path, name: str, *, llm: bool) -> Judged:
    """Write the summaries of a folder of incidents with our verb, and judge them."""
    files = sorted(data.glob("*.json"))
    with tempfile.TemporaryDirectory() as scratch:
        verb = argparse.Namespace(
            files=files, out=Path(scratch), json=False, style="summary", since="", llm=llm
        )
        if summarise.run(verb):
            raise SystemExit(1)
        return judged(scorer, data, name, scratch)


def figures(scorer: Path, sets: dict[str, Path], *, llm: bool) -> tuple[list[Figure], list[Worst]]:
    """A figure for each set and column; of each set the two summaries that lack the most."""
    found: list[Figure] = []
    worst: list[Worst] = []
    for name, data in sets.items():
        plain = judged(scorer, data, name, "--baseline", BASELINE)
        ours = of_summaries(scorer, data, name, llm=llm)
        for column, (title, aim) in COLUMNS.items():
            found.append(
                Figure(
                    f"summaries, {name}: {title}",
                    ours.mean[column],
                    len(ours.rows),
                    plain.mean[column],
                    aim,
                )
            )
        longest = max(row["words"] for row in ours.rows)
        found.append(
            Figure(
                f"summaries, {name}: words of the longest", longest, len(ours.rows), None, "<= 220"
            )
        )
        bad = sorted(ours.rows, key=lambda r: (-r["violations"], r["coverage"], r["order"]))
        worst += [
            Worst("summaries", f"{name} {row['id']}", _why(row))
            for row in bad[:2]
            if row["violations"] or row["coverage"] < 1
        ]
    return found, worst


def _why(row: dict[str, Any]) -> str:
    lacks = row["of"] - row["facts"]
    parts = [f"{lacks} of {row['of']} facts are missing"] if lacks else []
    if row["violations"]:
        parts.append(f"{row['violations']} must-not statements")
    if row["order"] < 1:
        parts.append(f"order {row['order']:.1f}")
    return ", ".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of <id>.json and keys/")
    parser.add_argument("--scorer", type=Path, required=True, help="eval_summaries.py")
    parser.add_argument("--llm", action="store_true", help="in the configured LLM's words, too")
    parser.add_argument("--json", action="store_true", help="figures for `make eval`")
    parser.add_argument("--details", action="store_true", help="what is missing or wrong, too")
    parser.add_argument("--out", type=Path, help="keep the summaries of --data here")
    args = parser.parse_args()
    sets = {"DEV": args.data, "own": OWN} if args.data else {"own": OWN}
    if args.json:
        print_json(*figures(args.scorer, sets, llm=args.llm))
        return 0
    if args.out or args.details:
        return _details(args.scorer, args.data or OWN, args.out, args.llm)
    print("| set | wording | " + " | ".join(title for title, _ in COLUMNS.values()) + " |")
    print("| --- | --- |" + " ---: |" * len(COLUMNS))
    for name, data in sets.items():
        ways = [(BASELINE, judged(args.scorer, data, name, "--baseline", BASELINE))]
        ways.append(("as it was said", of_summaries(args.scorer, data, name, llm=False)))
        if args.llm:
            ways.append(("the LLM's", of_summaries(args.scorer, data, name, llm=True)))
        for way, result in ways:
            cells = " | ".join(f"{result.mean[column]:.2f}" for column in COLUMNS)
            print(f"| {name} ({len(result.rows)}) | {way} | {cells} |")
    return 0


def _details(scorer: Path, data: Path, out: Path | None, llm: bool) -> int:
    files = sorted(data.glob("*.json"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = out or Path(scratch)
        verb = argparse.Namespace(
            files=files, out=folder, json=False, style="summary", since="", llm=llm
        )
        failed = summarise.run(verb)
        command = [sys.executable, str(scorer), str(folder), "--data", str(data), "--details"]
        return failed or subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

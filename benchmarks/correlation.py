"""Are the alerts of an incident put together, soon, and noise left out? A table for each set.

    python -m benchmarks.correlation --data DIR --scorer eval_correlation.py
    python -m benchmarks.correlation ... --seeds 7,8,9        other generated sets; none: --seeds ""
    python -m benchmarks.correlation ... --no-baselines       ours only, fast
    python -m benchmarks.correlation ... --write FILE         the tables as Markdown, too

DIR holds the development storms. The generated sets (`benchmarks/storms`) have other topologies,
rule names, label layouts and cascades than those: what they show is how much of the result holds
where the engine was not tuned. Alerts go through `tandem replay`, and so through the code of the
running bot, with the storms' own times of arrival as the clock.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.storms.write import write_set
from bot.replay import histories, replay
from bot.replay.prediction import prediction
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue

BASELINES = ("topo", "service", "alertname_cluster", "alertname", "time", "each")
AGGREGATE = "AGGREGATE"
SEEDS = "7,21,22"
Scores = Mapping[str, Mapping[str, Any]]
"""By storm, and AGGREGATE."""


@dataclass(frozen=True)
class Column:
    title: str
    key: str
    digits: int = 2

    def text(self, scores: Mapping[str, Any]) -> str:
        value = scores.get(self.key)
        if value is None:
            return ""
        return f"{value:.{self.digits}f}" if self.digits else f"{value:.0f}"


COLUMNS = (
    Column("incidents", "incidents", 0),
    Column("found", "found", 0),
    Column("pair P", "pair_P"),
    Column("pair R", "pair_R"),
    Column("pair F1", "pair_F1"),
    Column("ARI", "ARI"),
    Column("merges", "merges", 0),
    Column("splits", "splits", 1),
    Column("cards", "cards", 0),
    Column("noise cards/h", "noise_cards_per_h", 1),
    Column("first card, s", "ttc_median", 0),
    Column("latest, s", "ttc_max", 0),
    Column("root@1", "root1"),
    Column("root@3", "root3"),
)


@dataclass(frozen=True)
class Measured:
    """One set: our scores, the baselines' aggregates, and how fast ours was."""

    name: str
    ours: Scores
    baselines: Mapping[str, Mapping[str, Any]]
    objects: int
    seconds: float


def measure(name: str, folder: Path, scorer: Path, baselines: Sequence[str]) -> Measured:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "predictions"
        objects, seconds = predict(folder, out)
        ours = score(scorer, ["--set", folder, "--pred", out])
        found = {}
        if baselines:
            plain = complete(folder, Path(scratch) / "set")
            for baseline in baselines:
                scores = score(scorer, ["--set", plain, "--baseline", baseline])
                found[baseline] = scores[AGGREGATE]
    return Measured(name, ours, found, objects, seconds)


def predict(folder: Path, out: Path) -> tuple[int, float]:
    """Replay each storm of the set; returns the alert objects and the CPU seconds that took."""
    out.mkdir(parents=True)
    objects, seconds = 0, 0.0
    for history in histories([folder]):
        topology = history.topology
        catalogue = Catalogue.read(topology) if topology else Catalogue()
        result = replay(history, catalogue, MemoryStore())
        (out / f"{history.name}.json").write_text(json.dumps(prediction(result)))
        objects += result.objects
        seconds += result.cpu_s
    return objects, seconds


def score(scorer: Path, arguments: Iterable[object]) -> Scores:
    command = [sys.executable, str(scorer), *map(str, arguments), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    scores: Scores = json.loads(done.stdout)
    return scores


def complete(folder: Path, into: Path) -> Path:
    """A copy in which each alert has the labels that the scorer's baselines cannot do without."""
    (into / "labels").mkdir(parents=True)
    for labels in (folder / "labels").glob("*.json"):
        (into / "labels" / labels.name).symlink_to(labels.resolve())
        storm = into / labels.stem
        storm.mkdir()
        (storm / "topology.json").symlink_to((folder / labels.stem / "topology.json").resolve())
        source = folder / labels.stem / "alerts.jsonl.gz"
        with gzip.open(source, "rt") as lines, gzip.open(storm / source.name, "wt", 1) as out:
            for line in lines:
                out.write(json.dumps(_completed(json.loads(line))) + os.linesep)
    return into


def _completed(webhook: dict[str, Any]) -> dict[str, Any]:
    for alert in webhook["payload"]["alerts"]:
        labels = alert["labels"]
        labels.setdefault("cluster", labels.get("k8s_cluster", "one"))
        labels.setdefault("severity", "warning")
    return webhook


# What is shown


def rows(measured: Measured) -> Iterator[list[str]]:
    yield ["", *(column.title for column in COLUMNS)]
    for storm, scores in measured.ours.items():
        if storm != AGGREGATE:
            yield [storm, *(column.text(scores) for column in COLUMNS)]
    yield ["all, Tandem", *(column.text(measured.ours[AGGREGATE]) for column in COLUMNS)]
    for baseline, scores in measured.baselines.items():
        yield [f"all, by {baseline}", *(column.text(scores) for column in COLUMNS)]


def as_text(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = (
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in table
    )
    return "\n".join(lines)


def as_markdown(table: Sequence[Sequence[str]]) -> str:
    head, *body = table
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(_bold(line))} |" for line in lines)


def _bold(line: Sequence[str]) -> list[str]:
    ours = line[0] == "all, Tandem"
    return [f"**{cell}**" if ours and cell else cell for cell in line]


def against_aims(dev: Scores) -> list[list[str]]:
    """What was asked of the development set, and what was measured."""
    all_, quiet = (
        dev[AGGREGATE],
        [s for n, s in dev.items() if n != AGGREGATE and not s["incidents"]],
    )
    most = max(
        (scores["noise_cards_per_h"] for name, scores in dev.items() if name != AGGREGATE),
        default=0,
    )
    return [
        ["", "asked", "measured"],
        ["pair F1, mean of the storms", "at least 0.85", f"{all_['pair_F1']:.3f}"],
        ["incidents found", "29 of 31", f"{all_['found']} of {all_['incidents']}"],
        ["noise cards an hour, mean", "at most 2", f"{all_['noise_cards_per_h']:.2f}"],
        ["noise cards an hour, worst storm", "", f"{most:.2f}"],
        ["cards in the quiet storm", "0", f"{sum(s['cards'] for s in quiet)}"],
        ["seconds to the first card, median", "at most 30", f"{all_['ttc_median']:.0f}"],
    ]


def markdown(sets: Sequence[Measured]) -> str:
    return PAGE.format(
        aims=as_markdown(against_aims(sets[0].ours)),
        tables="\n\n".join(_section(measured) for measured in sets),
    )


def _section(measured: Measured) -> str:
    rate = measured.objects / measured.seconds
    return (
        f"## {measured.name}\n\n{as_markdown(list(rows(measured)))}\n\n"
        f"{measured.objects:,} alerts as delivered, read, parsed and correlated in "
        f"{measured.seconds:.1f} s of CPU ({rate:,.0f} a second)."
    )


PAGE = """\
# Correlation: which alerts belong together

<!-- Written by `python -m benchmarks.correlation --write`; run it again rather than edit. -->

```sh
.venv/bin/python -m benchmarks --only correlation
```

The scorer is `../shared/tools/eval/eval_correlation.py`; its six baselines stand below ours in
each table. An incident counts as found when a card holds at least 30 % of its alerts and more of it
than of any other. "First card" is the median time from the first alert of a found incident to its
first card; "merges" are cards that hold a fifth or more of two incidents; "splits" are cards per
found incident (1 is best). The baseline "each" makes a card of every alert.

## What was asked of the development set

{aims}

{tables}

## How far to trust it

All of these storms are made up, the development ones by another author than the generated ones. The
engine was built with the development set in sight; the generated ones were used to find what does
not carry over, so neither is a held-out set. Compare methods within a table; do not read figures
as performance on your alerts: `tandem replay` measures that.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the development storms")
    parser.add_argument("--scorer", type=Path, required=True, help="eval_correlation.py")
    parser.add_argument("--seeds", default=SEEDS, help=f"generated sets; default: {SEEDS}")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown")
    args = parser.parse_args(arguments)
    baselines = () if args.no_baselines else BASELINES
    sets = [measure("Development set", args.data, args.scorer, baselines)]
    print_set(sets[0])
    print(f"\n{as_text(against_aims(sets[0].ours))}", flush=True)
    for seed in [int(text) for text in args.seeds.split(",") if text.strip()]:
        with tempfile.TemporaryDirectory() as folder:
            write_set(Path(folder), seed)
            name = f"Generated set, seed {seed}"
            sets.append(measure(name, Path(folder), args.scorer, baselines))
        print_set(sets[-1])
    if args.write:
        args.write.write_text(markdown(sets), encoding="utf-8")
    return 0


def print_set(measured: Measured) -> None:
    print(f"\n{measured.name}\n{as_text(list(rows(measured)))}")
    print(f"{measured.objects:,} alert objects in {measured.seconds:.1f} s of CPU", flush=True)


if __name__ == "__main__":
    sys.exit(main())

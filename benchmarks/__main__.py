"""Run the benchmarks one after the other, each in a process of its own; each prints one table.

    python -m benchmarks                       all of them
    python -m benchmarks --only acks --only start
    python -m benchmarks --data FOLDER         evaluation data; its scorers are in ../tools/eval

The speed of the bot needs no data. What needs data that is not there is skipped, and said.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path("../shared/data")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Benchmark:
    """One module of this folder, or a scorer that is given a verb of ours."""

    name: str
    asks: str
    """The question it answers."""
    arguments: Sequence[str] = ()
    """With {data} and {tools} for the two folders, and {root} for the repository."""
    needs: Sequence[str] = ()
    """Files and folders without which it is skipped, written like the arguments."""
    module: str = ""
    """Where it differs from the name."""
    judges: bool = False
    """Judges answers, and prints figures with --json: part of `make eval`."""
    llm: bool = False
    """A language model has a part in the answers: --llm measures them with it."""


BENCHMARKS = (
    Benchmark("start", "How soon is the bot ready after its start?"),
    Benchmark("acks", "Is every command acknowledged in time when 200 come at once?"),
    Benchmark("search_latency", "How long does /similar take with 10,000 incidents?"),
    Benchmark(
        "search_scale",
        "Is a search among a hundred thousand incidents soon, and does it miss anything?",
        ["--documents", "100000"],
    ),
    Benchmark("search_engines", "What do our indexes cost beside bare FAISS and bare pgvector?"),
    Benchmark("intake", "How many alerts a second are accepted, correlated and stored?"),
    Benchmark(
        "intake_peers", "How does that compare with a bare insert loop, and with Alertmanager?"
    ),
    Benchmark("replicas", "What do an alert and a question cost with 1, 2 and 4 replicas?"),
    Benchmark("questions", "Is a question answered as soon while alerts come in?"),
    Benchmark("memory", "How much memory does the bot take, at rest and in a storm?"),
    Benchmark("history", "Does an alert cost the same, whatever is stored already?"),
    Benchmark("incidents_scale", "Does an incident cost the same, whatever is stored already?"),
    Benchmark("polls", "How many monitors can one process watch, and how late is it?"),
    Benchmark("drift", "What does judging drift cost?"),
    Benchmark(
        "false_flags", "How often is drift seen where none is?", ["--false-flags"], (), "drift"
    ),
    Benchmark(
        "detection",
        "Is what goes wrong in a metric found, with few false alarms?",
        [
            *("--data", "{data}/metrics", "--scorer", "{tools}/eval_detection.py"),
            *("--write", "{root}/benchmarks/detection.md"),
        ],
        ["{data}/metrics/labels", "{tools}/eval_detection.py"],
    ),
    Benchmark(
        "canary",
        "How often does the watch over a new champion cry wolf, and how soon does it see?",
        ["--write", "{root}/benchmarks/canary.md"],
    ),
    Benchmark(
        "promotion_machine", "Is a champion ever moved twice, unauthorised, or a decision lost?"
    ),
    Benchmark(
        "routing",
        "Is the right skill found, and nothing done unasked?",
        ["--scorer", "{tools}/eval_routing.py", "--data", "{data}/routing/utterances.jsonl"],
        ["{tools}/eval_routing.py", "{data}/routing/utterances.jsonl"],
        judges=True,
        llm=True,
    ),
    Benchmark(
        "retrieval",
        "Is the right past incident found?",
        ["--data", "{data}/incidents"],
        ["{data}/incidents/corpus.jsonl"],
        judges=True,
    ),
    Benchmark(
        "correlation",
        "Are the alerts of an incident put together, soon, and noise left out?",
        [
            *("--data", "{data}/alerts", "--scorer", "{tools}/eval_correlation.py"),
            *("--write", "{root}/benchmarks/correlation.md"),
        ],
        ["{data}/alerts/labels", "{tools}/eval_correlation.py"],
    ),
    Benchmark(
        "model_or_infra",
        "Is it said rightly whether the model or the infrastructure is at fault?",
        judges=True,
    ),
    Benchmark(
        "rca_alerts",
        "Is the component at fault found from alerts alone?",
        ["--data", "{data}/rca_alerts"],
        ["{data}/rca_alerts/labels.json"],
        judges=True,
    ),
    Benchmark(
        "rca",
        "Is the cause of a failure named from metrics, traces and logs?",
        ["--data", "{data}/rca"],
        ["{data}/rca/labels.json"],
        judges=True,
    ),
    Benchmark(
        "summaries",
        "Do summaries tell the facts, and nothing else?",
        ["--data", "{data}/summaries", "--scorer", "{tools}/eval_summaries.py"],
        ["{data}/summaries/keys", "{tools}/eval_summaries.py"],
        judges=True,
        llm=True,
    ),
    Benchmark(
        "injections",
        "What comes of texts that try to steer a language model which obeys all of them?",
        judges=True,
        module="attacks.injections",
    ),
)


def _folders(data: Path) -> dict[str, Path]:
    return {"data": data, "tools": data.parent / "tools" / "eval", "root": ROOT}


def missing(benchmark: Benchmark, data: Path) -> str:
    """The first thing it needs that is not there; empty when all is."""
    paths = (Path(needed.format(**_folders(data))) for needed in benchmark.needs)
    return next((str(path) for path in paths if not path.exists()), "")


def command_of(benchmark: Benchmark, data: Path) -> list[str]:
    module = f"benchmarks.{benchmark.module or benchmark.name}"
    given = [argument.format(**_folders(data)) for argument in benchmark.arguments]
    return [sys.executable, "-m", module, *given]


def run(benchmark: Benchmark, data: Path) -> str:
    """ "" when it ran, else why it did not."""
    if absent := missing(benchmark, data):
        return f"skipped: {absent} is not there"
    done = subprocess.run(command_of(benchmark, data), cwd=ROOT, check=False)
    return f"failed with exit code {done.returncode}" if done.returncode else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The number of benchmarks that failed; a skipped one has not."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--data", type=Path, default=DATA, help=f"default: {DATA}")
    args = parser.parse_args(arguments)
    problems: dict[str, str] = {}
    for benchmark in BENCHMARKS:
        if args.only and benchmark.name not in args.only:
            continue
        print(f"\n{benchmark.name}: {benchmark.asks}", flush=True)
        if problem := run(benchmark, args.data.resolve()):
            problems[benchmark.name] = problem
            print(problem, flush=True)
    if problems:
        print("\nNot measured:")
        for name, problem in problems.items():
            print(f"  {name}: {problem}")
    return sum(problem.startswith("failed") for problem in problems.values())


if __name__ == "__main__":
    sys.exit(main())

"""How well it understands, as one table: metric, baseline, without a language model, with one.

    make eval                                     everything that judges answers
    python -m benchmarks.eval --only routing
    python -m benchmarks.eval --write FILE        the table as Markdown, and the worst cases

The column with a language model is measured where one is configured (OPENAI_MODEL and
OPENAI_BASE_URL or OPENAI_API_KEY) and has a part in the answer.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.__main__ import BENCHMARKS, DATA, ROOT, Benchmark, command_of, missing
from benchmarks.figure import Figure, Worst, read_json, say
from bot.settings import read_settings

MOST_WORST = 10


@dataclass
class Results:
    plain: list[Figure] = field(default_factory=list)
    with_llm: dict[str, Figure] = field(default_factory=dict)
    worst: list[Worst] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def measure(benchmark: Benchmark, data: Path, *options: str) -> tuple[list[Figure], list[Worst]]:
    """Raises ValueError when it fails or prints no figures."""
    command = [*command_of(benchmark, data), *options, "--json"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    return read_json(done.stdout)


def evaluate(benchmarks: Sequence[Benchmark], data: Path, llm: bool) -> Results:
    results = Results()
    for benchmark in benchmarks:
        print(f"{benchmark.name} ...", file=sys.stderr, flush=True)
        if absent := missing(benchmark, data):
            results.problems[benchmark.name] = f"{absent} is not there"
            continue
        try:
            figures, worst = measure(benchmark, data)
            results.plain += figures
            results.worst += worst
            if llm and benchmark.llm:
                again, _ = measure(benchmark, data, "--llm")
                results.with_llm |= {figure.metric: figure for figure in again}
        except (ValueError, KeyError, TypeError) as error:
            results.problems[benchmark.name] = str(error)
    return results


def table(results: Results) -> list[str]:
    lines = [
        "| metric | aim | baseline | without LLM | with LLM | cases |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for figure in results.plain:
        with_llm = results.with_llm.get(figure.metric)
        cells = (
            figure.metric,
            figure.aim or "–",
            say(figure.baseline),
            say(figure.value),
            say(with_llm.value if with_llm else None),
            f"{figure.cases:,}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def spread(worst: Sequence[Worst]) -> list[Worst]:
    """The worst of each benchmark in turn, so that no benchmark fills the list alone."""
    by: dict[str, list[Worst]] = {}
    for case in worst:
        by.setdefault(case.benchmark, []).append(case)
    most = max((len(cases) for cases in by.values()), default=0)
    turns = [cases[i] for i in range(most) for cases in by.values() if i < len(cases)]
    return turns[:MOST_WORST]


def main(arguments: Sequence[str] | None = None) -> int:
    judged = [benchmark for benchmark in BENCHMARKS if benchmark.judges]
    parser = argparse.ArgumentParser(
        "python -m benchmarks.eval", description=__doc__.partition("\n")[0]
    )
    names = [benchmark.name for benchmark in judged]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME")
    parser.add_argument("--data", type=Path, default=DATA, help=f"default: {DATA}")
    parser.add_argument("--write", type=Path, help="keep the table here, as Markdown")
    args = parser.parse_args(arguments)
    settings = read_settings()
    chosen = [b for b in judged if not args.only or b.name in args.only]
    results = evaluate(chosen, args.data.resolve(), bool(settings.openai_model))
    lines = table(results)
    if results.worst:
        lines += ["", "Worst cases:", ""]
        lines += [f"- {w.benchmark}, {w.case}: {w.why}" for w in spread(results.worst)]
    lines += [f"\n{name} was not measured: {why}" for name, why in results.problems.items()]
    print("\n".join(lines))
    if args.write:
        model = settings.openai_model or "none was configured"
        head = ["# How well it understands", "", f"Made by `make eval`. Language model: {model}."]
        args.write.write_text("\n".join([*head, "", *lines, ""]), "utf-8")
    return 1 if results.problems else 0


if __name__ == "__main__":
    sys.exit(main())

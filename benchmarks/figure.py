"""What a benchmark measured, in a form that others can put into one table."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One row. `baseline` is what a plain way reaches on the same cases."""

    metric: str
    value: float
    cases: int
    baseline: float | None = None
    aim: str = ""
    """What was aimed at: ">= .80", "0"."""


@dataclass(frozen=True)
class Worst:
    """A case that went badly, and why."""

    benchmark: str
    case: str
    why: str


def print_json(figures: Sequence[Figure], worst: Iterable[Worst] = ()) -> None:
    rows = [asdict(figure) for figure in figures]
    print(json.dumps({"figures": rows, "worst": [asdict(w) for w in worst]}))


def read_json(text: str) -> tuple[list[Figure], list[Worst]]:
    """What `print_json` printed, after whatever was printed before it; also a bare list of
    figures. Raises ValueError."""
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    data: Any = json.loads(last)
    rows, worst = (data, []) if isinstance(data, list) else (data["figures"], data["worst"])
    return [Figure(**row) for row in rows], [Worst(**row) for row in worst]


def say(value: float | None) -> str:
    """ ".912", "0", "33"; a dash for what was not measured."""
    if value is None:
        return "–"
    if value == int(value) and abs(value) != 1:
        return f"{int(value)}"
    return f"{value:.3f}".removeprefix("0") if abs(value) < 1 else f"{value:.3f}"


def main() -> None:
    """Read what a benchmark printed with --json on stdin; print it as a table."""
    figures, _ = read_json(sys.stdin.read())
    for figure in figures:
        print(f"{figure.metric:60s} {say(figure.value):>8s} ({figure.cases} cases)")


if __name__ == "__main__":
    main()

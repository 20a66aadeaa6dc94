"""The table of `make eval`: figures go in as JSON and come out as rows."""

import pytest

from benchmarks import eval as evaluation
from benchmarks.figure import Figure, Worst, print_json, read_json, say


def test_figures_survive_being_printed(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure("facts", 0.96, 8, 0.5, ">= .80")]
    worst = [Worst("summaries", "INC-1", "a fact is missing")]
    print("a table of its own")
    print_json(figures, worst)
    assert read_json(capsys.readouterr().out) == (figures, worst)


def test_a_benchmark_that_prints_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_json("no figures today")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.9123, ".912"), (1.0, "1.000"), (0.0, "0"), (33.0, "33"), (72.8, "72.800"), (None, "–")],
)
def test_figures_are_written_as_people_write_them(value: float | None, said: str) -> None:
    assert say(value) == said


def test_the_table_has_both_columns() -> None:
    facts, order = Figure("facts", 0.96, 8, 0.5, ">= .80"), Figure("order", 0.94, 8)
    results = evaluation.Results([facts, order], {"facts": Figure("facts", 0.97, 8)})
    assert evaluation.table(results)[2:] == [
        "| facts | >= .80 | .500 | .960 | .970 | 8 |",
        "| order | – | – | .940 | – | 8 |",
    ]


def test_the_worst_of_each_come_first() -> None:
    worst = [Worst("a", str(i), "") for i in range(20)] + [Worst("b", "0", "")]
    chosen = evaluation.spread(worst)
    assert len(chosen) == evaluation.MOST_WORST
    assert [(w.benchmark, w.case) for w in chosen[:3]] == [("a", "0"), ("b", "0"), ("a", "1")]

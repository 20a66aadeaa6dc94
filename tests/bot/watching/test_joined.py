"""Many queries in one request."""

from datetime import UTC, datetime

import pytest

from bot.watching.joined import MARK, is_whole, join, same_series, split
from knowledge.records import Sample

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def sample(value: float, **labels: str) -> Sample:
    return Sample(labels, NOW, value)


def test_each_query_is_marked_and_a_comment_ends_with_its_line() -> None:
    assert join(["up", "x > 5 # why"]) == (
        f'label_replace(up\n, "{MARK}", "0", "", "") or '
        f'label_replace(x > 5 # why\n, "{MARK}", "1", "", "")'
    )


def test_samples_go_to_their_queries_without_the_mark() -> None:
    samples = [
        sample(1, job="a", **{MARK: "0"}),
        sample(2, **{MARK: "2"}),
        sample(3, job="b", **{MARK: "0"}),
    ]
    assert split(["up", "x", "y"], samples) == {
        "up": [sample(1, job="a"), sample(3, job="b")],
        "x": [],
        "y": [sample(2)],
    }


@pytest.mark.parametrize("labels", [{}, {MARK: "3"}, {MARK: "x"}, {MARK: "-1"}])
def test_a_sample_of_nobody_is_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="mark"):
        split(["up", "x", "y"], [sample(1, **labels)])


def test_answers_about_the_same_series_are_known_by_their_labels() -> None:
    assert same_series([sample(1, job="a"), sample(2)], [sample(9), sample(9, job="a")])
    assert not same_series([sample(1, job="a")], [sample(1)])
    assert same_series([], [])


@pytest.mark.parametrize(
    "query",
    [
        "up",
        'sum by (job) (rate(x{a=~"b|\\)",c!="\\""}[5m])) > 1 # why )',
        "x{a='(', b=`\\`}",
        "rate(x[5m:1m] offset 1w)",
        "# only why\nup",
    ],
)
def test_a_whole_query(query: str) -> None:
    assert is_whole(query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "sum(up",
        "up) or (x",
        "up]",
        'x{a="b}',
        "x{a='b",
        "x{a=`b",
        "(]",
        '"a\nb"',
        "up # ) (\n)",
    ],
)
def test_what_would_reach_into_its_neighbours(query: str) -> None:
    assert not is_whole(query)

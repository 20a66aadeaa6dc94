"""Lines of one statement share a template; others do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.causes.drain import Drain, masked


def templates(lines: list[str], **settings: int) -> dict[str, int]:
    drain = Drain(**settings)
    for line in lines:
        drain.add(line)
    return {template.text: template.count for template in drain.templates()}


def test_what_differs_between_lines_becomes_open() -> None:
    lines = [f"user {name} logged in from 10.0.0.{i}" for i, name in enumerate(("ada", "ben"))]
    assert templates([*lines, "disk full on /var"]) == {
        "user <*> logged in from <*>": 2,
        "disk full on /var": 1,
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("took 35 ms", "took <*> ms"),
        ("took 35ms", "took <*>ms"),
        ("at 2026-03-01T10:00:00Z from 10.1.2.3:8080", "at <*> from <*>"),
        ("id 6f1c2a9e-1111-2222-3333-444455556666 gone", "id <*> gone"),
        ("pointer 0xdeadbeef, digest 9f86d081884c7d65", "pointer <*>, digest <*>"),
        ("v2 api of node3 stays", "v2 api of node3 stays"),
        ("deadbeef is a word here", "deadbeef is a word here"),
    ],
)
def test_values_are_masked_and_names_stay(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_statements_of_the_same_length_are_kept_apart() -> None:
    assert len(templates(["cache miss for key a", "order paid by card b"])) == 2


def test_empty_lines_and_lines_of_values_alone_have_a_template() -> None:
    assert templates(["", "17", "18"]) == {"<*>": 3}


def test_a_line_goes_to_the_template_that_it_is_most_alike() -> None:
    drain = Drain(alike=0.6)
    for line in ("job sync of queue mail done", "job sync of queue mail failed with timeout"):
        drain.add(line)
    assert drain.add("job scan of queue mail done").text == "job <*> of queue mail done"
    longer = drain.add("job scan of queue mail failed with refusal")
    assert longer.text == "job <*> of queue mail failed with <*>"


def test_further_templates_than_the_most_are_counted_together() -> None:
    found = templates(["one a", "two b b", "three c c c", "four d d d d"], most=2)
    assert found == {"one a": 1, "two b b": 1, "<*>": 2}


@given(st.lists(st.text(alphabet="ab1 /:", max_size=12), max_size=30))
def test_every_line_is_counted_once_and_is_covered_by_its_template(lines: list[str]) -> None:
    drain = Drain()
    got = [(line, drain.add(line)) for line in lines]
    assert sum(template.count for template in drain.templates()) == len(lines)
    for line, template in got:
        words = masked(line).split() or ["<*>"]
        pairs = zip(template.words, words, strict=True)
        assert all(mine in (word, "<*>") for mine, word in pairs)

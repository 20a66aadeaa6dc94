"""What people outside are told."""

import pytest

from knowledge.summary.outsiders import for_outsiders, measure


@pytest.mark.parametrize(
    "text",
    [
        "6,400 card payments were refused.",
        "12 % of payments fail for customers in Germany.",
        "About 31,800 pictures were published between 18:41 and 20:15.",
    ],
)
def test_what_customers_feel_is_told(text: str) -> None:
    assert for_outsiders(text, ["ada"], "checkout") == text


@pytest.mark.parametrize(
    "text",
    [
        "The conntrack table of wrk-17 is full.",
        "OOM on 3 pods.",
        "ada lost 12 orders.",
        "log_sql=full filled the disk.",
        "p95 is 9.4 s.",
        "Someone broke the payments.",
        "Rolled back to v4.",
    ],
)
def test_jargon_names_and_blame_are_not(text: str) -> None:
    assert for_outsiders(text, ["ada"], "checkout") == ""


@pytest.mark.parametrize(
    ("note", "plain"),
    [
        ("rollback to v4", "A recent change was undone"),
        ("fail closed, flag off", "A recent change was switched off"),
        ("psp=second traffic moved to the second provider", "We have moved to a backup"),
        ("node drained", "Part of the system was restarted or replaced"),
        ("memory limit raised to 4Gi", "We have added capacity"),
        ("looked at the graphs", ""),
    ],
)
def test_measures_in_plain_words(note: str, plain: str) -> None:
    assert measure(note) == plain

"""Nobody is blamed, whatever was said."""

import pytest

from knowledge.summary.blameless import blameless, is_blameless

PEOPLE = ("hanna", "lars", "Mei Lin")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I removed the record at 06:55.", "Removed the record at 06:55."),
        ("hanna: I turned logging on at 11:50 and forgot to switch it back.",
         "Turned logging on at 11:50."),
        ("My tls profile from 13:55 is refused.", "The tls profile from 13:55 is refused."),
        ("lars's change of the pool starves us all.", ""),
        ("lars's change starves the queue.", "The change starves the queue."),
        ("That's my tls profile from 13:55.", "It is the tls profile from 13:55."),
        ("The pool was reduced by lars.", "The pool was reduced."),
        ("14:20 lars names the cause", "14:20 an engineer names the cause."),
        ("New-tax-engine went to 10% at 14:30, by me.", "New-tax-engine went to 10% at 14:30."),
        ("The index locks the table.", "The index locks the table."),
    ],
)  # fmt: skip
def test_deeds_are_told_without_their_doers(said: str, told: str) -> None:
    assert blameless(said, PEOPLE) == told


@pytest.mark.parametrize(
    "said",
    [
        "lars broke checkout.",
        "It's my fault, sorry.",
        "Human error by Mei Lin.",
        "We messed this up.",
        "He should have tested it.",
        "That was me.",
    ],
)
def test_what_only_judges_is_left_out(said: str) -> None:
    assert blameless(said, PEOPLE) == ""


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("The cache was full.", True),
        ("hanna filled the cache.", False),
        ("I filled the cache.", False),
        ("Someone broke the cache.", False),
    ],
)
def test_the_rule(text: str, clean: bool) -> None:
    assert is_blameless(text, PEOPLE) is clean

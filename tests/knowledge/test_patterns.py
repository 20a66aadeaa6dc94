import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.patterns import Pattern

ATOMS = st.sampled_from(
    ["a", "b", "-", ".", "[ab]", "[^a]", "[]a]", r"[\]b]", r"\.", r"\d", "1", r"\W"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.text("ab1.-]\n", max_size=8))
def test_it_agrees_with_re_on_whole_values(pattern: str, value: str) -> None:
    assert Pattern(pattern).matches(value) == bool(re.fullmatch(pattern, value, re.DOTALL))


@pytest.mark.parametrize(
    ("pattern", "value", "matched"),
    [
        ("Disk.*", "DiskFull", True),
        ("Disk", "DiskFull", False),
        ("Full", "DiskFull", False),
        ("^(cart|checkout)$", "cart", True),
        ("cart|checkout", "checkout", True),
        ("(?i)disk.*", "DISKFULL", True),
        ("", "", True),
        (".+", "", False),
        (r"10\.0\.\d{1,3}\..*", "10.0.17.4:9100", True),
        ("a|", "", True),
        ("Ärger.*", "Ärger 🚨", True),
    ],
)
def test_it_matches_the_whole_value(pattern: str, value: str, matched: bool) -> None:
    assert Pattern(pattern).matches(value) is matched


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "a?" * 40 + "a" * 40 + "b", "(.*)*(.*)*(.*)*b"]
)
def test_what_drives_backtracking_to_despair_ends(pattern: str) -> None:
    """With `re` each of these would not end within the life of this test run."""
    hostile = "a" * 5000
    assert not Pattern(pattern).matches(hostile)


def test_a_pattern_is_used_again_and_again() -> None:
    pattern = Pattern("(cart|checkout)-.*")
    many = [f"{name}-{number}" for number in range(500) for name in ("cart", "search")]
    assert sum(map(pattern.matches, many)) == 500


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a", "unterminated subpattern"),
        ("[a", "unterminated character set"),
        ("a**", "multiple repeat"),
        ("a++", "possessive"),
        ("(?=a)b", "'(?' cannot be used"),
        ("(?P<x>a)", "cannot be used"),
        (r"(a)\1", "cannot be used"),
        (r"\bfoo", "cannot be used"),
        ("a^b", "'^' cannot be used"),
        ("((a{99}){99}){9}", "multiply to too much"),
        ("a{4294967296}", "too"),
        ("a" * 401, "400 is the most"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Pattern(pattern)

"""Values are data: what may be filled in, and where it comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadArgs
from knowledge.runbooks.parameters import Kind, Parameter, checked, filled, is_allowed, proposed

ANYTHING = Parameter("x", pattern=r"[\s\S]*")
COUNT = Parameter("n", kind=Kind.INT, least=-2, most=20)
ZONE = Parameter("zone", choices=("eu", "us"), default="eu", source="label:zone")


@pytest.mark.parametrize("value", ["web-1", "10.0.0.7", "v1.2_3", "a:b", "A"])
def test_names_of_things_are_plain(value: str) -> None:
    assert checked(Parameter("x"), value) == value


@pytest.mark.parametrize(
    "value", ["", " a", "a ", "a b", "$(id)", "`id`", "a;b", "a|b", "a'b", 'a"b', "é", "{x}", "*"]
)
def test_nothing_else_is(value: str) -> None:
    with pytest.raises(BadArgs, match="x: "):
        checked(Parameter("x"), value)


@pytest.mark.parametrize(
    "value",
    ["-rf", "--server=evil", "@/etc/passwd", "..", "../x", "a/../b", "a\\..\\b", "a\nb", "a\0b"],
)
def test_no_pattern_lets_these_through(value: str) -> None:
    assert not is_allowed(ANYTHING, value)


@given(st.text(max_size=250))
def test_whatever_is_allowed_is_one_harmless_line(value: str) -> None:
    if is_allowed(ANYTHING, value):
        assert value.isprintable()
        assert 0 < len(value) <= 200
        assert not value.startswith("@")
        assert ".." not in value.split("/")


@pytest.mark.parametrize(
    ("value", "good"), [("3", True), ("-2", True), ("21", False), ("x", False)]
)
def test_numbers_have_bounds(value: str, good: bool) -> None:
    assert is_allowed(COUNT, value) is good


def test_bounds_are_told() -> None:
    with pytest.raises(BadArgs, match=r"n: 21 is out of bounds\. Allowed: at least -2 and at most"):
        checked(COUNT, "21")
    with pytest.raises(BadArgs, match=r"Allowed: one of eu, us\."):
        checked(ZONE, "asia")


def test_given_goes_before_known_and_known_before_the_default() -> None:
    known = {"label:zone": ("us",)}
    assert filled([ZONE], {"zone": "eu"}, known) == {"zone": "eu"}
    assert filled([ZONE], {}, known) == {"zone": "us"}
    assert filled([ZONE], {}, {}) == {"zone": "eu"}


def test_what_an_alert_says_is_checked_like_anything() -> None:
    node = Parameter("node", source="label:node")
    assert proposed(node, {"label:node": ("n1; rm -rf /",)}) == ""
    assert proposed(node, {"label:node": ("n1; rm -rf /", "n2")}) == "n2"
    assert proposed(node, {"label:node": ("n1", "n2")}) == "", "a person must choose"
    with pytest.raises(BadArgs, match="node: it is missing"):
        filled([node], {}, {"label:node": ("$(id)",)})

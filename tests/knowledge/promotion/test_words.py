import math

import pytest

from knowledge.promotion.words import say_gain, say_number


@pytest.mark.parametrize(
    ("gain", "text"),
    [(0.021, "2.1% better"), (-0.004, "0.4% worse"), (0.0, "the same"), (math.inf, "better")],
)
def test_a_gain_in_words(gain: float, text: str) -> None:
    assert say_gain(gain) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123456, "0.1235"), (12.0, "12"), (math.nan, "–"), (-math.inf, "–")]
)
def test_a_number_in_words(value: float, text: str) -> None:
    assert say_number(value) == text

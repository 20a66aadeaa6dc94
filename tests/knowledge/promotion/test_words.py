import math

import pytest

from knowledge.promotion.words import (
    say_gain,
    say_interval,
    say_number,
    say_origin,
    say_seconds,
)


@pytest.mark.parametrize(
    ("gain", "text"),
    [(0.021, "2.1% better"), (-0.004, "0.4% worse"), (0.0, "the same"), (math.inf, "better")],
)
def test_a_gain_in_words(gain: float, text: str) -> None:
    assert say_gain(gain) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (12.0, "12"), (12345.6, "12,346"), (math.nan, "–"), (-math.inf, "–")],
)
def test_a_number_in_words(value: float, text: str) -> None:
    assert say_number(value) == text


@pytest.mark.parametrize(
    ("low", "high", "less", "text"),
    [
        (-3.47, -0.825, True, "better by 0.825 to 3.47"),
        (-3.47, -0.825, False, "worse by 0.825 to 3.47"),
        (-3.47, -0.825, None, "lower by 0.825 to 3.47"),
        (0.1, 0.3, False, "better by 0.1 to 0.3"),
        (-0.2, 0.5, False, "0.2 worse to 0.5 better"),
        (-0.2, 0.5, True, "0.5 worse to 0.2 better"),
        (-0.2, 0.5, None, "0.2 lower to 0.5 higher"),
        (0.0, 0.5, True, "worse by 0 to 0.5"),
        (-1500.0, 20000.0, False, "1,500 worse to 20,000 better"),
        (math.nan, 0.5, False, ""),
    ],
)
def test_an_interval_says_which_side_is_better(
    low: float, high: float, less: bool | None, text: str
) -> None:
    assert say_interval(low, high, less) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5.73, "5.73 s"),
        (150.0, "150 s"),
        (1234.0, "1,234 s"),
        (0.9999, "1 s"),
        (0.012, "12 ms"),
        (0.00008, "80 µs"),
        (0.0, "0 µs"),
    ],
)
def test_a_duration_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert say_seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("dvc 9f8e", "dvc 9f8e"),
        ("eta-model-v5 (c2f9c1ff95ab4e21)", "eta-model-v5"),
        ("c2f9c1ff95ab4e21c2f9c1ff95ab4e21", "c2f9c1ff95ab"),
        ("warehouse.trips.of.all.cities", "warehouse.trips.of.all.…"),
    ],
)
def test_an_origin_is_never_cut_within_brackets(value: str, text: str) -> None:
    assert say_origin(value) == text

import pytest

from knowledge.detection.held import Held


def back_after(held: Held, values: list[float], pattern: float = 0.0) -> int | None:
    """At which point, if at any, the value is said to be back."""
    return next((n for n, value in enumerate(values) if held.back(value, pattern)), None)


def test_the_band_moves_along_with_the_pattern() -> None:
    held = Held()
    held.start(centre=5.0, below=2.0, above=4.0, off=0.0)
    assert held.band(0.0) == (5.0, 3.0, 9.0)
    assert held.band(100.0) == (105.0, 103.0, 109.0)


def test_a_few_points_well_within_the_band_are_back() -> None:
    held = Held()
    held.start(centre=50.0, below=10.0, above=10.0, off=0.0)
    assert back_after(held, [90.0] * 20 + [52.0, 47.0, 50.0, 51.0, 49.0]) == 24


@pytest.mark.parametrize("value", [58.0, 42.0, 300.0])
def test_the_edge_of_the_band_is_not_back(value: float) -> None:
    held = Held()
    held.start(centre=50.0, below=10.0, above=10.0, off=0.0)
    assert back_after(held, [value] * 50) is None


def test_a_shifted_mean_is_not_back_though_its_points_are_in_the_band() -> None:
    held = Held()
    held.start(centre=50.0, below=10.0, above=10.0, off=3.0)
    assert back_after(held, [53.0] * 50) is None
    found = back_after(held, [50.0] * 20)
    assert found is not None
    assert found < 12

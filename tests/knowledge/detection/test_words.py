import pytest

from knowledge.detection.views import View
from knowledge.detection.words import numbers, why


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((154.9, 233.9), ["155", "234"]),
        ((74.96, 73.17), ["75", "73.2"]),
        ((0.012345, 0.0), ["0.0123", "0"]),
        ((194_438_000.0, 0.0), ["194,000,000", "0"]),
        ((1234.0, 1230.0), ["1,234", "1,230"]),
        ((45.0, 45.0), ["45", "45"]),
        ((-12_345.0, 3e-7), ["-12,300", "3e-07"]),
    ],
)
def test_three_figures_or_what_tells_them_apart(values: tuple[float, ...], said: list[str]) -> None:
    assert numbers(*values) == said


@pytest.mark.parametrize(
    ("times", "said"),
    [(2.34, "2.3 times"), (219.7, "220 times"), (5000.0, "over 1,000 times")],
)
def test_how_many_times_is_said_in_round_figures(times: float, said: str) -> None:
    sentence = why(
        View.JUMP,
        154.9,
        233.9,
        0.0,
        up=False,
        seasonal=True,
        times=times,
        same=0.0,
        mode=0.0,
        step=0.0,
    )
    assert sentence == f"Fell to 155 from about 234: {said} the usual change at this time of day."

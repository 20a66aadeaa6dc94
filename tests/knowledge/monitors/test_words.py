import pytest

from knowledge.monitors import MetricMonitor, say_normal
from knowledge.monitors.words import fill, say_labels


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"above": 1.5}, "at most 1.5"),
        ({"above": 1.5, "recover": 1.2}, "at most 1.5, back at 1.2"),
        ({"below": 20}, "at least 20"),
        ({"normal": "auto"}, "as it usually is"),
        ({"normal": "auto", "side": "above", "sure": 0.8},
         "as it usually is, or below, told from a score of 0.8"),
        ({"normal": "seasonal", "side": "below"}, "as usual at that hour, or above"),
        ({"normal": "novelty"}, "like values seen before"),
        ({"normal": "level shift"}, "at the level it had"),
        ({"normal": "rate of change", "above": 5, "below": -50, "percent": True},
         "changing by at least -50 % and at most 5 % within 10 min"),
        ({"normal": "forecast", "below": 10}, "staying at least 10 for the next 6 h"),
        ({"normal": "silence"}, "giving data at least every 5 min"),
    ],
)  # fmt: skip
def test_what_is_normal(fields: dict[str, object], said: str) -> None:
    assert say_normal(MetricMonitor.model_validate({"name": "m", "query": "q", **fields})) == said


def test_labels_that_are_said_elsewhere_are_left_out() -> None:
    assert say_labels({"service": "shop", "__name__": "up"}) == ""
    assert say_labels({"pod": "a", "job": "shop", "az": "1"}) == "az=1, pod=a"
    assert say_labels(dict.fromkeys("abcde", "1")) == "a=1, b=1, c=1 and 2 more"


def test_what_is_filled_in_is_never_a_template() -> None:
    assert fill("{a} {b} {c}", {"a": "{b}", "b": "2"}) == "{b} 2 {c}"

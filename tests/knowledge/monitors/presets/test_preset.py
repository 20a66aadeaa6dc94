from knowledge.monitors.presets import PresetMetric
from knowledge.monitors.presets.preset import fill


def test_only_known_blanks_are_filled_and_other_braces_stay() -> None:
    assert fill("up{{selector}} > {x} # {y}", {"selector": 'a="b"', "x": "1"}) == (
        'up{a="b"} > 1 # {y}'
    )


def test_an_empty_blank_takes_the_comma_or_the_braces_around_it_along() -> None:
    assert fill('up{code="500",{selector}}', {"selector": ""}) == 'up{code="500"}'
    assert fill("rate(up{{selector}}[5m])", {"selector": ""}) == "rate(up[5m])"


def test_what_is_filled_in_is_no_blank_itself() -> None:
    assert fill("{a} {b}", {"a": "{b}", "b": "2"}) == "{b} 2"


def test_the_braces_of_a_summary_are_labels() -> None:
    metric = PresetMetric(
        "m", "because", {"query": "up{{selector}}", "above": 0, "summary": "{model} is {value}"}
    )
    assert metric.filled({"selector": "", "model": "fraud"}) == {
        "query": "up",
        "above": 0,
        "summary": "{model} is {value}",
    }

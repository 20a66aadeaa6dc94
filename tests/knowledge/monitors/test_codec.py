import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from knowledge.monitors import MonitorState, dump_state, load_state, trace

Make = Callable[..., Any]

KINDS = [
    {"above": 100},
    {"normal": "auto"},
    {"normal": "seasonal"},
    {"normal": "novelty"},
    {"normal": "level shift"},
    {"normal": "rate of change", "above": 50},
    {"normal": "forecast", "above": 200, "within": "1h"},
    {"normal": "silence"},
]


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: str(fields.get("normal", "limit")))
def test_a_restart_at_any_moment_changes_nothing(polled: Make, fields: dict[str, object]) -> None:
    rng = np.random.default_rng(4)
    values = [*(50 + rng.normal(0, 1, 400)), *[160.0] * 30, *(50 + rng.normal(0, 1, 60))]
    through, broken = polled(**fields), polled(**fields)
    through(values)
    for start in range(0, len(values), 45):
        broken(values[start : start + 45])
        read = load_state(dump_state(broken.state), "metric:m")
        assert read is not None
        broken.state = read
    assert broken.told == through.told
    (key,) = through.state.series
    was, now = trace(through.state, key), trace(broken.state, key)
    assert was is not None
    assert now is not None
    assert now.values.tolist() == was.values.tolist()
    assert now.scores.tolist() == was.scores.tolist()


def test_an_episode_lasts_over_a_restart(polled: Make) -> None:
    one = polled(above=100, summary="{value} in {pod}")
    (firing,) = one([{"a": 1.0, "b": 150.0}] * 3)
    read = load_state(dump_state(one.state), "metric:m")
    assert read is not None
    one.state = read
    (resolved,) = one([{"a": 1.0, "b": 1.0}] * 10)
    assert resolved == replace(firing, ends_at=resolved.ends_at, received_at=resolved.received_at)


def test_what_models_keep_is_kept_too() -> None:
    state = MonitorState(
        drifted=(True, False), rows=(5, 6), votes={"drift": (True, True)}, version="7"
    )
    assert load_state(dump_state(state), "model:fraud") == state


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda dumped: b"TMS9" + dumped[4:], "of another version"),
        (lambda dumped: b"", "of another version"),
        (lambda dumped: dumped[:40], "damaged"),
        (lambda dumped: dumped[:-3], "damaged"),
        (lambda dumped: dumped[:8] + b"x" * 200, "damaged"),
    ],
)
def test_what_cannot_be_read_starts_anew_with_a_line_in_the_log(
    polled: Make,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
    said: str,
) -> None:
    one = polled(above=1)
    one([1.0] * 5)
    with caplog.at_level(logging.WARNING):
        assert load_state(damage(dump_state(one.state)), "metric:m") is None
    assert said in caplog.text


def test_what_was_learned_of_another_question_is_forgotten(polled: Make) -> None:
    one = polled(normal="auto")
    one([5.0] * 100)
    one.tune(query="other")
    one([5.0])
    (followed,) = one.state.series.values()
    assert len(followed.ring) == 1


def test_a_state_is_small(polled: Make) -> None:
    one = polled(normal="auto")
    values = np.random.default_rng(1).normal(0, 1, (600, 10))
    one([{str(pod): float(v) for pod, v in enumerate(row)} for row in values])
    assert len(dump_state(one.state)) / 10 < 20_000

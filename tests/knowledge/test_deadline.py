"""Waiting has an end."""

import threading

import pytest

from knowledge.deadline import within
from knowledge.errors import Unavailable


def test_what_it_returns_and_raises_passes_through() -> None:
    assert within(5, lambda: 3, "x") == 3
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0, "x")


def test_none_is_an_answer() -> None:
    assert within(5, lambda: None, "x") is None


def test_what_does_not_end_is_left() -> None:
    release = threading.Event()
    with pytest.raises(Unavailable, match="the clock: no answer"):
        within(0.05, lambda: release.wait(30), "the clock")
    release.set()

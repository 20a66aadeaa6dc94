"""Statements that were not written before."""

import pytest

from knowledge.causes.case import LogCount, Logs
from knowledge.causes.logs import louder


def logs(*rows: tuple[str, str, str, int], minutes: float = 1.0) -> Logs:
    return Logs(minutes, tuple(LogCount(*row) for row in rows))


def test_a_new_error_is_surprising_and_a_usual_one_is_not() -> None:
    calm = logs(("pay", "info", "paid <*>", 100), ("pay", "error", "card declined", 40))
    now = logs(
        ("pay", "info", "paid <*>", 100),
        ("pay", "error", "card declined", 45),
        ("pay", "error", "connection refused", 30),
    )
    (found,) = louder(now, calm)["pay"]
    assert (found.template, found.expected, found.grave) == ("connection refused", 0, True)
    assert found.bits > 3


def test_more_requests_write_more_lines() -> None:
    calm = logs(("pay", "info", "paid <*>", 100), ("pay", "info", "charged <*>", 100))
    now = logs(("pay", "info", "paid <*>", 900), ("pay", "info", "charged <*>", 900))
    assert louder(now, calm) == {}


def test_stretches_of_different_length_are_compared_by_the_minute() -> None:
    calm = logs(("pay", "error", "declined", 100), minutes=10)
    assert louder(logs(("pay", "error", "declined", 30), minutes=3), calm) == {}


def test_without_calm_times_only_errors_count_and_less() -> None:
    now = logs(("pay", "info", "paid <*>", 900), ("pay", "error", "connection refused", 30))
    (found,) = louder(now, None)["pay"]
    assert found.template == "connection refused"
    assert 0 < found.bits < louder(now, logs(("pay", "info", "paid <*>", 900)))["pay"][0].bits


@pytest.mark.parametrize(
    ("level", "text", "grave"),
    [
        ("error", "anything", True),
        ("info", "an error that somebody logs as information", False),
        ("", "java.lang.NullPointerException at <*>", True),
        ("", "started", False),
    ],
)
def test_what_is_grave(level: str, text: str, grave: bool) -> None:
    calm = logs(("pay", "info", "paid <*>", 100))
    now = logs(("pay", "info", "paid <*>", 100), ("pay", level, text, 50))
    assert louder(now, calm)["pay"][0].grave is grave

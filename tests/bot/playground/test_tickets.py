import pytest

from bot.playground.errors import Refused
from bot.playground.tickets import Tickets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_trigger_is_for_three_seconds_and_one_use() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    first, second = tickets.trigger("U1"), tickets.trigger("U1", "V1")
    clock.now = 3.0
    assert tickets.take_trigger(first).user == "U1"
    with pytest.raises(Refused, match="exchanged_trigger_id"):
        tickets.take_trigger(first)
    clock.now = 3.1
    with pytest.raises(Refused, match="expired_trigger_id"):
        tickets.take_trigger(second)


def test_a_response_url_is_for_thirty_minutes_and_five_uses() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    one, other = tickets.response_url("U1", "C1"), tickets.response_url("U1", "C1", "1.0")
    for _ in range(5):
        assert tickets.take_response_url(one).channel == "C1"
    with pytest.raises(Refused, match="used_url"):
        tickets.take_response_url(one)
    clock.now = 1800.1
    with pytest.raises(Refused, match="expired_url"):
        tickets.take_response_url(other)
    with pytest.raises(Refused, match="no_such_url"):
        tickets.take_response_url("made up")

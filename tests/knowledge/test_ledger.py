"""Limits stop before the bill, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from knowledge.adapters.memory.operations import MemoryUses
from knowledge.errors import BadArgs, Unavailable
from knowledge.ledger import DAY, StoreLedger, estimate, read_limit, say_limit, start_of_day
from knowledge.on_behalf import on_behalf
from knowledge.records import Limit, Limits, Prices
from skills.testing import NOON

PRICES = Prices(1.0, 4.0, "EUR")


class World:
    """A ledger, its store, and a clock that can be turned."""

    def __init__(self, **limits: Limit) -> None:
        self.now: datetime = NOON
        self.uses = MemoryUses()
        self.ledger = StoreLedger(self.uses, lambda: self.now, PRICES, Limits(**limits))

    def spend(self, tokens_in: int, tokens_out: int) -> None:
        with self.ledger.answer("m", "route@1", tokens_in, tokens_out) as spent:
            spent.took(tokens_in, tokens_out)


def test_an_answer_is_booked_with_who_what_and_how_much() -> None:
    world = World()
    with (
        on_behalf(user="U1", team="shop", turn="T9", purpose="investigate"),
        world.ledger.answer("m", "investigate@1", 9000, 900) as spent,
    ):
        spent.took(1000, 250)
    (use,) = world.uses.find(NOON, NOON + DAY)
    assert (use.model, use.prompt, use.purpose) == ("m", "investigate@1", "investigate")
    assert (use.user, use.team, use.turn, use.outcome) == ("U1", "shop", "T9", "ok")
    assert (use.tokens_in, use.tokens_out, use.cost) == (1000, 250, pytest.approx(0.002))


def test_a_call_that_fails_is_booked_as_failed_and_gives_back_what_was_set_aside() -> None:
    world = World(everyone=Limit(tokens=1000))
    with pytest.raises(Unavailable, match="gone"), world.ledger.answer("m", "", 900, 100):
        raise Unavailable("the language model", "gone")
    assert [use.outcome for use in world.uses.find(NOON, NOON + DAY)] == ["failed"]
    world.spend(900, 100)


@pytest.mark.parametrize(
    "limit", [Limit(tokens=1500), Limit(cost=0.0015), Limit(cost=9, tokens=1500)]
)
def test_over_the_limit_nothing_is_sent(limit: Limit) -> None:
    world = World(everyone=limit)
    world.spend(1000, 0)
    with pytest.raises(Unavailable, match="open again at 00:00 UTC, in 12 h") as refused:
        world.spend(1000, 0)
    assert not refused.value.retry
    assert len(world.uses.find(NOON, NOON + DAY)) == 1


def test_a_new_day_opens_it_again() -> None:
    world = World(everyone=Limit(tokens=1000))
    world.spend(1000, 0)
    world.now = start_of_day(NOON) + DAY
    world.spend(1000, 0)
    assert world.ledger.allowances()[0].tokens == 1000


def test_calls_at_the_same_time_cannot_pass_it_together() -> None:
    world = World(everyone=Limit(tokens=1000))
    together = Barrier(20)

    def ask(_: int) -> bool:
        together.wait()
        try:
            world.spend(80, 20)
        except Unavailable:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        passed = sum(pool.map(ask, range(20)))
    assert passed == 10
    assert world.ledger.allowances()[0].tokens == 1000


def test_what_runs_counts_with_the_most_it_may_take() -> None:
    world = World(everyone=Limit(tokens=1000))
    with world.ledger.answer("m", "", 600, 300) as spent:
        with pytest.raises(Unavailable):
            world.spend(101, 0)
        spent.took(10, 10)
    world.spend(900, 80)


def test_each_person_and_each_team_has_a_limit_of_its_own() -> None:
    world = World(user=Limit(tokens=100), team=Limit(tokens=150))
    with on_behalf(user="U1", team="shop"):
        world.spend(100, 0)
        with pytest.raises(Unavailable, match="of each person"):
            world.spend(1, 0)
    with on_behalf(user="U2", team="shop"):
        with pytest.raises(Unavailable, match="of shop"):
            world.spend(60, 0)
        world.spend(50, 0)
    world.spend(10_000, 0)


def test_allowances_tell_how_much_is_left() -> None:
    world = World(everyone=Limit(cost=1.0), user=Limit(tokens=4000))
    with on_behalf(user="U1"):
        world.spend(1000, 0)
    everyone, mine = world.ledger.allowances(user="U1", team="shop")
    assert (everyone.whose, everyone.share) == ("everyone", pytest.approx(0.001))
    assert (mine.whose, mine.tokens, mine.share) == ("U1", 1000, 0.25)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", Limit()),
        ("5", Limit(cost=5)),
        ("0.5, 200k tokens", Limit(cost=0.5, tokens=200_000)),
        ("2M tokens", Limit(tokens=2_000_000)),
        ("0", Limit(cost=0)),
    ],
)
def test_limits_are_read(text: str, limit: Limit) -> None:
    assert read_limit("TANDEM_LLM_DAILY_LIMIT", text) == limit


@pytest.mark.parametrize("text", ["five", "5 EUR", "200k", "-1", "5; 6", "9" * 400])
def test_what_is_no_limit_is_said_by_the_name_of_the_setting(text: str) -> None:
    with pytest.raises(BadArgs, match="TANDEM_LLM_DAILY_LIMIT"):
        read_limit("TANDEM_LLM_DAILY_LIMIT", text)


def test_a_limit_of_nothing_closes_the_model() -> None:
    with pytest.raises(Unavailable):
        World(everyone=Limit(cost=0)).spend(1, 0)


def test_words() -> None:
    assert say_limit(Limit(5, 200_000), PRICES) == "5.00 EUR and 200,000 tokens"
    assert start_of_day(NOON + timedelta(hours=11)) == NOON - timedelta(hours=12)


def test_an_estimate_is_above_what_english_takes() -> None:
    assert estimate(["checkout fails since 10:02"]) == 29

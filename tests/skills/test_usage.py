"""What the language model cost, in figures and words."""

from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.llm import ScriptedLLM
from knowledge.adapters.memory.operations import MemoryUses
from knowledge.ledger import StoreLedger
from knowledge.records import Limit, Limits, Prices, Use
from skills.contract import BadArgs, Reply, Tone
from skills.testing import NOON, context
from skills.usage import Args, run

EUR = Prices(1, 4, "EUR")


def use(days: int, purpose: str = "route", tokens: int = 1000, **given: Any) -> Use:
    cost = given.pop("cost", 0.01)
    prompt = f"{purpose}@1"
    at = NOON - timedelta(days=days, minutes=5)
    return Use(at, "m", purpose, prompt, tokens_in=tokens, tokens_out=100, cost=cost, **given)


def ask(
    *uses: Use, prices: Prices = EUR, window: str = "7d", llm: bool = True, **limits: Limit
) -> Reply:
    stored = MemoryUses()
    for each in uses:
        stored.add(each)
    ledger = StoreLedger(stored, lambda: NOON, prices, Limits(**limits))
    ctx = context(uses=stored, ledger=ledger, llm=ScriptedLLM() if llm else None)
    return run(ctx, Args.model_validate({"window": window}))


def lines(reply: Reply, heading: str) -> list[str]:
    return [line.text for s in reply.sections if s.heading.startswith(heading) for line in s.lines]


def test_it_adds_up_by_skill_team_model_and_prompt() -> None:
    reply = ask(use(0), use(1), use(1, "investigate", 9000, team="shop", cost=0.5))
    assert reply.title == "Language model: 0.52 EUR, 11,300 tokens in 7 d"
    assert reply.fields["Per answer"] == "0.17 EUR"
    assert reply.table is not None
    assert reply.table.rows == (
        ("investigate", "1", "9,000", "100", "0.50 EUR"),
        ("route", "2", "2,000", "200", "0.0200 EUR"),
    )
    assert lines(reply, "By team") == [
        "shop: 1 answers, 9,100 tokens, 0.50 EUR",
        "no team: 2 answers, 2,200 tokens, 0.0200 EUR",
    ]
    assert lines(reply, "By prompt")[0].startswith("investigate@1: 1 answers")


def test_only_the_window_counts() -> None:
    assert ask(use(0), use(9)).fields["Answers"] == "1"


def test_more_than_a_day_has_a_picture_told_in_words() -> None:
    assert ask(use(0)).pictures == ()
    (picture,) = ask(use(0), use(1, tokens=5000)).pictures
    assert picture.png.startswith(b"\x89PNG")
    assert picture.alt == "Tokens per day over 2 days; most on 2026-03-04, 5,100."


def test_without_prices_no_cost_is_shown() -> None:
    reply = ask(use(0, cost=0.0), prices=Prices())
    assert reply.title == "Language model: 1,100 tokens in 7 d"
    assert reply.table is not None
    assert "Cost" not in reply.table.header
    assert "no prices are set" in reply.footer


def test_limits_say_what_is_left_and_warn_when_little_is() -> None:
    reply = ask(
        use(0, user="U1", team="shop", cost=4.5),
        everyone=Limit(cost=5),
        user=Limit(tokens=1000),
        team=Limit(cost=9, tokens=10_000),
    )
    assert lines(reply, "Limits of today (anew at 00:00 UTC, in 12 h)") == [
        "Everyone: 0.50 EUR of 5.00 EUR left",
        "U1: 0 of 1,000 tokens left; used up",
        "shop: 4.50 EUR of 9.00 EUR left, 8,900 of 10,000 tokens left",
    ]
    assert reply.tone is Tone.WARNING


@pytest.mark.parametrize(("llm", "text"), [(True, ""), (False, "OPENAI_MODEL switches it on")])
def test_nothing_used_is_said(llm: bool, text: str) -> None:
    reply = ask(llm=llm)
    assert reply.title == "The language model was not used in 7 d"
    assert text in reply.text


def test_a_window_without_end_is_refused() -> None:
    with pytest.raises(BadArgs, match="between a minute and a year"):
        ask(window="900d")

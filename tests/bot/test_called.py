import pytest

from bot.called import reachable
from knowledge.errors import NotFound, Unavailable
from skills.contract import Reply


def ids(handle: str) -> str:
    if handle == "@down":
        raise Unavailable("slack", "no answer")
    if handle != "@ml":
        raise NotFound.among("group", handle, ["@ml"])
    return "S0ML"


@pytest.mark.parametrize(
    ("called", "reached"),
    [("@ml", "S0ML"), ("@mll", "@mll"), ("@down", "@down"), ("U1", "U1"), ("S0OLD1", "S0OLD1")],
    ids=["handle", "unknown", "slack is away", "person", "id"],
)
def test_only_known_handles_become_ids(called: str, reached: str) -> None:
    assert reachable(Reply("Look", calls=(called,)), ids).calls == (reached,)


def test_nobody_is_asked_about_a_card_that_calls_no_group() -> None:
    card = Reply("Look", calls=("U1",))
    assert reachable(card, {}.__getitem__) is card

"""A request from its click to its card: the service, the outbox and the courier in memory."""

from datetime import timedelta

import pytest

from bot.courier import Courier
from bot.request_cards import RequestCards
from bot.testing import MemoryMessenger, Shown
from knowledge.promotion import DEFAULT_POLICY, Policy
from skills.testing import NOON
from tests.skills.asking import GRACE, JOAN, World


class Sent:
    """A world whose outbox is sent, one round a second."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self.world = World(policy=policy)
        self.chat = MemoryMessenger()
        self.cards = RequestCards(
            self.world.store.approvals,
            self.world.promoting,
            "#incidents",
            self.chat.person,
            {"@ml": "S0ML", "@risk": "S0RISK", "@gone": "S0GONE"}.__getitem__,
        )
        self.courier = Courier(self.world.store.outbox, self.chat, (self.cards.subjects,), NOON)

    def send(self) -> list[Shown]:
        for _ in range(5):
            self.world.at += timedelta(seconds=2)
            self.courier.work(self.world.at)
        return self.chat.shown


def test_a_request_is_one_card_in_the_channel_where_it_was_asked() -> None:
    sent = Sent()
    sent.world.ask(channel="C1")
    (card,) = sent.send()
    assert (card.channel, card.key, card.edits) == ("C1", "request:APR-1", 0)
    assert card.reply.title == "Promote eta-model v5?"
    assert [picture.title for picture in card.reply.pictures] == ["v5 against v3"]


def test_a_decision_edits_the_card_and_is_told_in_its_thread() -> None:
    sent = Sent()
    sent.world.ask(channel="C1")
    (card,) = sent.send()
    sent.world.press(card.reply, "Approve", JOAN)
    shown, told = sent.send()
    assert shown.ts == card.ts
    assert shown.reply.title == "eta-model v5: approved"
    assert told.thread == card.ts
    lines = [line.text for line in told.reply.sections[0].lines]
    assert "asked to move the champion of eta-model from v3 to v5" in lines[0]
    assert lines[-1].endswith("champion of eta-model moved from v3 to v5")


def test_a_card_drawn_before_a_vote_never_stands_over_it() -> None:
    """The vote comes while the card is on its way to the chat."""
    sent = Sent()
    reply = sent.world.ask()
    pressed: list[str] = []

    def meanwhile(method: str) -> None:
        if method == "post" and not pressed:
            pressed.append(method)
            sent.world.press(reply, "Reject", JOAN, "not today")

    sent.chat.before = meanwhile
    assert sent.send()[0].reply.title == "eta-model v5: rejected"


@pytest.mark.parametrize("asked_in", ["D9", "C-private"], ids=["alone", "not a member"])
def test_where_others_cannot_see_it_or_the_bot_cannot_post_the_team_gets_it(asked_in: str) -> None:
    sent = Sent()
    sent.world.ask(channel=asked_in)
    assert [card.channel for card in sent.send()] == ["#incidents"]


def test_a_picture_is_drawn_once_for_the_same_evidence() -> None:
    sent = Sent()
    sent.world.ask()
    first, again = (sent.cards.card(sent.world.only()) for _ in range(2))
    assert first.pictures[0] is again.pictures[0]


RISK = Policy(approvers=("@ml",), sign_offs={"risk": ("@risk",)})


def test_a_group_is_called_by_its_id_while_the_request_waits() -> None:
    sent = Sent(Policy(approvers=("@ml", "U2")))
    sent.world.ask(channel="C1")
    (card,) = sent.send()
    assert card.reply.calls == ("S0ML", "U2")
    sent.world.press(card.reply, "Approve", JOAN)
    assert sent.send()[0].reply.calls == ()


def test_a_quorum_without_a_sign_off_says_what_it_waits_for() -> None:
    sent = Sent(RISK)
    sent.world.ask(channel="C1")
    (card,) = sent.send()
    sent.world.press(card.reply, "Approve", GRACE)
    card = sent.send()[0]
    assert card.reply.fields["Approvals"] == "1 of 1: grace 12:00; risk's sign-off is missing"
    assert "approve" in {b.call.skill for b in card.reply.buttons if b.call}


def test_a_group_that_cannot_be_asked_is_said_and_hinders_no_card() -> None:
    sent = Sent(Policy(approvers=("@gone",)))
    sent.world.ask(channel="C1")
    (card,) = sent.send()
    said = card.reply.fields["Approvals"]
    assert said.startswith("0 of 1; who may approve could not be checked: @gone could not be asked")

"""A handover from its offer to its answer: store, outbox and courier in memory."""

from datetime import timedelta

from bot.courier import Courier
from bot.handover_cards import HandoverCards
from bot.testing import MemoryMessenger, Shown
from knowledge.handovers import KIND, accept
from knowledge.oncall import OnCall
from knowledge.oncall.policy import Aim, Level, Policy, Target
from knowledge.oncall.roster import Assignment
from knowledge.records import Handover
from skills.contract import Call
from skills.testing import NOON
from tests.skills.side_world import CATALOGUE, SideWorld

CHANNEL = Policy("data", (Level(timedelta(), (Target(Aim.CHANNEL, "C1"),)),))
ONCALL = OnCall(policies={"data": CHANNEL}, teams={"data": Assignment("", "data")})


class Sent:
    """One offer whose outbox is sent, a round every two seconds."""

    def __init__(self, oncall: OnCall | None = None) -> None:
        self.store = SideWorld().store
        self.chat = MemoryMessenger()
        self.world = SideWorld(store=self.store)
        self.world.incident()
        offer = Handover(
            "", "INC-1", "ml-platform", "data", NOON, "U1", "Probably the store.\nNote"
        )
        self.store.handovers.open(offer, tell=(KIND,))
        cards = HandoverCards(
            self.store.handovers,
            self.store.incidents,
            "#incidents",
            self.chat.person,
            lambda: NOON,
            CATALOGUE,
            oncall or OnCall(),
        )
        self.courier = Courier(self.store.outbox, self.chat, (cards.subjects,), NOON)
        self.at = NOON

    def send(self) -> Shown:
        for _ in range(5):
            self.at += timedelta(seconds=2)
            self.courier.work(self.at)
        return next(s for s in self.chat.shown if s.key == "handover:HND-1")


def test_the_other_team_gets_a_card_with_what_is_known() -> None:
    shown = Sent().send()
    assert shown.channel == "#incidents"
    assert shown.reply.title == "INC-1 for data: will you take it?"
    assert [line.text for line in shown.reply.sections[0].lines] == ["Probably the store.", "Note"]
    assert shown.reply.fields["Held so far"] == "ml-platform 1 h"
    calls = [b.call for b in shown.reply.buttons[:2]]
    assert calls == [
        Call("handover_answer", {"handover": "HND-1", "answer": "accept"}),
        Call("handover_answer", {"handover": "HND-1", "answer": "return"}),
    ]


def test_it_goes_to_the_channel_of_the_team_where_that_is_known() -> None:
    assert Sent(ONCALL).send().channel == "C1"


def test_the_answer_edits_the_card_and_takes_its_buttons() -> None:
    sent = Sent()
    sent.send()
    step = accept("U2", NOON + timedelta(minutes=3))
    sent.store.handovers.change("HND-1", step, tell=(KIND,))
    sent.at += timedelta(minutes=3)
    shown = sent.send()
    assert shown.edits == 1
    assert shown.reply.title == "INC-1 is with data"
    assert shown.reply.fields["Answered"] == "accepted by ben at 12:03, after 3 min"
    assert [b.label for b in shown.reply.buttons] == ["Show INC-1", "Catch me up"]

"""What is said of outages: once each, and of a data source in one message that is edited."""

from datetime import timedelta

import pytest

from bot.courier import Courier
from bot.testing import MemoryMessenger
from bot.upkeep.outage import Over
from bot.upkeep.outage_notes import AWAY, BLIND, OutageNotes, put_away, put_blind
from knowledge.adapters.memory.store import MemoryOutbox
from knowledge.errors import Unavailable
from skills.testing import NOON

CHANNEL = "#incidents"
TEN = timedelta(minutes=10)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def chat() -> MemoryMessenger:
    return MemoryMessenger()


def courier(outbox: MemoryOutbox, chat: MemoryMessenger) -> Courier:
    """A run of the bot."""
    notes = OutageNotes(outbox, chat, CHANNEL)
    others = {AWAY: notes.away, BLIND: notes.blind}
    return Courier(outbox, chat, (), NOON, others=others)


def test_that_slack_was_away_is_said_once_with_what_it_means(
    outbox: MemoryOutbox, chat: MemoryMessenger
) -> None:
    put_away(outbox, Over(NOON, NOON + TEN, 14))
    courier(outbox, chat).work(NOON + TEN)
    put_away(outbox, Over(NOON, NOON + TEN, 14))
    courier(outbox, chat).work(NOON + TEN)
    (said,) = chat.shown
    assert said.reply.title == "Slack did not take 14 messages for 10 min"
    assert "From 12:00 to 12:10 UTC" in said.reply.text
    assert "press again" in said.reply.text


def test_a_note_that_was_posted_before_a_crash_is_not_posted_again(
    outbox: MemoryOutbox, chat: MemoryMessenger
) -> None:
    def crash(method: str) -> None:
        if method == "edit":
            raise Unavailable("slack", "down")

    put_away(outbox, Over(NOON, NOON + TEN, 1))
    courier(outbox, chat).work(NOON + TEN)
    outbox.forget_posted(f"{AWAY}:{NOON.isoformat()}")
    put_away(outbox, Over(NOON, NOON + TEN, 1))
    chat.before = crash
    courier(outbox, chat).work(NOON + TEN)
    assert len(chat.shown) == 1


def test_a_source_that_is_away_is_one_message_that_says_later_that_it_is_back(
    outbox: MemoryOutbox, chat: MemoryMessenger
) -> None:
    put_blind(outbox, "prometheus", NOON, 14, NOON + TEN, back=False)
    courier(outbox, chat).work(NOON + TEN)
    (said,) = chat.shown
    assert said.reply.title == "Prometheus has not answered since 12:00 UTC"
    assert "14 monitors" in said.reply.text
    put_blind(outbox, "prometheus", NOON, 14, NOON + 2 * TEN, back=True)
    courier(outbox, chat).work(NOON + 2 * TEN)
    (said,) = chat.shown
    assert said.reply.title == "Prometheus answers again after 20 min"
    assert said.edits == 1

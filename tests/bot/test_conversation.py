"""What was said is remembered for the person and the place, and for a while."""

from datetime import datetime, timedelta

from bot.ask import Ask, Place, Way
from bot.conversation import MOST, REMEMBERED, Conversations
from bot.follow_up import Said
from knowledge.adapters.memory.shared import MemoryMemos
from knowledge.errors import Unavailable
from skills.contract import Call
from skills.testing import NOON

FIRST, SECOND = Said(Call("help", {})), Said(Call("stats", {}))


def ask(user: str = "U1", thread: str = "", way: Way = Way.MENTION, channel: str = "C1") -> Ask:
    return Ask("1", user, way, Place(channel, thread))


def test_a_thread_has_its_own_talk_and_the_channel_the_latest() -> None:
    talk = Conversations()
    talk.keep(ask(thread="1.0"), FIRST, NOON)
    talk.keep(ask(thread="2.0"), SECOND, NOON)
    assert talk.last(ask(thread="1.0"), NOON) == FIRST
    assert talk.last(ask(thread="3.0"), NOON) == SECOND
    assert talk.last(ask(), NOON) == SECOND
    assert talk.last(ask(thread="3.0", way=Way.THREAD), NOON) is None


def test_nobody_hears_of_the_talk_of_others_or_of_other_places() -> None:
    talk = Conversations()
    talk.keep(ask(), FIRST, NOON)
    assert talk.last(ask(user="U2"), NOON) is None
    assert talk.last(ask(channel="C2"), NOON) is None


def test_it_is_forgotten_after_a_while_and_when_there_are_many() -> None:
    talk = Conversations()
    talk.keep(ask(), FIRST, NOON)
    assert talk.last(ask(), NOON + REMEMBERED) == FIRST
    assert talk.last(ask(), NOON + REMEMBERED + timedelta(seconds=1)) is None
    for number in range(MOST):
        talk.keep(ask(user=f"V{number}"), SECOND, NOON)
    assert talk.last(ask(), NOON) is None


def test_another_replica_and_the_bot_after_a_restart_know_it() -> None:
    memos = MemoryMemos()
    what = Said(Call("model_drift", {"model": "fraud", "hours": 24}), (("model", "fraud"),))
    Conversations(memos).keep(ask(thread="1.0"), what, NOON)
    assert Conversations(memos).last(ask(thread="1.0"), NOON) == what


def test_what_is_too_long_is_not_kept() -> None:
    talk = Conversations()
    talk.keep(ask(), Said(Call("similar_incidents", {"text": "x" * 20_000})), NOON)
    assert talk.last(ask(), NOON) is None


def test_without_the_store_a_question_is_taken_for_itself() -> None:
    class Away(MemoryMemos):
        def put(self, key: str, text: str, until: datetime) -> None:
            raise Unavailable("the database", "gone")

        def get(self, key: str, now: datetime) -> str | None:
            raise Unavailable("the database", "gone")

    talk = Conversations(Away())
    talk.keep(ask(), FIRST, NOON)
    assert talk.last(ask(), NOON) is None

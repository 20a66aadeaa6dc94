"""What was said is remembered for the person and the place, and for a while."""

from datetime import timedelta

from bot.ask import Ask, Place, Way
from bot.conversation import MOST, REMEMBERED, Conversations
from bot.follow_up import Said
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

"""Where a reply goes, by each way of asking."""

import threading
from dataclasses import replace

import pytest

from bot.answer import WORKING, Answer
from bot.ask import Ask, Place, Way, Window
from bot.ports import Gone
from bot.testing import MemoryMessenger, Opened, Shown
from knowledge.errors import Unavailable
from skills.contract import Attachment, Audience, Reply

REPLY = Reply("done")
MINE = Reply("done", audience=Audience.ASKER)
INSTEAD = Reply("done", replace=True)
WRONG = Reply("wrong")


def ask(way: Way, **place: object) -> Ask:
    place = {"channel": "C1", "response_url": "r", **place}
    return Ask("1", "U1", way, Place(**place))  # type: ignore[arg-type]


def shown(chat: MemoryMessenger) -> Shown:
    (only,) = chat.shown
    return only


# Commands


def test_a_command_answers_its_asker_alone() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.COMMAND)).show(REPLY, public=False)
    assert (shown(chat).reply, shown(chat).only_for) == (REPLY, "asker")


def test_a_public_command_is_posted_in_the_channel() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.COMMAND)).show(REPLY, public=True)
    assert (shown(chat).channel, shown(chat).only_for, shown(chat).key) == ("C1", "", "")


def test_a_public_command_with_a_private_reply_stays_private() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.COMMAND)).show(MINE, public=True)
    assert shown(chat).only_for == "asker"


def test_where_the_bot_is_no_member_the_response_address_is_used() -> None:
    chat = MemoryMessenger(channels=frozenset())
    Answer(chat, ask(Way.COMMAND)).show(REPLY, public=True)
    assert (shown(chat).key, shown(chat).only_for) == ("r", "")


def test_the_error_of_a_public_command_is_private() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.COMMAND)).fail(WRONG)
    assert (shown(chat).reply, shown(chat).only_for) == (WRONG, "asker")


# Messages


@pytest.mark.parametrize("way", [Way.MENTION, Way.THREAD])
def test_a_message_is_answered_in_its_thread(way: Way) -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(way, thread="5.0")).show(REPLY, public=False)
    assert (shown(chat).thread, shown(chat).only_for) == ("5.0", "")


def test_a_reply_for_the_asker_alone_is_whispered() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.MENTION, thread="5.0")).show(MINE, public=False)
    assert (shown(chat).thread, shown(chat).only_for) == ("5.0", "U1")


def test_in_a_direct_message_nothing_needs_a_whisper() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.DM, channel="D1")).show(MINE, public=False)
    assert (shown(chat).channel, shown(chat).thread, shown(chat).only_for) == ("D1", "", "")


# Buttons and forms


@pytest.mark.parametrize("way", [Way.BUTTON, Way.FORM])
def test_a_press_is_answered_in_the_thread_below_its_message(way: Way) -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(way, message="7.0")).show(REPLY, public=False)
    assert (shown(chat).channel, shown(chat).thread) == ("C1", "7.0")


@pytest.mark.parametrize("way", [Way.BUTTON, Way.FORM])
def test_a_reply_may_take_the_place_of_the_message_with_the_button(way: Way) -> None:
    chat = MemoryMessenger()
    _, ts = chat.post("C1", Reply("with a button"))
    Answer(chat, ask(way, message=ts)).show(INSTEAD, public=False)
    assert (shown(chat).reply, shown(chat).edits) == (INSTEAD, 1)


def test_an_ephemeral_message_is_replaced_through_its_response_address() -> None:
    chat = MemoryMessenger()
    chat.respond(Place("C1", response_url="r"), Reply("mine"), replace=False, public=False)
    place = {"message": "9.0", "message_is_ephemeral": True}
    Answer(chat, ask(Way.BUTTON, **place)).show(INSTEAD, public=False)
    assert (shown(chat).reply, shown(chat).only_for) == (INSTEAD, "asker")


def test_a_message_that_is_gone_still_gets_its_answer() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.BUTTON, message="7.0")).show(INSTEAD, public=False)
    assert (shown(chat).reply, shown(chat).only_for) == (INSTEAD, "U1")


def test_beside_an_ephemeral_message_a_reply_for_all_is_posted_afresh() -> None:
    chat = MemoryMessenger()
    place = {"message": "9.0", "message_is_ephemeral": True}
    Answer(chat, ask(Way.BUTTON, **place)).show(REPLY, public=False)
    assert (shown(chat).thread, shown(chat).only_for) == ("", "")


def test_a_press_at_home_is_answered_in_the_direct_message() -> None:
    chat = MemoryMessenger()
    for reply in (REPLY, MINE):
        Answer(chat, ask(Way.BUTTON, channel="")).show(reply, public=False)
    Answer(chat, ask(Way.BUTTON, channel="")).fail(WRONG)
    assert [(s.channel, s.only_for) for s in chat.shown] == [("U1", "")] * 3


def test_a_press_in_a_direct_message_is_answered_below_without_a_thread() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.BUTTON, channel="D1", message="7.0")).show(REPLY, public=False)
    Answer(chat, ask(Way.BUTTON, channel="D1", message="7.0")).show(MINE, public=False)
    assert [(s.channel, s.thread, s.only_for) for s in chat.shown] == [("D1", "", "")] * 2


@pytest.mark.parametrize(
    ("place", "thread"),
    [
        ({"message": "7.0"}, ""),
        ({"message": "7.0", "thread": "7.0"}, ""),
        ({"message": "8.0", "thread": "7.0"}, "7.0"),
        ({"message": "9.0", "message_is_ephemeral": True}, ""),
        ({"message": "9.0", "message_is_ephemeral": True, "thread": "7.0"}, "7.0"),
    ],
    ids=["a card", "a card with a thread", "in a thread", "ephemeral", "ephemeral in a thread"],
)
def test_errors_of_a_press_are_whispered_where_the_button_was(
    place: dict[str, object], thread: str
) -> None:
    """Slack shows a whisper in a thread only to those who have that thread open."""
    chat = MemoryMessenger()
    Answer(chat, ask(Way.BUTTON, **place)).fail(WRONG)
    assert (shown(chat).reply, shown(chat).only_for) == (WRONG, "U1")
    assert shown(chat).thread == thread


# The placeholder


class Watched(MemoryMessenger):
    """Says when something was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.appeared = threading.Event()
        self.before = self._tell

    def _tell(self, method: str) -> None:
        self.appeared.set()


def waited(answer: Answer, chat: Watched) -> None:
    answer.start()
    assert chat.appeared.wait(20)


@pytest.mark.parametrize(
    ("way", "reply"), [(Way.MENTION, REPLY), (Way.MENTION, WRONG), (Way.DM, MINE)]
)
def test_a_placeholder_becomes_the_reply(way: Way, reply: Reply) -> None:
    chat = Watched()
    answer = Answer(chat, ask(way, thread="5.0"), 0)
    waited(answer, chat)
    answer.show(reply, public=False)
    assert (shown(chat).reply, shown(chat).thread, shown(chat).edits) == (reply, "5.0", 1)


def test_a_placeholder_that_all_saw_goes_when_the_reply_is_for_one() -> None:
    chat = Watched()
    answer = Answer(chat, ask(Way.MENTION, thread="5.0"), 0)
    waited(answer, chat)
    answer.show(MINE, public=False)
    assert (shown(chat).reply, shown(chat).only_for) == (MINE, "U1")


def test_a_commands_placeholder_stays_and_the_reply_follows() -> None:
    """Slack cannot replace what a command's response address has shown."""
    chat = Watched()
    answer = Answer(chat, ask(Way.COMMAND), 0)
    waited(answer, chat)
    answer.show(REPLY, public=False)
    assert [s.reply for s in chat.shown] == [WORKING, REPLY]


def test_a_placeholder_that_does_not_get_through_costs_nothing() -> None:
    chat = MemoryMessenger()
    tried = threading.Event()

    def before(method: str) -> None:
        if not tried.is_set():
            tried.set()
            raise Unavailable("slack", "rate limited")

    chat.before = before
    answer = Answer(chat, ask(Way.MENTION), 0)
    answer.start()
    assert tried.wait(20)
    answer.show(REPLY, public=False)
    assert shown(chat).reply == REPLY


@pytest.mark.parametrize("end", ["show", "fail", "drop"])
def test_after_the_reply_no_placeholder_comes(end: str) -> None:
    chat = MemoryMessenger()
    answer = Answer(chat, ask(Way.MENTION))
    answer.start()
    if end == "drop":
        answer.drop()
    elif end == "fail":
        answer.fail(WRONG)
    else:
        answer.show(REPLY, public=False)
    answer._timer.join(20)  # It has run or was cancelled: nothing can come after this.
    assert WORKING not in [s.reply for s in chat.shown]


def test_a_reply_that_cannot_be_shown_is_the_callers_to_deal_with() -> None:
    chat = MemoryMessenger(channels=frozenset())
    with pytest.raises(Gone):
        Answer(chat, ask(Way.MENTION)).show(REPLY, public=False)


# Files

FILES = replace(
    MINE, text="Here.", attachments=(Attachment("a.md", b"#"), Attachment("a.json", b"1"))
)


@pytest.mark.parametrize("way", [Way.COMMAND, Way.MENTION, Way.BUTTON])
def test_files_for_one_person_go_to_their_direct_messages(way: Way) -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(way, thread="5.0")).show(FILES, public=False)
    sent, said = chat.shown
    assert (sent.channel, sent.reply) == ("U1", FILES)
    assert said.reply.attachments == ()
    assert said.reply.text == "Here.\nI sent you a.md and a.json as a direct message."
    assert said.only_for in ("U1", "asker")


def test_in_direct_messages_the_files_come_with_the_answer() -> None:
    chat = MemoryMessenger()
    Answer(chat, ask(Way.DM, channel="D1")).show(FILES, public=False)
    assert shown(chat).reply == FILES


def test_files_for_all_are_posted_where_they_were_asked_for() -> None:
    chat = MemoryMessenger()
    for_all = replace(FILES, audience=Audience.PLACE)
    Answer(chat, ask(Way.MENTION, thread="5.0")).show(for_all, public=False)
    assert (shown(chat).reply, shown(chat).channel) == (for_all, "C1")


# Windows


@pytest.mark.parametrize("way", [Way.OPEN, Way.LOOK])
def test_what_was_asked_in_a_window_is_answered_in_it(way: Way) -> None:
    chat = MemoryMessenger(windows={"V1": Opened("1")})
    looked = replace(ask(way), window=Window("V1", "1"))
    Answer(chat, looked).show(REPLY, public=True)
    assert chat.windows["V1"].reply == REPLY
    Answer(chat, replace(looked, window=Window("V1", "1+"))).fail(WRONG)
    assert chat.windows["V1"].reply == WRONG
    assert chat.shown == []


def test_nothing_is_said_of_a_window_that_was_closed_or_asked_again() -> None:
    chat = MemoryMessenger(windows={"V1": Opened("2")})
    for window in (Window("V1", "1"), Window("V2", "1")):
        Answer(chat, replace(ask(Way.LOOK), window=window)).show(REPLY, public=False)
    assert chat.windows == {"V1": Opened("2")}
    assert chat.shown == []


# Progress

STEP = Reply("looking", "r1")
LATER = Reply("looking", "r1, r2")


class Clock:
    """Seconds, turned by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def showing(chat: MemoryMessenger, way: Way, **place: object) -> tuple[Answer, Clock]:
    clock = Clock()
    return Answer(chat, ask(way, **place), clock=clock), clock


@pytest.mark.parametrize("way", [Way.MENTION, Way.DM, Way.THREAD, Way.COMMAND, Way.BUTTON])
def test_progress_is_one_message_that_becomes_the_reply(way: Way) -> None:
    chat = MemoryMessenger()
    answer, clock = showing(chat, way, thread="5.0")
    answer.progress(STEP, public=True)
    assert shown(chat).reply == STEP
    clock.seconds += 2
    answer.progress(LATER, public=True)
    assert (shown(chat).reply, shown(chat).edits) == (LATER, 1)
    answer.show(REPLY, public=True)
    assert (shown(chat).reply, shown(chat).edits, shown(chat).only_for) == (REPLY, 2, "")


def test_progress_that_comes_too_soon_is_left_out() -> None:
    chat = MemoryMessenger()
    answer, clock = showing(chat, Way.MENTION)
    answer.progress(STEP, public=True)
    clock.seconds += 0.5
    answer.progress(LATER, public=True)
    assert (shown(chat).reply, shown(chat).edits) == (STEP, 0)


@pytest.mark.parametrize("way", [Way.MENTION, Way.BUTTON, Way.COMMAND])
def test_a_reply_for_one_person_leaves_no_progress_behind(way: Way) -> None:
    chat = MemoryMessenger()
    answer, _ = showing(chat, way)
    answer.progress(STEP, public=True)
    answer.show(MINE, public=True)
    assert shown(chat).reply == MINE
    assert shown(chat).only_for


@pytest.mark.parametrize("way", [Way.BUTTON, Way.COMMAND])
def test_an_error_after_progress_is_for_the_asker_and_nothing_else_stays(way: Way) -> None:
    chat = MemoryMessenger()
    answer, _ = showing(chat, way)
    answer.progress(STEP, public=True)
    answer.fail(WRONG)
    assert shown(chat).reply == WRONG
    assert shown(chat).only_for


@pytest.mark.parametrize("way", [Way.LOOK, Way.OPEN, Way.TERMINAL, Way.COMMAND])
def test_where_nothing_can_be_edited_no_progress_is_shown(way: Way) -> None:
    chat = MemoryMessenger()
    answer, _ = showing(chat, way)
    answer.progress(STEP, public=False)
    assert chat.shown == []


def test_progress_that_cannot_be_shown_does_not_stop_the_work() -> None:
    chat = MemoryMessenger(channels=frozenset())
    answer, _ = showing(chat, Way.COMMAND)
    answer.progress(STEP, public=True)
    answer.show(REPLY, public=True)
    assert (shown(chat).reply, shown(chat).key) == (REPLY, "r")


def test_after_the_reply_there_is_no_progress() -> None:
    chat = MemoryMessenger()
    answer, _ = showing(chat, Way.MENTION)
    answer.show(REPLY, public=True)
    answer.progress(STEP, public=True)
    assert shown(chat).reply == REPLY

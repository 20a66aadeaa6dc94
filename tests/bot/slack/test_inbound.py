from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bot.ask import Place, Way
from bot.slack import inbound, press
from knowledge.errors import BadArgs
from skills.contract import Call

BOT = "UBOT"


def event(**given: Any) -> dict[str, Any]:
    base = {"type": "message", "user": "U1", "channel": "C1", "ts": "5.1", "text": "hi"}
    return {"event_id": "Ev1", "event": {**base, **given}}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("<@UBOT> is fraud drifting?", "is fraud drifting?"),
        ("ask <@U2> about <#C9|ops>", "ask @U2 about #ops"),
        ("<!subteam^S1> and <!subteam^S2|@sre>", "@S1 and @sre"),
        (
            "see <https://a.example/x|the page> &amp; <https://b.example>",
            "see the page & https://b.example",
        ),
        ("p99 &gt; 2s &lt;!channel&gt;", "p99 > 2s <!channel>"),
    ],
)
def test_markup_becomes_what_was_typed(typed: str, read: str) -> None:
    assert inbound.plain(typed, BOT) == read


@pytest.mark.parametrize(
    ("payload", "way", "thread"),
    [
        (event(type="app_mention", text="<@UBOT> help"), Way.MENTION, "5.1"),
        (event(type="app_mention", text="<@UBOT> help", thread_ts="4.0"), Way.MENTION, "4.0"),
        (event(channel_type="im", channel="D1"), Way.DM, ""),
        (event(channel_type="im", channel="D1", thread_ts="4.0"), Way.DM, "4.0"),
        (event(thread_ts="4.0"), Way.THREAD, "4.0"),
    ],
)
def test_ways_in(payload: dict[str, Any], way: Way, thread: str) -> None:
    ask = inbound.from_event(payload, BOT)
    assert ask is not None
    assert (ask.way, ask.place.thread) == (way, thread)


@pytest.mark.parametrize(
    "payload",
    [
        event(),
        event(text="<@UBOT> help"),
        event(thread_ts="4.0", text="<@UBOT> help"),
        event(channel_type="im", bot_id="B1"),
        event(channel_type="im", subtype="message_changed"),
    ],
    ids=["channel talk", "comes as mention too", "in a thread too", "a bot", "an edit"],
)
def test_what_is_not_for_us(payload: dict[str, Any]) -> None:
    assert inbound.from_event(payload, BOT) is None


def test_a_press_carries_its_call_and_place() -> None:
    call = Call("approve", {"approval": "3"})
    body = {
        "user": {"id": "U2"},
        "trigger_id": "t",
        "response_url": "http://r",
        "channel": {"id": "C1"},
        "container": {"message_ts": "7.0", "is_ephemeral": True},
        "actions": [{"action_id": "call-b0-0", "action_ts": "9.9", "value": press.encode(call)}],
    }
    ask, form = inbound.from_press(body)
    assert (ask.call, form) == (call, None)
    assert ask.place == Place("C1", "", "7.0", True, "http://r", "t")


def test_a_press_tells_what_the_person_saw() -> None:
    def pressed(text: str) -> str:
        body = {
            "user": {"id": "U2"},
            "channel": {"id": "C1"},
            "container": {"message_ts": "7.0"},
            "message": {"ts": "7.0", "blocks": [{"type": "section", "text": text}]},
            "actions": [
                {"action_id": "a", "action_ts": "9.9", "value": press.encode(Call("help"))}
            ],
        }
        return inbound.from_press(body)[0].saw

    assert pressed("rmse 9.1") == pressed("rmse 9.1")
    assert pressed("rmse 9.1") != pressed("rmse 9.2")
    assert len(pressed("rmse 9.1")) == 64


def test_a_form_fills_the_call_it_was_opened_for() -> None:
    place = Place("C1", "4.0", "7.0", False, "http://r")
    metadata = inbound.metadata(Call("reject", {"approval": "3"}), place)
    state = {
        "reason": {"value": {"type": "plain_text_input", "value": " too early "}},
        "kind": {"value": {"type": "static_select", "selected_option": {"value": "b"}}},
        "note": {"value": {"type": "plain_text_input", "value": None}},
    }
    view = {"id": "V1", "hash": "h", "private_metadata": metadata, "state": {"values": state}}
    ask = inbound.from_form({"user": {"id": "U2"}, "view": view})
    assert ask.call == Call("reject", {"approval": "3", "reason": "too early", "kind": "b"})
    assert ask.place == place


def reaction(**given: Any) -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "5.1"}
    event = {"type": "reaction_added", "user": "U1", "reaction": "memo", "item_user": "U2"}
    return {"event_id": "Ev1", "event": {**event, "item": item, **given}}


def test_a_reaction_names_its_message() -> None:
    mark = inbound.from_reaction(reaction(), BOT)
    assert mark is not None
    assert (mark.user, mark.channel, mark.ts, mark.emoji) == ("U1", "C1", "5.1", "memo")


def test_a_reaction_has_one_id_by_message_emoji_and_person() -> None:
    same = [reaction(), reaction(event_ts="9.9"), reaction(item_user="U3")]
    others = [
        reaction(user="U4"),
        reaction(reaction="eyes"),
        reaction(item={"type": "message", "channel": "C1", "ts": "6.0"}),
    ]
    ids = [mark.id for body in (*same, *others) if (mark := inbound.from_reaction(body, BOT))]
    assert len(ids) == 6
    assert len(set(ids)) == 4


def test_the_skin_tone_of_an_emoji_does_not_matter() -> None:
    mark = inbound.from_reaction(reaction(reaction="raised_hand::skin-tone-3"), BOT)
    assert mark is not None
    assert mark.emoji == "raised_hand"


@pytest.mark.parametrize(
    "body",
    [
        reaction(user=BOT),
        reaction(item_user=BOT),
        reaction(item={"type": "file", "file": "F1"}),
    ],
    ids=["by the bot", "on the bot's message", "on a file"],
)
def test_reactions_that_are_not_for_us(body: dict[str, Any]) -> None:
    assert inbound.from_reaction(body, BOT) is None


def test_an_entry_of_a_messages_menu_brings_the_message() -> None:
    body = {
        "user": {"id": "U1"},
        "trigger_id": "t1",
        "response_url": "http://r",
        "channel": {"id": "C1"},
        "message": {"ts": "5.1", "user": "U2", "text": "a &lt; b", "thread_ts": "4.0"},
    }
    mark = inbound.from_message_action(body)
    assert (mark.user, mark.channel, mark.ts, mark.trigger) == ("U1", "C1", "5.1", "t1")
    assert mark.message is not None
    assert (mark.message.user, mark.message.text, mark.message.thread) == ("U2", "a < b", "4.0")
    assert mark.message.at.timestamp() == 5.1


def test_a_message_of_another_app_is_by_that_app() -> None:
    assert inbound.message_of({"ts": "5.1", "bot_id": "B1", "text": "disk full"}).user == "B1"


@pytest.mark.parametrize("body", [{}, {"event": [], "user": "U1", "actions": {}, "view": []}])
@pytest.mark.parametrize(
    "read",
    [
        inbound.from_command,
        inbound.from_press,
        inbound.asks_form,
        inbound.from_preview,
        inbound.from_form,
        inbound.from_home,
        inbound.from_message_action,
        partial(inbound.from_event, bot_user=BOT),
        partial(inbound.from_reaction, bot_user=BOT),
    ],
)
def test_what_has_another_shape_than_slacks_is_said_to_have_it(
    read: Callable[[dict[str, Any]], object], body: dict[str, Any]
) -> None:
    with pytest.raises(BadArgs, match="another shape"):
        read(body)

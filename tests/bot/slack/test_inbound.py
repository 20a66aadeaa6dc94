from typing import Any

import pytest

from bot.ask import Place, Way
from bot.slack import inbound, press
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

from typing import Any

import pytest

from bot.playground.shown import Message, pressable


def button(label: str, action_id: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id}


BLOCKS = (
    {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "two requests"}},
    {
        "type": "actions",
        "block_id": "a",
        "elements": [button("Approve", "one"), button("Approve", "two"), button("Reject", "no")],
    },
)


def test_a_button_is_found_by_its_label_or_its_id() -> None:
    assert pressable(BLOCKS, "Reject")[1]["action_id"] == "no"
    assert pressable(BLOCKS, "two") == ("a", button("Approve", "two"))


def test_an_unclear_name_says_what_there_is() -> None:
    with pytest.raises(LookupError, match="several elements; say which by action_id: one, two"):
        pressable(BLOCKS, "Approve")
    with pytest.raises(LookupError, match=r"there is: Approve \(one\)"):
        pressable(BLOCKS, "Ignore")


def test_the_text_is_shown_only_where_there_are_no_blocks() -> None:
    shown = {
        "ts": "1.0",
        "channel": "C1",
        "user": "U1",
        "username": "tandem",
        "is_bot": True,
        "text": "fallback",
        "ephemeral": False,
        "edited": False,
        "reactions": [],
    }
    assert Message.read(shown).text_shown == "fallback"
    with_blocks = Message.read({**shown, "blocks": list(BLOCKS)})
    assert with_blocks.text_shown.splitlines() == ["two requests", "Approve", "Approve", "Reject"]

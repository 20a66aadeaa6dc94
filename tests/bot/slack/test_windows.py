import json
from typing import Any

from bot.ask import Place
from bot.playground.block_rules import view_violations
from bot.slack import blocks, inbound, windows
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Picture,
    Preview,
    Reply,
    Section,
    Table,
    Tone,
)

CALL = Call("tune", {"monitor": "p99"})
FORM = Form(
    "Tune p99",
    (FormField("limit", "Limit", initial="> 1"),),
    preview=Preview("Show last week", Call("look", {"monitor": "p99"})),
)
PICTURE = Picture("Last week", "two alarms, the longest on Tuesday at 03:10", b"png")


def view(**given: Any) -> dict[str, Any]:
    """As Slack tells of an open window: with much that it does not take back."""
    sent = blocks.form_view(FORM, inbound.metadata(CALL, Place("C1")))
    return {**sent, "id": "V1", "hash": "1700.abcdef", "state": {"values": {}}, **given}


def ids(drawn: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in drawn["blocks"]]


def test_a_form_with_a_preview_is_a_view_that_slack_takes() -> None:
    sent = blocks.form_view(FORM, inbound.metadata(CALL, Place("C1")))
    assert view_violations(sent) == []
    assert ids(sent) == ["limit", blocks.PREVIEW]


def test_while_it_is_drawn_a_line_says_so_and_the_inputs_stay() -> None:
    drawn = windows.drawing(view())
    assert view_violations(drawn) == []
    assert ids(drawn)[:2] == ["limit", blocks.PREVIEW]
    assert "id" not in drawn
    assert "state" not in drawn
    again = windows.drawing({**view(), "blocks": drawn["blocks"]})
    assert ids(again) == ids(drawn)


def test_the_answer_takes_the_place_of_the_line() -> None:
    window = windows.opened({**view(), **windows.drawing(view())})
    drawn = windows.answered(window, Reply("2 alarms", "in 7 days", pictures=(PICTURE,)), ["F1"])
    assert view_violations(drawn) == []
    text = json.dumps(drawn)
    assert "*2 alarms*" in text
    assert "Looking at" not in text
    assert [b["slack_file"] for b in drawn["blocks"] if b["type"] == "image"] == [{"id": "F1"}]


def test_the_next_answer_has_ids_of_its_own() -> None:
    first = windows.answered(windows.opened(view()), Reply("2 alarms"))
    later = view(hash="1701.fedcba", blocks=first["blocks"])
    second = windows.answered(windows.opened(later), Reply("9 alarms"))
    assert len(ids(second)) == len(ids(first))
    assert not set(ids(first)[2:]) & set(ids(second)[2:])


def test_a_picture_that_cannot_be_shown_is_told() -> None:
    drawn = windows.answered(windows.opened(view()), Reply("2 alarms", pictures=(PICTURE,)))
    assert view_violations(drawn) == []
    assert PICTURE.alt in json.dumps(drawn)


def test_whatever_a_reply_holds_can_be_shown() -> None:
    button = Button("Do it", Call("wipe"))
    reply = Reply(
        "All of it <&>",
        "text",
        Tone.BAD,
        {"PSI": "0.3"},
        Table(("Name", "Alarms"), (("a", "3"),), right=("Alarms",)),
        (Section("Head", (Line("line"),), buttons=(button,)),),
        buttons=(button,),
        footer="as of noon",
    )
    drawn = windows.answered(windows.opened(view()), reply)
    assert view_violations(drawn) == []
    assert [b["block_id"] for b in drawn["blocks"] if b["type"] == "actions"] == [blocks.PREVIEW]


def test_a_window_that_waits_is_replaced_by_what_went_wrong() -> None:
    waiting = windows.waiting()
    assert view_violations(waiting) == []
    drawn = windows.answered(windows.opened({**waiting, "id": "V1", "hash": "1"}), Reply("No"))
    assert view_violations(drawn) == []
    assert "One moment" not in json.dumps(drawn)

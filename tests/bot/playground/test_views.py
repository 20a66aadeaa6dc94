"""Modals with a real Bolt app, by Socket Mode and by HTTP."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.playground.client import ActError, PersonClient


@pytest.fixture
def ada(world: Any) -> PersonClient:
    person: PersonClient = world.playground.client("ada")
    while person.view():
        person.close()
    return person


def test_a_form_is_filled_in_and_sent(world: Any, ada: PersonClient) -> None:
    ada.command("/form INC-1")
    view = ada.wait_for_view("Reason")
    assert ada.submit(view, {"Why": "because"}) == {}
    assert ada.view() is None
    sent = world.bodies[-1]
    assert sent["type"] == "view_submission"
    assert sent["view"]["private_metadata"] == "INC-1"
    assert sent["view"]["state"]["values"]["reason"]["text"]["value"] == "because"


def test_errors_of_the_app_keep_the_window(world: Any, ada: PersonClient) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    assert ada.submit(values={"reason": "bad"}) == {"reason": "too bad"}
    assert ada.submit(values={"reason": "good"}) == {}
    assert ada.view() is None


def test_slack_itself_refuses_empty_and_long_inputs(world: Any, ada: PersonClient) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    before = len(world.bodies)
    assert ada.submit() == {"reason": "Please complete this required field."}
    assert ada.submit(values={"reason": "x" * 21}) == {
        "reason": "Please enter at most 20 characters."
    }
    assert len(world.bodies) == before


def test_push_and_back_update_and_clear(world: Any, ada: PersonClient) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    ada.submit(values={"reason": "next"})
    assert ada.wait_for_view("Second")
    ada.submit(values={"reason": "update"})
    assert ada.wait_for_view("Updated")
    ada.close()
    assert ada.wait_for_view("Reason")
    ada.submit(values={"reason": "next"})
    ada.wait_for_view("Second")
    ada.submit(values={"reason": "clear"})
    assert ada.view() is None


def test_there_are_at_most_three_windows(world: Any, ada: PersonClient, listen: Any) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    ada.submit(values={"reason": "next"})
    ada.submit(values={"reason": "next"})
    with listen(world.playground, "ada") as page:
        ada.submit(values={"reason": "next"})
        assert "push_limit_reached" in page.next("trouble")["detail"]
    assert len(ada.get("/play/views")["views"]) == 3


def test_closing_is_told_where_the_app_asked(
    world: Any, ada: PersonClient, eventually: Any
) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    ada.close()
    assert world.bodies[-1]["type"] == "view_closed"
    assert ada.view() is None


def test_a_submission_without_an_ack_keeps_the_window(world: Any, ada: PersonClient) -> None:
    ada.command("/form")
    ada.wait_for_view("Reason")
    with pytest.raises(ActError, match="dispatch_failed"):
        ada.submit(values={"reason": "late"})
    assert ada.view() is not None


def test_a_stale_trigger_opens_nothing(world: Any, ada: PersonClient) -> None:
    ada.command("/late-form")
    assert ada.wait_for("_trigger_id").text == "expired_trigger_id"


def test_a_trigger_opens_one_window(world: Any, ada: PersonClient) -> None:
    ada.command("/form")
    view = ada.wait_for_view("Reason")
    used = next(b for b in reversed(world.bodies) if b.get("command") == "/form")["trigger_id"]
    modal = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Again"},
        "blocks": [{"type": "divider"}],
    }
    with pytest.raises(SlackApiError) as raised:
        world.web.views_open(trigger_id=used, view=modal)
    assert raised.value.response["error"] == "exchanged_trigger_id"
    with pytest.raises(SlackApiError) as raised:
        world.web.views_open(trigger_id="1.2.3", view=modal)
    assert raised.value.response["error"] == "invalid_trigger_id"
    updated = world.web.views_update(view_id=view.id, view=modal)
    assert ada.wait_for_view("Again").id == view.id
    with pytest.raises(SlackApiError) as raised:
        world.web.views_update(view_id=view.id, hash="0.old", view=modal)
    assert raised.value.response["error"] == "hash_conflict"
    assert world.web.views_update(view_id=view.id, hash=updated["view"]["hash"], view=modal)["ok"]


def test_a_wrong_view_is_named(world: Any) -> None:
    with pytest.raises(SlackApiError) as raised:
        world.web.views_publish(user_id="U01ADA00000", view={"type": "home", "blocks": [{}] * 101})
    answer = raised.value.response
    assert answer["error"] == "invalid_arguments"
    assert "no more than 100 items" in answer["response_metadata"]["messages"][0]

from typing import Any

import pytest

from bot.playground.elements import WrongValue, answer, state, with_ids, wrong_inputs

Json = dict[str, Any]
ONE = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}


def test_the_state_has_initial_values_until_something_is_chosen() -> None:
    menu = {"type": "static_select", "action_id": "a", "options": [ONE], "initial_option": ONE}
    date = {"type": "datepicker", "action_id": "d"}
    blocks = [{"type": "actions", "block_id": "b", "elements": [menu, date]}]
    assert state(blocks, {}) == {
        "b": {
            "a": {"type": "static_select", "selected_option": ONE},
            "d": {"type": "datepicker", "selected_date": None},
        }
    }
    assert state(blocks, {"b": {"a": ""}})["b"]["a"]["selected_option"] is None


def test_an_option_that_the_app_took_away_falls_back() -> None:
    menu = {"type": "static_select", "action_id": "a", "options": [ONE]}
    blocks = [{"type": "actions", "block_id": "b", "elements": [menu]}]
    assert state(blocks, {"b": {"a": "gone"}})["b"]["a"]["selected_option"] is None
    with pytest.raises(WrongValue, match="it has: 1"):
        answer(menu, "gone")


def test_ids_are_made_where_there_are_none() -> None:
    given: Json = {"type": "actions", "elements": [{"type": "button"}, {"type": "image"}]}
    made = with_ids([given])[0]
    assert made["block_id"]
    assert made["elements"][0]["action_id"]
    assert "action_id" not in made["elements"][1]
    assert "block_id" not in given


@pytest.mark.parametrize(
    ("element", "value", "words"),
    [
        ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3 characters"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "at most 3 characters"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True}, "x", "valid number"),
        (
            {"type": "number_input", "min_value": "2", "is_decimal_allowed": False},
            "1",
            "at least 2",
        ),
        ({"type": "number_input", "max_value": "2", "is_decimal_allowed": False}, "3", "at most 2"),
        ({"type": "checkboxes", "options": [ONE]}, [], "complete this required field"),
    ],
)
def test_inputs_that_slack_refuses(element: Json, value: Any, words: str) -> None:
    block = {"type": "input", "block_id": "b", "element": {**element, "action_id": "a"}}
    assert words in wrong_inputs([block], {"b": {"a": value}})["b"]
    optional = {**block, "optional": True}
    assert wrong_inputs([optional], {"b": {"a": ""}}) == {}

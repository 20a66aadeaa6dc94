import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.webhooks.mlflow import from_text, read, to_text
from knowledge.errors import BadArgs
from knowledge.promoting.outside import Heard

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
ALIAS = {"name": "fraud", "alias": "champion", "version": "7"}
TAG = {"name": "fraud", "version": "7", "key": "stage", "value": "ready"}


def body(entity: str, action: str, data: Any, at: datetime = NOON) -> bytes:
    event = {"entity": entity, "action": action, "timestamp": at.isoformat(), "data": data}
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    ("entity", "known_as"), [("model_version_alias", "fraud"), ("prompt_alias", "prompts.fraud")]
)
def test_an_alias_that_is_set_or_taken_away(entity: str, known_as: str) -> None:
    heard = Heard("d1", known_as, "7", NOON, alias="champion")
    assert read(body(entity, "created", ALIAS), "d1", NOON) == heard
    gone = read(body(entity, "deleted", {"name": "fraud", "alias": "champion"}), "d1", NOON)
    assert gone == Heard("d1", known_as, "", NOON, alias="champion")


@pytest.mark.parametrize(
    ("entity", "known_as"),
    [("model_version_tag", "fraud"), ("prompt_version_tag", "prompts.fraud")],
)
def test_a_tag_that_is_set(entity: str, known_as: str) -> None:
    heard = read(body(entity, "set", TAG), "d1", NOON)
    assert heard == Heard("d1", known_as, "7", NOON, tag="stage", value="ready")
    assert read(body(entity, "deleted", TAG), "d1", NOON) is None


@pytest.mark.parametrize("entity", ["registered_model", "model_version", "prompt", "budget_policy"])
def test_other_events_say_nothing(entity: str) -> None:
    assert read(body(entity, "created", {"name": "fraud"}), "d1", NOON) is None


def test_a_clock_that_goes_ahead_moves_nothing_into_the_future() -> None:
    ahead = body("model_version_alias", "created", ALIAS, NOON + timedelta(minutes=4))
    heard = read(ahead, "d1", NOON)
    assert heard is not None
    assert heard.at == NOON


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"not json", "body"),
        (b"[]", "body"),
        (b"{}", "entity"),
        (body("model_version_alias", "created", None), "data"),
        (body("model_version_alias", "created", {"name": "fraud"}), "data.alias"),
        (body("model_version_alias", "created", {"name": "fraud", "alias": "a"}), "data.version"),
        (body("model_version_tag", "set", {"name": "x" * 501}), "data.name"),
        (body("model_version_tag", "set", {"name": ["fraud"]}), "data.name"),
    ],
)
def test_what_cannot_be_read_is_named(raw: bytes, field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        read(raw, "d1", NOON)
    assert caught.value.field == field


def test_it_waits_as_text_and_is_read_back() -> None:
    heard = Heard("d1", "fraud: \u00fc", "7", NOON, tag="a:b", value='"')
    assert from_text(to_text(heard)) == heard

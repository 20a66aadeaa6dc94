"""LaunchDarkly's webhooks, after the audit log's shape."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.webhooks.launchdarkly import parse
from knowledge.errors import BadArgs
from skills.testing import NOON

ENTRY: dict[str, Any] = {
    "_id": "57c0a8e29969090743529965",
    "_links": {"site": {"href": "/shop/production/features/new-cart"}},
    "date": 1772710930000,
    "kind": "flag",
    "name": "New cart",
    "titleVerb": "turned on the flag",
    "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/new-cart"}],
    "member": {"firstName": "Ines", "lastName": "Ito", "email": "ines@shop.example"},
    "target": {"name": "New cart", "resources": ["proj/shop:env/production:flag/new-cart;cart"]},
}


def test_a_flag_that_is_turned_on() -> None:
    (change,) = parse(ENTRY, NOON).changes
    assert (change.kind, change.service) == ("flag", "shop")
    assert change.summary == "flag New cart in production: turned on the flag"
    assert change.at == datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
    assert change.author == "Ines Ito"
    assert change.url == "https://app.launchdarkly.com/shop/production/features/new-cart"


def test_what_is_left_out_is_made_up_for() -> None:
    entry = {**ENTRY, "target": None, "member": {"email": "i@shop.example"}, "titleVerb": ""}
    (change,) = parse(entry, NOON).changes
    assert (change.service, change.author) == ("shop", "i@shop.example")
    assert change.summary == "flag New cart in production: changed"
    (bare,) = parse({"_id": "1", "kind": "flag", "name": "New cart"}, NOON).changes
    assert (bare.service, bare.at, bare.summary) == ("New cart", NOON, "flag New cart: changed")


def test_changes_of_members_and_tokens_are_ignored() -> None:
    parsed = parse({**ENTRY, "kind": "member"}, NOON)
    assert (parsed.changes, "member" in parsed.ignored) == ((), True)


@pytest.mark.parametrize(
    ("field", "value"), [("kind", None), ("name", ""), ("_id", None), ("date", "soon")]
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    with pytest.raises(BadArgs) as caught:
        parse({**ENTRY, field: value}, NOON)
    assert caught.value.field == field
    assert caught.value.remedy

"""Argo CD's notifications, in the payload that docs/how-to/changes.md gives to paste."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.webhooks.argocd import parse
from knowledge.errors import BadArgs
from skills.testing import NOON

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "changes.md"
SYNC: dict[str, Any] = {
    "app": "checkout",
    "namespace": "shop",
    "phase": "Running",
    "revision": "c0ffee1234567890",
    "started_at": "2026-03-05T11:42:10Z",
    "message": "waiting for completion",
    "author": "ines",
    "url": "https://argocd.example/applications/checkout",
}


def test_a_sync_is_a_deploy_of_its_application() -> None:
    (change,) = parse(SYNC, NOON).changes
    assert (change.kind, change.service, change.version) == ("deploy", "checkout", "c0ffee123456")
    assert change.summary == "sync of checkout to shop: waiting for completion"
    assert change.at == datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
    assert (change.author, change.url) == ("ines", SYNC["url"])


def test_its_begin_and_its_end_are_one_change() -> None:
    (begun,) = parse(SYNC, NOON).changes
    (over,) = parse({**SYNC, "phase": "Failed", "message": ""}, NOON).changes
    assert over.id == begun.id
    assert over.summary == "sync of checkout to shop failed"


def test_the_service_may_be_named_and_templates_may_be_empty() -> None:
    given = {**SYNC, "service": "cart", "author": "<no value>", "message": "{{.message}}"}
    (change,) = parse(given, NOON).changes
    assert (change.service, change.author) == ("cart", "")
    assert change.summary == "sync of checkout to shop"


def test_a_sync_that_is_being_ended_is_ignored() -> None:
    assert "checkout" in parse({**SYNC, "phase": "Terminating"}, NOON).ignored


@pytest.mark.parametrize(
    ("field", "value"), [("app", None), ("phase", ""), ("phase", "Melted"), ("started_at", "soon")]
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    with pytest.raises(BadArgs) as caught:
        parse({**SYNC, field: value}, NOON)
    assert caught.value.field == field
    assert caught.value.remedy


def test_the_template_that_is_shown_is_the_payload_that_is_read() -> None:
    """Filled in as Argo CD would, it is the JSON of this test."""
    section = PAGE.read_text("utf-8").partition("## Argo CD")[2].partition("\n## ")[0]
    template = re.search(r"body: \|\n(.*?)\n```", section, re.DOTALL)
    assert template
    filled = re.sub(r'"\{\{.*?\}\}"|\{\{.*?\}\}', '"x"', template[1])
    assert set(json.loads(filled)) == set(SYNC)

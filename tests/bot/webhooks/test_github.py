"""GitHub's events, after the shapes that it documents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks.github import parse
from knowledge.errors import BadArgs
from knowledge.records import Change
from skills.testing import NOON

AT = datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
REPOSITORY = {
    "name": "checkout",
    "full_name": "shop/checkout",
    "default_branch": "main",
    "html_url": "https://github.example/shop/checkout",
}
SENDER = {"login": "ines"}
WORLD = {"repository": REPOSITORY, "sender": SENDER}
DEPLOYMENT = {
    "id": 42,
    "sha": "c0ffee1234567890",
    "ref": "v4.12.0",
    "environment": "production",
    "created_at": "2026-03-05T11:42:10Z",
    "creator": {"login": "deployer"},
    "payload": {},
}
EVENTS: dict[str, dict[str, Any]] = {
    "deployment": {"action": "created", "deployment": DEPLOYMENT, "workflow_run": None, **WORLD},
    "deployment_status": {
        "action": "created",
        "deployment_status": {
            "state": "success",
            "log_url": "https://github.example/run/1",
            "created_at": "2026-03-05T11:45:00Z",
        },
        "deployment": DEPLOYMENT,
        "workflow_run": {"id": 9},
        **WORLD,
    },
    "push": {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": "c0ffee1234567890",
        "deleted": False,
        "compare": "https://github.example/compare",
        "commits": [{"id": "a"}, {"id": "c0ffee1234567890"}],
        "head_commit": {"message": "Coupon rules\n\nmore", "timestamp": "2026-03-05T11:42:10Z"},
        "pusher": {"name": "ines"},
        **WORLD,
    },
    "release": {
        "action": "published",
        "release": {
            "id": 5,
            "tag_name": "v4.12.0",
            "name": "Coupons",
            "published_at": "2026-03-05T11:42:10Z",
            "html_url": "https://github.example/releases/5",
            "author": {"login": "ines"},
        },
        **WORLD,
    },
    "workflow_run": {
        "action": "completed",
        "workflow_run": {
            "id": 77,
            "name": "Deploy to production",
            "path": ".github/workflows/deploy.yml",
            "display_title": "Coupon rules",
            "conclusion": "success",
            "head_sha": "c0ffee1234567890",
            "run_started_at": "2026-03-05T11:42:10Z",
            "html_url": "https://github.example/run/77",
            "actor": {"login": "ines"},
        },
        "workflow": {"name": "Deploy to production"},
        **WORLD,
    },
}


def one(event: dict[str, Any]) -> Change:
    (change,) = parse(json.dumps(event).encode(), NOON).changes
    return change


def but(event: str, part: str, **changed: object) -> dict[str, Any]:
    """The event with some fields of one of its parts set."""
    whole = EVENTS[event]
    return {**whole, part: {**whole[part], **changed}}


@pytest.mark.parametrize(
    ("event", "kind", "summary", "version", "author"),
    [
        ("deployment", "deploy", "deploy of v4.12.0 to production", "v4.12.0", "deployer"),
        ("deployment_status", "deploy", "deploy of v4.12.0 to production", "v4.12.0", "deployer"),
        ("push", "push", "Coupon rules (and 1 more commits)", "c0ffee123456", "ines"),
        ("release", "release", "release Coupons", "v4.12.0", "ines"),
        ("workflow_run", "deploy", "Deploy to production: Coupon rules", "c0ffee123456", "ines"),
    ],
)
def test_what_an_event_becomes(
    event: str, kind: str, summary: str, version: str, author: str
) -> None:
    change = one(EVENTS[event])
    assert (change.kind, change.summary, change.version) == (kind, summary, version)
    assert (change.service, change.author, change.at) == ("checkout", author, AT)
    assert change.id.startswith("github:shop/checkout:")
    assert change.url.startswith("https://github.example")


def test_a_deployment_and_its_end_are_one_change_at_one_time() -> None:
    begun, over = one(EVENTS["deployment"]), one(EVENTS["deployment_status"])
    assert (begun.id, begun.at) == (over.id, over.at)
    failed = one(but("deployment_status", "deployment_status", state="failure"))
    assert (failed.id, failed.summary) == (begun.id, "deploy of v4.12.0 to production failed")


def test_a_deployment_may_name_its_service() -> None:
    assert one(but("deployment", "deployment", payload={"service": "cart"})).service == "cart"
    assert one(but("deployment", "deployment", payload='{"service": 1}')).service == "checkout"


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (but("deployment_status", "deployment_status", state="queued"), "queued"),
        ({**EVENTS["push"], "ref": "refs/heads/feature"}, "not the default branch"),
        ({**EVENTS["push"], "ref": "refs/tags/v1"}, "not the default branch"),
        ({**EVENTS["push"], "deleted": True}, "was deleted"),
        ({**EVENTS["release"], "action": "edited"}, "edited"),
        (but("workflow_run", "workflow_run", name="Lint", path="ci.yml"), "deploys nothing"),
        (but("workflow_run", "workflow_run", conclusion=None, status="in_progress"), "in_progress"),
        (but("workflow_run", "workflow_run", conclusion="skipped"), "skipped"),
        ({"zen": "Keep it simple.", "hook_id": 1}, "no deploy"),
        ({"action": "opened", "issue": {}, **WORLD}, "no deploy"),
    ],
)
def test_what_changes_nothing_is_ignored_with_the_reason(event: dict[str, Any], why: str) -> None:
    parsed = parse(json.dumps(event).encode(), NOON)
    assert parsed.changes == ()
    assert why in parsed.ignored


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "body"),
        ({**EVENTS["deployment"], "deployment": None}, "deployment"),
        (but("deployment", "deployment", id=None), "deployment.id"),
        (but("deployment", "deployment", created_at="soon"), "deployment.created_at"),
        ({**EVENTS["push"], "ref": ["x"]}, "ref"),
        ({**EVENTS["release"], "repository": {}}, "repository.full_name"),
    ],
)
def test_what_is_wrong_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        parse(json.dumps(event).encode(), NOON)
    assert caught.value.field == field
    assert caught.value.remedy


@given(
    st.sampled_from(sorted(EVENTS)),
    st.sampled_from(["deployment", "repository", "release", "workflow_run", "head_commit", "ref"]),
    st.none() | st.integers() | st.text(max_size=4) | st.lists(st.none(), max_size=1),
)
def test_whatever_comes_it_is_a_change_or_a_named_mistake(
    event: str, part: str, value: object
) -> None:
    try:
        parsed = parse(json.dumps({**EVENTS[event], part: value}).encode(), NOON)
    except BadArgs as error:
        mistake = error
    else:
        assert parsed.changes or parsed.ignored
        return
    assert mistake.remedy

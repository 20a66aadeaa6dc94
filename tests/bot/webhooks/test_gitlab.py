"""GitLab's events, after the shapes that it documents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.webhooks.gitlab import parse
from knowledge.errors import BadArgs
from knowledge.records import Change
from skills.testing import NOON

AT = datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
PROJECT = {
    "id": 24,
    "name": "checkout",
    "path_with_namespace": "shop/checkout",
    "default_branch": "main",
    "web_url": "https://gitlab.example/shop/checkout",
}
USER = {"name": "Ines", "username": "ines"}
WORLD = {"project": PROJECT, "user": USER}
EVENTS: dict[str, dict[str, Any]] = {
    "deployment": {
        "object_kind": "deployment",
        "status": "running",
        "status_changed_at": "2026-03-05 13:42:10 +0200",
        "deployment_id": 15,
        "deployable_url": "https://gitlab.example/jobs/796",
        "environment": "production",
        "short_sha": "c0ffee12",
        "commit_title": "Coupon rules",
        "ref": "main",
        **WORLD,
    },
    "pipeline": {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": 31,
            "ref": "main",
            "tag": False,
            "sha": "c0ffee1234567890",
            "status": "success",
            "created_at": "2026-03-05 11:42:10 UTC",
            "url": "https://gitlab.example/pipelines/31",
        },
        "builds": [
            {"stage": "test", "name": "unit", "status": "success", "environment": None},
            {
                "stage": "deploy",
                "name": "go-live",
                "status": "success",
                "environment": {"name": "production", "action": "start"},
            },
        ],
        **WORLD,
    },
    "release": {
        "object_kind": "release",
        "action": "create",
        "tag": "v4.12.0",
        "name": "Coupons",
        "released_at": "2026-03-05 11:42:10 UTC",
        "url": "https://gitlab.example/releases/1",
        "commit": {"author": {"name": "ines"}},
        "project": PROJECT,
    },
    "push": {
        "object_kind": "push",
        "ref": "refs/heads/main",
        "checkout_sha": "c0ffee1234567890",
        "user_username": "ines",
        "commits": [
            {
                "id": "c0ffee1234567890",
                "title": "Coupon rules",
                "timestamp": "2026-03-05T11:42:10+00:00",
                "url": "https://gitlab.example/commit/c0ffee",
            }
        ],
        "project": PROJECT,
    },
}


def one(event: dict[str, Any]) -> Change:
    (change,) = parse(json.dumps(event).encode(), NOON).changes
    return change


def attributes(event: str, **changed: object) -> dict[str, Any]:
    whole = EVENTS[event]
    return {**whole, "object_attributes": {**whole["object_attributes"], **changed}}


@pytest.mark.parametrize(
    ("event", "kind", "summary", "version"),
    [
        ("deployment", "deploy", "deploy of main to production: Coupon rules", "c0ffee12"),
        ("pipeline", "deploy", "pipeline of main to production", "c0ffee123456"),
        ("release", "release", "release Coupons", "v4.12.0"),
        ("push", "push", "Coupon rules", "c0ffee123456"),
    ],
)
def test_what_an_event_becomes(event: str, kind: str, summary: str, version: str) -> None:
    change = one(EVENTS[event])
    assert (change.kind, change.summary, change.version) == (kind, summary, version)
    assert (change.service, change.author, change.at) == ("checkout", "ines", AT)
    assert change.id.startswith("gitlab:shop/checkout:")
    assert change.url.startswith("https://gitlab.example")


def test_a_deployment_that_failed_is_told_besides_its_begin() -> None:
    failed = one({**EVENTS["deployment"], "status": "failed"})
    assert failed.summary == "deploy of main to production failed: Coupon rules"
    assert failed.id != one(EVENTS["deployment"]).id


def test_a_pipeline_of_a_tag_deploys_too() -> None:
    assert one(attributes("pipeline", ref="v4", tag=True)).version == "v4"
    assert one(attributes("pipeline", status="failed")).summary.endswith("production failed")


@pytest.mark.parametrize(("active", "state"), [(True, "on"), (False, "off")])
def test_a_flag_that_is_turned(active: bool, state: str) -> None:
    flag = {"id": 6, "name": "new-cart", "active": active}
    change = one({"object_kind": "feature_flag", "object_attributes": flag, **WORLD})
    assert (change.kind, change.summary, change.at) == (
        "flag",
        f"flag new-cart turned {state}",
        NOON,
    )


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({**EVENTS["deployment"], "status": "success"}, "success"),
        ({**EVENTS["deployment"], "status": "created"}, "created"),
        (attributes("pipeline", status="running"), "running"),
        (attributes("pipeline", ref="feature"), "not the default branch"),
        ({**EVENTS["pipeline"], "builds": []}, "without a job that deploys"),
        ({**EVENTS["release"], "action": "update"}, "update"),
        ({**EVENTS["push"], "ref": "refs/heads/x"}, "not the default branch"),
        ({**EVENTS["push"], "checkout_sha": None, "after": "0" * 40}, "deleted"),
        ({"object_kind": "note", **WORLD}, "note"),
    ],
)
def test_what_changes_nothing_is_ignored_with_the_reason(event: dict[str, Any], why: str) -> None:
    parsed = parse(json.dumps(event).encode(), NOON)
    assert parsed.changes == ()
    assert why in parsed.ignored


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "object_kind"),
        ({**EVENTS["deployment"], "deployment_id": None}, "deployment_id"),
        ({**EVENTS["deployment"], "status_changed_at": "then"}, "status_changed_at"),
        ({**EVENTS["deployment"], "project": {}}, "project.path_with_namespace"),
        ({"object_kind": "pipeline", **WORLD}, "object_attributes"),
        (attributes("pipeline", id=None), "object_attributes.id"),
    ],
)
def test_what_is_wrong_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        parse(json.dumps(event).encode(), NOON)
    assert caught.value.field == field
    assert caught.value.remedy

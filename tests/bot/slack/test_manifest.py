from typing import Any

import pytest

from bot.playground.manifest import EVENT_SUBSCRIPTION, read_manifest
from bot.playground.web_api import METHODS
from bot.slack.manifest import EVENTS, SCOPES, manifest
from skills.registry import BUILTIN

URL = "https://bot.example"
SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
}
USED = (
    "auth.test",
    "chat.delete",
    "chat.getPermalink",
    "chat.postEphemeral",
    "chat.postMessage",
    "chat.update",
    "conversations.create",
    "conversations.history",
    "conversations.invite",
    "conversations.list",
    "conversations.open",
    "conversations.replies",
    "conversations.setTopic",
    "files.completeUploadExternal",
    "files.getUploadURLExternal",
    "reactions.get",
    "usergroups.list",
    "usergroups.users.list",
    "users.info",
    "views.open",
    "views.publish",
)
"""What `bot.slack` calls."""


@pytest.fixture
def made() -> dict[str, Any]:
    return manifest(BUILTIN)


def test_every_event_and_every_call_has_its_scope_and_no_scope_is_idle() -> None:
    granted = read_manifest(manifest(BUILTIN))
    assert [name for name in USED if granted.missing(METHODS[name].scopes)] == []
    needed = {SCOPE_OF_EVENT[event] for event in EVENTS if event in SCOPE_OF_EVENT}
    needed |= {scope for name in USED for scope in METHODS[name].scopes}
    assert set(SCOPES) - {"commands"} <= needed
    assert {SCOPE_OF_EVENT[e] for e in EVENTS if e in SCOPE_OF_EVENT} <= set(SCOPES)
    assert set(EVENT_SUBSCRIPTION.values()) <= set(EVENTS)


def test_every_command_of_a_ready_skill_is_there_once(made: dict[str, Any]) -> None:
    commands = [c["command"] for c in made["features"]["slash_commands"]]
    assert commands == sorted({s.command for s in BUILTIN if s.command and s.ready})
    assert {"/incident", "/similar", "/drift", "/promote", "/tandem"} <= set(commands)


def test_it_keeps_to_slacks_limits(made: dict[str, Any]) -> None:
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    for shortcut in made["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    commands = made["features"]["slash_commands"]
    assert len(commands) <= 50
    for command in commands:
        assert len(command["command"]) <= 32
        assert 0 < len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_socket_mode_needs_no_address(made: dict[str, Any]) -> None:
    assert made["settings"]["socket_mode_enabled"]
    assert "url" not in str(made)


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_http_events_have_one_address_everywhere(url: str) -> None:
    made = manifest(BUILTIN, url)
    assert not made["settings"]["socket_mode_enabled"]
    addresses = [
        made["settings"]["event_subscriptions"]["request_url"],
        made["settings"]["interactivity"]["request_url"],
        *(c["url"] for c in made["features"]["slash_commands"]),
    ]
    assert set(addresses) == {f"{URL}/slack/events"}

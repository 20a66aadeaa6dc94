"""Pure: the Slack app manifest, with the fewest scopes that work.

| scope | what needs it |
| --- | --- |
| app_mentions:read | being asked by mention |
| channels:history | reading an incident's thread, finding a card again after a crash |
| channels:manage | opening a channel for an incident |
| channels:read | finding the channel that TANDEM_CHANNEL names |
| chat:write | answering, cards |
| commands | slash commands |
| files:write | pictures |
| im:history | direct messages |
| im:write | finding a page again after a crash, so that nobody is paged twice |
| reactions:read | putting a message on the time line by a reaction |
| usergroups:read | who is in a group that may approve |
| users:read | names instead of ids |
"""

from collections.abc import Sequence
from typing import Any

from skills.contract import Skill
from skills.help import usage

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "im:history",
    "im:write",
    "reactions:read",
    "usergroups:read",
    "users:read",
)
EVENTS = ("app_home_opened", "app_mention", "message.channels", "message.im", "reaction_added")
ADD_TO_TIMELINE = "timeline_add"
"""The callback of the entry in a message's menu."""

_HINTS = {
    "/incident": "[INC-12] | list | ack INC-12",
    "/similar": "<words or INC-12>",
    "/drift": "<model> [24h]",
    "/silence": "<service, alert or labels> [2h] [from 22:00] [because ...]",
    "/oncall": "[service or team]",
    "/ops": "[stats] [30d] [service or team] [times|noise|rules|pages] | monitors [name]",
    "/promote": "<model> <version> [because ...]",
    "/tandem": "[anything, in your own words]",
}


def manifest(skills: Sequence[Skill[Any]], url: str = "") -> dict[str, Any]:
    """For Socket Mode, or for HTTP events when `url` (https://host) is given."""
    events_url = f"{url.rstrip('/')}/slack/events" if url else ""
    address = {"request_url": events_url} if url else {}
    commands = {s.command: s for s in skills if s.command and s.ready}
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": "Tandem",
            "description": "Incidents and models in one place: triage, drift, promotion",
            "background_color": "#1f2a44",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "tandem", "always_online": True},
            "shortcuts": [
                {
                    "name": "Add to time line",
                    "type": "message",
                    "callback_id": ADD_TO_TIMELINE,
                    "description": "Put this message on the time line of an incident",
                }
            ],
            "slash_commands": [
                {
                    "command": command,
                    "description": skill.summary,
                    "usage_hint": _HINTS.get(command) or usage(skill).partition(" ")[2],
                    "should_escape": False,
                    **({"url": events_url} if url else {}),
                }
                for command, skill in sorted(commands.items())
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }

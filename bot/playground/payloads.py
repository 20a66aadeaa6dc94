"""What the app is sent: the outer shapes of events, commands and interactions. Pure."""

import json
from secrets import token_hex
from typing import Any

from bot.playground.workspace import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Person,
)

Json = dict[str, Any]

# Slack still sends its deprecated verification token; apps must not look at it.
TOKEN = "deprecated-use-the-signature"


def event_callback(event: Json, now: float) -> Json:
    """The envelope around one event; its `event_id` stays the same when it is sent again."""
    return {
        "token": TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{token_hex(8)}",
    }


def _channel_name(channel: Channel) -> str:
    return "directmessage" if channel.is_im else channel.name


def slash_command(
    user: Person, channel: Channel, command: str, text: str, response_url: str, trigger_id: str
) -> Json:
    """A slash command: all values are strings, as in a form."""
    return {
        "token": TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def interaction(kind: str, user: Person, **rest: Any) -> Json:
    """What every interaction starts with."""
    return {
        "type": kind,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": TEAM_ID,
        },
        "api_app_id": APP_ID,
        "token": TOKEN,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        **json.loads(json.dumps(rest)),
    }


def channel_stub(channel: Channel) -> Json:
    """The channel as interactions name it."""
    return {"id": channel.id, "name": _channel_name(channel)}


def action(element: Json, block_id: str, chosen: Json, now: float) -> Json:
    """One entry of `actions`: what was pressed, and what was chosen."""
    shown = {
        "type": element["type"],
        "block_id": block_id,
        "action_id": element["action_id"],
        "action_ts": f"{now:.6f}",
        **chosen,
    }
    for name in ("text", "style", "placeholder", "confirm"):
        if name in element:
            shown[name] = element[name]
    return shown

"""What an app's manifest lets it do. Without a manifest everything is allowed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

EVENT_SUBSCRIPTION = {"channel": "message.channels", "im": "message.im"}


@dataclass(frozen=True)
class Command:
    """A slash command. `escape`: @names in its text arrive as `<@U...|name>`."""

    command: str
    description: str = ""
    usage_hint: str = ""
    escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    """`type` is "global" or "message"."""

    name: str
    callback_id: str
    type: str


@dataclass(frozen=True)
class Manifest:
    """None for `scopes` or `events` means: no manifest was given, so all are allowed."""

    name: str = ""
    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None
    commands: tuple[Command, ...] | None = None
    shortcuts: tuple[Shortcut, ...] = ()

    def missing(self, any_of: Collection[str]) -> bool:
        """True if the method needs one of these scopes and the app has none of them."""
        return bool(any_of) and self.scopes is not None and not self.scopes.intersection(any_of)

    def wants(self, event: str) -> bool:
        """`event` as named in a manifest: "message.im", "app_mention" ..."""
        return self.events is None or event in self.events

    def command(self, name: str) -> Command | None:
        """The slash command, or None if the manifest does not list it."""
        if self.commands is None:
            return Command(name)
        return next((c for c in self.commands if c.command == name), None)


def read_manifest(document: Mapping[str, Any] | None) -> Manifest:
    """`document` as in an app manifest (major version 1 or 2)."""
    if document is None:
        return Manifest()
    features = document.get("features", {})
    scopes = document.get("oauth_config", {}).get("scopes", {}).get("bot", ())
    subscriptions = document.get("settings", {}).get("event_subscriptions", {})
    return Manifest(
        name=features.get("bot_user", {}).get("display_name", ""),
        scopes=frozenset(scopes),
        events=frozenset(subscriptions.get("bot_events", ())),
        commands=tuple(
            Command(
                command=c["command"],
                description=c.get("description", ""),
                usage_hint=c.get("usage_hint", ""),
                escape=bool(c.get("should_escape", False)),
            )
            for c in features.get("slash_commands", ())
        ),
        shortcuts=tuple(
            Shortcut(s["name"], s["callback_id"], s["type"]) for s in features.get("shortcuts", ())
        ),
    )

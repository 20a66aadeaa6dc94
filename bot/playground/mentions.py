"""What a person types, as Slack stores it: escaped, with @names and #channels as references."""

import re

from bot.playground.workspace import Workspace

_REFERENCE = re.compile(r"(?<![\w<@#&;/.])([@#])([A-Za-z0-9][A-Za-z0-9._-]*)")
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def escape(text: str) -> str:
    """Slack escapes these three characters and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed(text: str, workspace: Workspace, with_names: bool = False) -> str:
    """`text` as stored. `with_names` writes `<@U1|ben>`, as slash commands that escape get it."""

    def reference(match: re.Match[str]) -> str:
        sign, name = match.groups()
        # "@ben." at the end of a sentence still means ben.
        trimmed = name.rstrip(".-_")
        rest = name[len(trimmed) :]
        if sign == "@" and trimmed in _BROADCASTS:
            return f"<!{trimmed}>{rest}"
        group = workspace.group(trimmed.lower()) if sign == "@" else None
        if group is not None and not group.deleted_at:
            return f"<!subteam^{group.id}{f'|@{group.handle}' if with_names else ''}>{rest}"
        look_up = workspace.person if sign == "@" else workspace.channel
        found = look_up(trimmed.lower())
        if found is None:
            return match.group(0)
        # Slack shows a channel's name in message text only.
        label = f"|{found.name}" if with_names or sign == "#" else ""
        return f"<{sign}{found.id}{label}>{rest}"

    return _REFERENCE.sub(reference, escape(text))


def mentions(text: str, user_id: str) -> bool:
    """True if the stored text mentions this user."""
    return f"<@{user_id}>" in text or f"<@{user_id}|" in text

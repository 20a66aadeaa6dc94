"""`ports.Groups` on Slack's user groups.

https://docs.slack.dev/reference/methods/usergroups.users.list
"""

import re
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from bot.slack import web
from knowledge.errors import NotFound, Unavailable

REMEMBER_HANDLES = 300.0
"""Seconds. Slack allows about twenty lists a minute, and handles are seldom changed; who is in a
group is never remembered, because rights follow from it."""

_ID = re.compile(r"S[A-Z0-9]{5,}")
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})
_NO_PLAN = "plan_upgrade_required"


class SlackGroups:
    """Thread safe. Needs the scope usergroups:read. Groups that are disabled are not there."""

    def __init__(self, client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._handles: tuple[float, dict[str, str]] | None = None
        """When they were listed, and the ids by handle."""

    def members(self, group: str) -> frozenset[str]:
        """As the port says. Raises NotFound with the nearest handles, Unavailable."""
        number = self.id_of(group)
        try:
            answer = self._call("usergroups_users_list", usergroup=number)
        except Unavailable as error:
            if error.why in _NO_GROUP:
                # It was disabled or deleted since; its handle may be another group's by now.
                self._handles = None
                raise NotFound.among("group", group, self._by_handle()) from error
            raise
        return frozenset(str(user) for user in answer["users"])

    def id_of(self, group: str) -> str:
        """The id of a group named by its id or its handle ("@ml-leads", "ml-leads"): what a message
        calls it by. Raises NotFound with the nearest handles, Unavailable."""
        if _ID.fullmatch(group):
            return group
        handle = group.strip().removeprefix("@").lower()
        known = self._by_handle()
        if handle not in known:
            # It may have been made since the list was read.
            self._handles = None
            known = self._by_handle()
        if handle not in known:
            raise NotFound.among("group", group, known)
        return known[handle]

    def _by_handle(self) -> dict[str, str]:
        kept = self._handles
        if kept is not None and self._clock() - kept[0] < REMEMBER_HANDLES:
            return kept[1]
        listed = self._call("usergroups_list")["usergroups"]
        handles = {str(g["handle"]).lower(): str(g["id"]) for g in listed if not g["date_delete"]}
        self._handles = (self._clock(), handles)
        return handles

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return web.call(self._client, method, **arguments)
        except Unavailable as error:
            if error.why.startswith(_NO_PLAN):
                raise Unavailable(
                    "slack", "this workspace has no user groups; name people instead", retry=False
                ) from error
            raise

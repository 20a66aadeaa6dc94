"""Whom a card calls, by what Slack notifies: a message calls a group by its id, policies name it by
its handle."""

from collections.abc import Callable
from dataclasses import replace

from knowledge.errors import NotFound, Unavailable
from skills.contract import Reply


def reachable(reply: Reply, group: Callable[[str], str]) -> Reply:
    """The reply with ids for the handles it calls. `group` may raise NotFound and Unavailable: then
    the handle stays as a word, and the card is drawn all the same."""
    if not any(map(_is_handle, reply.calls)):
        return reply
    return replace(reply, calls=tuple(_id(name, group) for name in reply.calls))


def _id(name: str, group: Callable[[str], str]) -> str:
    if not _is_handle(name):
        return name
    try:
        return group(name)
    except (NotFound, Unavailable):
        return name


def _is_handle(name: str) -> bool:
    return name.startswith("@")

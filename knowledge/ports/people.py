"""Whom to wake and tell: pagers, tickets, channels, groups."""

from collections.abc import Sequence
from typing import Protocol

from knowledge.records import Incident, Ticket


class Pager(Protocol):
    """Wakes people outside Slack: PagerDuty, Opsgenie."""

    @property
    def name(self) -> str: ...

    def page(self, incident: Incident, key: str, text: str) -> str:
        """Raise (or repeat, by the same key) a page; returns where it can be seen, or empty."""
        ...

    def acknowledge(self, key: str) -> None:
        """Somebody has taken the incident: wake nobody else, but keep the page."""
        ...

    def end(self, key: str) -> None:
        """The incident is over."""
        ...


class Tickets(Protocol):
    """Jira, ServiceNow or GitHub issues."""

    @property
    def system(self) -> str: ...

    def create(self, incident: Incident, body: str) -> Ticket: ...

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        """Bring state and severity in step and add the comment, if any."""
        ...


class Rooms(Protocol):
    """Channels of the chat, opened for one incident."""

    def open(self, name: str, topic: str, people: Sequence[str]) -> str:
        """Make a channel (or take the one of that name), invite people; returns its id."""
        ...

    def topic(self, channel: str, topic: str) -> None: ...

    def say(self, channel: str, title: str, text: str, link: str = "") -> str:
        """Post a message in a channel, named by id or as "#status"; `link` leads to more. Returns
        the message's address, or empty."""
        ...


class Groups(Protocol):
    """Groups of people in the chat."""

    def members(self, group: str) -> frozenset[str]:
        """User ids, asked anew each time: rights are checked at the click. By a group's id or its
        handle ("@ml-leads"). Raises NotFound."""
        ...

"""Messages that people put on an incident's time line, by a reaction or by the message's menu.

Each ends as an ordinary Ask for the skill `timeline_add`, so that rights, audit and the card are
dealt with as for any other request.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.ask import Ask, Mark, Place, Way
from bot.ports import Messenger
from bot.turn import explained
from knowledge.errors import TandemError
from knowledge.ports import Incidents
from knowledge.records import Incident, Message
from skills.contract import Call, Form, FormField, Reply

log = logging.getLogger("tandem.marks")

SKILL = "timeline_add"
MOST_CHOICES = 25
MOST_ROOMS = 100
LONGEST_TEXT = 3000
CARRIED = 1800
"""Characters, as JSON, of a text that a window has to remember: Slack takes 3,000 for all of it."""
NO_INCIDENT = Reply(
    "There is no incident yet", text="Open one first, then add the message to its time line."
)


@dataclass(frozen=True)
class Marks:
    """`incident_of` knows whose card heads the thread (channel, ts); `take` handles an Ask."""

    messenger: Messenger
    incidents: Incidents
    incident_of: Callable[[str, str], str]
    take: Callable[[Ask], None]
    emojis: frozenset[str] = frozenset()

    def wants(self, emoji: str) -> bool:
        return emoji in self.emojis

    def reacted(self, mark: Mark) -> None:
        """Put it on its incident's time line; elsewhere a reaction is just a reaction."""
        try:
            message = self.messenger.message(mark.channel, mark.ts)
            incident = self._incident(mark.channel, message)
        except TandemError as error:
            log.warning("%s: %s", mark.id, error)
            return
        if incident:
            self._add(mark, message, incident)

    def picked(self, mark: Mark) -> tuple[Call, Form, Place] | None:
        """Put it there at once when its incident is known; else what to ask, and where."""
        if mark.message is None:
            raise ValueError("a menu's entry comes with its message")
        place = _place(mark, mark.message)
        try:
            url = self.messenger.link(mark.channel, mark.ts)
            message = replace(mark.message, url=url)
            incident = self._incident(mark.channel, message)
            if incident:
                self._add(mark, message, incident)
                return None
            choices = self._choices()
        except TandemError as error:
            log.warning("%s: %s", mark.id, error)
            self._say(place, explained(error))
            return None
        if not choices:
            self._say(place, NO_INCIDENT)
            return None
        return Call(SKILL, _args(message, _shortened(message.text))), _which(choices), place

    def _incident(self, channel: str, message: Message) -> str:
        """The one in whose thread or channel it was said, or empty."""
        headed = self.incident_of(channel, message.thread or message.id)
        if headed:
            return headed
        rooms = self.incidents.find(open_only=True, limit=MOST_ROOMS)
        return next((i.id for i in rooms if i.channel and i.channel == channel), "")

    def _add(self, mark: Mark, message: Message, incident: str) -> None:
        args = {"incident": incident, **_args(message, message.text[:LONGEST_TEXT])}
        place = _place(mark, message)
        self.take(Ask(mark.id, mark.user, Way.BUTTON, place, call=Call(SKILL, args)))

    def _choices(self) -> Sequence[Incident]:
        """Open ones, then the latest that are over: time lines are often completed afterwards."""
        there = self.incidents.find(open_only=True, limit=MOST_CHOICES)
        known = {incident.id for incident in there}
        over = (i for i in self.incidents.find(limit=MOST_CHOICES) if i.id not in known)
        return [*there, *over][:MOST_CHOICES]

    def _say(self, place: Place, reply: Reply) -> None:
        self.messenger.respond(place, reply, replace=False, public=False)


def read_emojis(text: str) -> frozenset[str]:
    """ "pushpin, :memo:" as names."""
    return frozenset(name.strip().strip(":") for name in text.split(",")) - {""}


def _which(choices: Sequence[Incident]) -> Form:
    options = tuple((i.id, f"{i.id} · {i.title}"[:75]) for i in choices)
    field = FormField("incident", "Incident", options=options, initial=options[0][0])
    return Form("Add to time line", (field,), submit="Add")


def _args(message: Message, text: str) -> dict[str, Any]:
    return {
        "user": message.user,
        "at": message.at.isoformat(),
        "text": text,
        "url": message.url,
    }


def _place(mark: Mark, message: Message) -> Place:
    return Place(
        channel=mark.channel,
        thread=message.thread,
        message=mark.ts,
        response_url=mark.response_url,
        trigger=mark.trigger,
    )


def _shortened(text: str) -> str:
    """What a window can carry; the rest stands behind the entry's link."""
    if len(json.dumps(text)) <= CARRIED:
        return text
    while len(json.dumps(text)) > CARRIED:
        text = text[: len(text) * 3 // 4]
    return text.rstrip() + "…"

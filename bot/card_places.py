"""Where an incident's card stands in the chat: its link, and the thread below it."""

from dataclasses import dataclass

from bot.courier import CARD
from bot.ports import Messenger
from knowledge.ports import Outbox
from knowledge.records import Message


@dataclass(frozen=True)
class CardPlaces:
    outbox: Outbox
    messenger: Messenger

    def of(self, incident_id: str) -> tuple[str, str] | None:
        """(channel, ts), once the card was posted."""
        posted = self.outbox.posted(f"{CARD}:{incident_id}")
        return (posted.channel, posted.ts) if posted else None

    def thread(self, incident_id: str) -> tuple[Message, ...]:
        """What people wrote below it, oldest first."""
        place = self.of(incident_id)
        return self.messenger.thread(*place) if place else ()

    def link(self, incident_id: str) -> str:
        """An address that leads people there; empty when there is none."""
        place = self.of(incident_id)
        return self.messenger.link(*place) if place else ""

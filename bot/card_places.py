"""Where the card of an incident or a request stands in the chat: its link, and the thread below."""

from dataclasses import dataclass

from bot.courier import CARD
from bot.ports import Messenger
from knowledge.handovers import KIND as HANDOVER
from knowledge.ports import Outbox
from knowledge.promoting.mover import REQUEST
from knowledge.records import Message
from knowledge.remediation import EXECUTION


@dataclass(frozen=True)
class CardPlaces:
    outbox: Outbox
    messenger: Messenger

    def of(self, subject: str) -> tuple[str, str] | None:
        """(channel, ts), once the card was posted."""
        for kind in (CARD, REQUEST, EXECUTION, HANDOVER):
            posted = self.outbox.posted(f"{kind}:{subject}")
            if posted is not None:
                return posted.channel, posted.ts
        return None

    def thread(self, incident_id: str) -> tuple[Message, ...]:
        """What people wrote below it, oldest first."""
        place = self.of(incident_id)
        return self.messenger.thread(*place) if place else ()

    def link(self, subject: str) -> str:
        """An address that leads people there; empty when there is none."""
        place = self.of(subject)
        return self.messenger.link(*place) if place else ""

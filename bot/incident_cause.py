"""The cause of an incident in a file: ranked and shown as in chat, without Slack and stores."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from bot.text_view import draw
from knowledge.catalogue import Catalogue
from knowledge.causes import Ranking
from knowledge.diagnosis import Gathered, diagnose, from_incident
from knowledge.incident_files import read_incident
from skills.cards.suspects import suspects_card


@dataclass(frozen=True)
class IncidentCase:
    """An incident that can be ranked, as cases of telemetry and of alerts can."""

    found: Gathered

    @property
    def id(self) -> str:
        return self.found.about

    def rank(self) -> Ranking:
        return self._ranking

    def as_text(self) -> str:
        """The card that chat shows, without its buttons."""
        card = suspects_card(self._ranking, self.found, lambda _: "")
        sections = tuple(replace(section, buttons=()) for section in card.sections)
        return draw(replace(card, sections=sections, buttons=()))

    @cached_property
    def _ranking(self) -> Ranking:
        return diagnose(self.found)


def is_incident(document: object) -> bool:
    """Whether a JSON document is an incident, as `tandem summarise` reads them."""
    return isinstance(document, dict) and {"opened_at", "status"} <= document.keys()


def incident_case(text: str, name: str, catalogue: Catalogue | None = None) -> IncidentCase:
    """Raises BadArgs that names the file and the field."""
    incident = read_incident(text, name)
    last = [incident.updated_at, incident.resolved_at or incident.updated_at]
    now = max(*last, *(s.starts_at for s in incident.signals), datetime.min.replace(tzinfo=UTC))
    return IncidentCase(from_incident(incident, now, catalogue))

"""Opsgenie's Alert API: https://docs.opsgenie.com/docs/alert-api"""

from urllib.parse import quote

from knowledge.adapters.rest import Rest
from knowledge.records import Incident, Severity

PRIORITIES = {
    Severity.SEV1: "P1",
    Severity.SEV2: "P2",
    Severity.SEV3: "P3",
    Severity.SEV4: "P5",
}
MOST_MESSAGE = 130
MOST_ALIAS = 512
MOST_DESCRIPTION = 15_000


class Opsgenie:
    """`ports.Pager`. The key is the alias: Opsgenie keeps one open alert of an alias, and counts
    whoever raises it again."""

    name = "Opsgenie"

    def __init__(self, api_key: str, url: str = "https://api.opsgenie.com") -> None:
        self._rest = Rest(self.name, url, {"Authorization": f"GenieKey {api_key}"})

    def page(self, incident: Incident, key: str, text: str) -> str:
        told = "\n".join(f"{s.summary or s.name} {s.url}".strip() for s in incident.firing[:5])
        self._rest.ask(
            "POST",
            "/v2/alerts",
            {
                "message": text[:MOST_MESSAGE],
                "alias": key[:MOST_ALIAS],
                "description": told[:MOST_DESCRIPTION],
                "entity": incident.service[:MOST_ALIAS],
                "source": "Tandem",
                "priority": PRIORITIES[incident.severity],
                "tags": ["tandem", incident.severity.value],
                "details": {"incident": incident.id, "service": incident.service},
            },
        )
        return ""

    def acknowledge(self, key: str) -> None:
        self._about(key, "acknowledge")

    def end(self, key: str) -> None:
        self._about(key, "close")

    def _about(self, key: str, action: str) -> None:
        # The key holds a slash, which must not be one of the path.
        path = f"/v2/alerts/{quote(key[:MOST_ALIAS], safe='')}/{action}"
        self._rest.ask("POST", path, {"source": "Tandem"}, {"identifierType": "alias"})

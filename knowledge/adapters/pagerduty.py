"""PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/"""

from knowledge.adapters.rest import Rest
from knowledge.escalation import OWN_PAGES
from knowledge.records import Incident, Severity

SEVERITIES = {
    Severity.SEV1: "critical",
    Severity.SEV2: "error",
    Severity.SEV3: "warning",
    Severity.SEV4: "info",
}
MOST_SUMMARY = 1024
MOST_KEY = 255


class PagerDuty:
    """`ports.Pager`. The key is the `dedup_key`: while its alert is open, raising it again is one
    more entry in PagerDuty's log and no second page."""

    name = "PagerDuty"

    def __init__(self, routing_key: str, url: str = "https://events.pagerduty.com") -> None:
        self._routing_key = routing_key
        self._rest = Rest(self.name, url)

    def page(self, incident: Incident, key: str, text: str) -> str:
        links = {s.url: s.name for s in incident.signals if s.url.startswith(("http:", "https:"))}
        self._send(
            "trigger",
            key,
            {
                "payload": {
                    "summary": text[:MOST_SUMMARY],
                    "source": incident.service or "tandem",
                    "severity": SEVERITIES[incident.severity],
                    "timestamp": incident.opened_at.isoformat(),
                    "component": incident.service,
                    "class": "incident",
                    "custom_details": {
                        "tandem": f"{OWN_PAGES}{incident.id}",
                        "severity": incident.severity.value,
                        "alerts firing": len(incident.firing),
                        "alerts": [s.summary or s.name for s in incident.firing[:5]],
                    },
                },
                "client": "Tandem",
                "links": [{"href": url, "text": name} for url, name in list(links.items())[:3]],
            },
        )
        return ""

    def acknowledge(self, key: str) -> None:
        self._send("acknowledge", key, {})

    def end(self, key: str) -> None:
        self._send("resolve", key, {})

    def _send(self, action: str, key: str, more: dict[str, object]) -> None:
        event = {
            "routing_key": self._routing_key,
            "event_action": action,
            "dedup_key": key[:MOST_KEY],
        }
        self._rest.ask("POST", "/v2/enqueue", {**event, **more})

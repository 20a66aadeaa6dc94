"""ServiceNow: incidents by the Table API.

https://www.servicenow.com/docs/bundle/latest/page/integrate/inbound-rest/concept/c_TableAPI.html
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from knowledge.adapters.rest import Rest
from knowledge.adapters.tickets import made_for
from knowledge.errors import Unavailable
from knowledge.records import Incident, Severity, Ticket
from knowledge.ticketing import IN_PROGRESS, OPEN, RESOLVED, state_of, title_of

TABLE = "/api/now/table/incident"
STATES = {OPEN: "1", IN_PROGRESS: "2", RESOLVED: "6"}
"""New, In Progress and Resolved, as ServiceNow delivers them."""
WEIGHTS = {
    Severity.SEV1: ("1", "1"),
    Severity.SEV2: ("2", "1"),
    Severity.SEV3: ("2", "2"),
    Severity.SEV4: ("3", "3"),
}
"""Impact and urgency; ServiceNow works the priority out from both."""
FIELDS = "sys_id,number,sys_created_on"


class ServiceNow:
    """`ports.Tickets`."""

    system = "servicenow"

    def __init__(
        self, url: str, user: str, password: str, close_code: str = "Solved (Permanently)"
    ) -> None:
        """`close_code` is one of the instance's own resolution codes."""
        self._url = url.rstrip("/")
        self._close_code = close_code
        headers = {"Accept": "application/json"}
        self._rest = Rest("ServiceNow", self._url, headers, (user, password))

    def create(self, incident: Incident, body: str) -> Ticket:
        made = self._find(incident)
        if made is None:
            fields = {
                "short_description": title_of(incident),
                "description": _plain(body),
                "correlation_id": _correlation(incident),
                "correlation_display": "Tandem",
                "state": STATES[OPEN],
                **_weight(incident),
            }
            made = self._rest.ask("POST", TABLE, fields)["result"]
        url = f"{self._url}/nav_to.do?uri=incident.do?sys_id={made['sys_id']}"
        return Ticket(self.system, str(made["number"]), url, OPEN)

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        wanted = state_of(incident)
        fields: dict[str, str] = _weight(incident)
        if comment:
            fields["work_notes"] = _plain(comment)
        if wanted != ticket.status:
            fields["state"] = STATES[wanted]
        if wanted == RESOLVED and wanted != ticket.status:
            fields["close_code"] = self._close_code
            fields["close_notes"] = _plain(incident.resolution) or "The alerts have ended."
        self._rest.ask("PATCH", f"{TABLE}/{self._sys_id(ticket)}", fields)
        return replace(ticket, status=wanted)

    def _find(self, incident: Incident) -> dict[str, Any] | None:
        query = f"correlation_id={_correlation(incident)}^ORDERBYDESCsys_created_on"
        found = self._query(query)
        if not found or not made_for(incident, _created(found[0])):
            return None
        return found[0]

    def _sys_id(self, ticket: Ticket) -> str:
        found = self._query(f"number={ticket.key}")
        if not found:
            raise Unavailable("ServiceNow", f"{ticket.key} is not there any more", retry=False)
        return str(found[0]["sys_id"])

    def _query(self, query: str) -> list[dict[str, Any]]:
        asked = {"sysparm_query": query, "sysparm_limit": "1", "sysparm_fields": FIELDS}
        found: list[dict[str, Any]] = self._rest.ask("GET", TABLE, params=asked).get("result") or []
        return found


def _correlation(incident: Incident) -> str:
    return f"tandem/{incident.id}"


def _weight(incident: Incident) -> dict[str, str]:
    impact, urgency = WEIGHTS[incident.severity]
    return {"impact": impact, "urgency": urgency}


def _created(row: dict[str, Any]) -> datetime:
    """The API gives times in UTC."""
    return datetime.strptime(str(row["sys_created_on"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _plain(text: str) -> str:
    """Between [code] and [/code] ServiceNow draws HTML; text of alerts must not."""
    return text.replace("[code]", "[ code]").replace("[/code]", "[ /code]")

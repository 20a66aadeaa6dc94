"""GitHub issues: https://docs.github.com/en/rest/issues"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from knowledge.adapters.rest import Rest
from knowledge.adapters.tickets import made_for
from knowledge.records import Incident, Severity, Ticket
from knowledge.ticketing import OPEN, RESOLVED, marker, state_of, title_of

LABEL = "incident"
_CLOSED = {"state": "closed", "state_reason": "completed"}
_REOPENED = {"state": "open", "state_reason": "reopened"}
SEVERITIES = frozenset(severity.lower() for severity in Severity)


class GitHub:
    """`ports.Tickets`. An issue is open or closed; severity is a label."""

    system = "github"

    def __init__(self, repository: str, token: str, url: str = "https://api.github.com") -> None:
        """`repository` is owner/name."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._rest = Rest("GitHub", f"{url.rstrip('/')}/repos/{repository}/issues", headers)

    def create(self, incident: Incident, body: str) -> Ticket:
        issue = self._find(incident)
        if issue is None:
            issue = self._rest.ask(
                "POST",
                "",
                {
                    "title": title_of(incident),
                    "body": _quiet(body),
                    "labels": [LABEL, incident.severity.lower(), marker(incident)],
                },
            )
        return Ticket(self.system, str(issue["number"]), str(issue["html_url"]), OPEN)

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        issue = self._rest.ask("GET", f"/{ticket.key}")
        wanted = state_of(incident)
        change: dict[str, Any] = {}
        if RESOLVED in (wanted, ticket.status) and wanted != ticket.status:
            change |= _CLOSED if wanted == RESOLVED else _REOPENED
        labels = [str(label["name"]) for label in issue.get("labels", ())]
        kept = [label for label in labels if label.lower() not in SEVERITIES]
        if incident.severity.lower() not in map(str.lower, labels) or len(labels) > len(kept) + 1:
            change["labels"] = [*kept, incident.severity.lower()]
        if change:
            self._rest.ask("PATCH", f"/{ticket.key}", change)
        # Last: had the others to be tried again, the comment would be there twice.
        if comment:
            self._rest.ask("POST", f"/{ticket.key}/comments", {"body": _quiet(comment)})
        return replace(ticket, status=wanted)

    def _find(self, incident: Incident) -> dict[str, Any] | None:
        asked = {"labels": marker(incident), "state": "all", "per_page": "1"}
        found = self._rest.ask("GET", "", params=asked)
        if not found:
            return None
        issue: dict[str, Any] = found[0]
        created = datetime.fromisoformat(str(issue["created_at"]).replace("Z", "+00:00"))
        return issue if made_for(incident, created) else None


def _quiet(text: str) -> str:
    """No text of an alert calls people or links other issues: "@all", "#1"."""
    return text.replace("@", "@\u200b").replace("#", "#\u200b")

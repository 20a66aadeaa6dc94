"""Jira: Cloud by its REST API v3 (texts are documents), Data Center by v2 (texts are texts).

https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

import logging
from dataclasses import replace
from typing import Any

from knowledge.adapters.rest import Rest
from knowledge.adapters.tickets import MARGIN
from knowledge.errors import Unavailable
from knowledge.records import Incident, Severity, Ticket
from knowledge.ticketing import IN_PROGRESS, OPEN, RESOLVED, marker, state_of, title_of

log = logging.getLogger("tandem.tickets")

PRIORITIES = {
    Severity.SEV1: "Highest",
    Severity.SEV2: "High",
    Severity.SEV3: "Medium",
    Severity.SEV4: "Low",
}
CATEGORIES = {OPEN: "new", IN_PROGRESS: "indeterminate", RESOLVED: "done"}
"""Every Jira status is in one of these three categories, whatever its name."""
NAMES = {
    OPEN: ("to do", "open", "reopened", "new", "backlog"),
    IN_PROGRESS: ("in progress", "work in progress", "start progress"),
    RESOLVED: ("done", "resolved", "resolve issue", "closed", "close issue"),
}
"""Which status or transition is preferred where several lead to a category."""


class Jira:
    """`ports.Tickets`."""

    system = "jira"

    def __init__(
        self, url: str, user: str, token: str, project: str, issue_type: str = "Task"
    ) -> None:
        """With `user`, an e-mail address, it is Jira Cloud; without, the token is a personal one of
        a Jira of one's own."""
        self._url = url.rstrip("/")
        self._project = project
        self._issue_type = issue_type
        self._cloud = bool(user)
        version = 3 if self._cloud else 2
        headers = {"Accept": "application/json"}
        auth = (user, token) if self._cloud else None
        if not self._cloud:
            headers["Authorization"] = f"Bearer {token}"
        self._rest = Rest("Jira", f"{self._url}/rest/api/{version}", headers, auth)

    def create(self, incident: Incident, body: str) -> Ticket:
        key = self._find(incident) or self._create(incident, body)
        return Ticket(self.system, key, f"{self._url}/browse/{key}", OPEN)

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        self._set_priority(ticket.key, incident)
        wanted = state_of(incident)
        if wanted != ticket.status:
            self._move(ticket.key, wanted)
        # Last: had one of the others to be tried again, the comment would be there twice.
        if comment:
            self._ask("POST", f"/issue/{ticket.key}/comment", {"body": self._text(comment)})
        return replace(ticket, status=wanted)

    def _find(self, incident: Incident) -> str:
        since = incident.opened_at - MARGIN
        query = (
            f'project = "{self._project}" AND labels = "{marker(incident)}" '
            f'AND created >= "{since:%Y-%m-%d}"'
        )
        path = "/search/jql" if self._cloud else "/search"
        asked = {"jql": query, "fields": ["summary"], "maxResults": 1}
        found = self._ask("POST", path, asked).get("issues") or []
        return str(found[0]["key"]) if found else ""

    def _create(self, incident: Incident, body: str) -> str:
        fields: dict[str, Any] = {
            "project": {"key": self._project},
            "issuetype": {"name": self._issue_type},
            "summary": title_of(incident),
            "description": self._text(body),
            "labels": ["incident", marker(incident)],
        }
        priority = {"priority": {"name": PRIORITIES[incident.severity]}}
        try:
            made = self._ask("POST", "/issue", {"fields": {**fields, **priority}})
        except Unavailable as error:
            if error.retry or "priority" not in error.why:
                raise
            # Projects may have priorities of their own, or none on the screen.
            made = self._ask("POST", "/issue", {"fields": fields})
        return str(made["key"])

    def _set_priority(self, key: str, incident: Incident) -> None:
        fields = {"priority": {"name": PRIORITIES[incident.severity]}}
        try:
            self._ask("PUT", f"/issue/{key}", {"fields": fields})
        except Unavailable as error:
            if error.retry or "priority" not in error.why:
                raise

    def _move(self, key: str, wanted: str) -> None:
        offered = self._ask("GET", f"/issue/{key}/transitions").get("transitions") or []
        fitting = [t for t in offered if _category(t) == CATEGORIES[wanted]]
        if not fitting:
            log.warning("%s: no transition leads to %r; its state stays as it is", key, wanted)
            return
        best = min(fitting, key=lambda t: _rank(t, NAMES[wanted]))
        self._ask("POST", f"/issue/{key}/transitions", {"transition": {"id": best["id"]}})

    def _text(self, text: str) -> Any:
        return document(text) if self._cloud else text

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._rest.ask(method, path, body)
        return answer if isinstance(answer, dict) else {}


def document(text: str) -> dict[str, Any]:
    """Plain text as an Atlassian document: one paragraph, its lines kept."""
    content: list[dict[str, Any]] = []
    for line in text.splitlines():
        content += [{"type": "hardBreak"}] if content else []
        # A text node must not be empty.
        content += [{"type": "text", "text": line}] if line else []
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


def _category(transition: dict[str, Any]) -> str:
    return str(((transition.get("to") or {}).get("statusCategory") or {}).get("key", ""))


def _rank(transition: dict[str, Any], preferred: tuple[str, ...]) -> int:
    names = (str((transition.get("to") or {}).get("name", "")), str(transition.get("name", "")))
    ranks = [preferred.index(n.lower()) for n in names if n.lower() in preferred]
    return min(ranks, default=len(preferred))

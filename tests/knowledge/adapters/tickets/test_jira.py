"""Against a double of Jira's REST API, version 3 (Cloud) and 2 (Data Center)."""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.tickets.jira import Jira, document
from knowledge.errors import Unavailable
from knowledge.incidents import acknowledge, open_from, reopen, resolve
from knowledge.records import Incident, Severity, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Won't do": "done", "Done": "done"}
Serve = Callable[[Any], str]


@dataclass
class Issue:
    fields: dict[str, Any]
    created: str = "2026-03-05"
    status: str = "To Do"
    comments: list[Any] = field(default_factory=list)


@dataclass
class Site:
    """A project OPS whose issues may go from any status to any other."""

    version: int = 3
    priorities: tuple[str, ...] = ("Highest", "High", "Medium", "Low")
    issues: dict[str, Issue] = field(default_factory=dict)
    moves: int = 0
    busy: bool = False

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if not self._known(headers.get("authorization", "")):
            return 401, {"message": "Client must be authenticated to access this resource."}
        if self.busy:
            return 503, {"errorMessages": ["Jira is being restarted"]}
        prefix = f"/rest/api/{self.version}"
        if not path.startswith(prefix):
            return 404, {"errorMessages": ["dead link"]}
        match [method, *path.removeprefix(prefix).strip("/").split("/")]:
            case ["POST", "search", "jql"] if self.version == 3:
                return self._search(body["jql"])
            case ["POST", "search"] if self.version == 2:
                return self._search(body["jql"])
            case ["POST", "issue"]:
                return self._create(body["fields"])
            case [_, "issue", key, *rest] if key in self.issues:
                return self._about(self.issues[key], method, rest, body)
        return 404, {"errorMessages": ["Issue does not exist or you do not have permission"]}

    def _known(self, authorization: str) -> bool:
        if self.version == 2:
            return authorization == "Bearer secret"
        scheme, _, value = authorization.partition(" ")
        return scheme == "Basic" and b64decode(value) == b"bot@example.com:secret"

    def _search(self, jql: str) -> tuple[int, Any]:
        found = re.fullmatch(
            r'project = "(\w+)" AND labels = "([\w-]+)" AND created >= "([\d-]+)"', jql
        )
        if found is None:
            return 400, {"errorMessages": ["Error in the JQL Query"]}
        hits = [
            {"key": key}
            for key, issue in self.issues.items()
            if found[2] in issue.fields["labels"] and issue.created >= found[3]
        ]
        return 200, {"issues": hits}

    def _create(self, fields: dict[str, Any]) -> tuple[int, Any]:
        wrong = self._wrong(fields)
        if wrong:
            return 400, {"errorMessages": [], "errors": wrong}
        key = f"OPS-{len(self.issues) + 1}"
        self.issues[key] = Issue(fields)
        return 201, {"id": "10000", "key": key, "self": "x"}

    def _wrong(self, fields: dict[str, Any]) -> dict[str, str]:
        wrong = {}
        if fields.get("project", {"key": "OPS"}) != {"key": "OPS"}:
            wrong["project"] = "valid project is required"
        if len(fields.get("summary", "")) > 255:
            wrong["summary"] = "Summary must be less than 255 characters."
        if "description" in fields and not self._is_text(fields["description"]):
            wrong["description"] = "Operation value must be an Atlassian Document"
        if "priority" in fields and fields["priority"]["name"] not in self.priorities:
            wrong["priority"] = "Field 'priority' cannot be set."
        return wrong

    def _is_text(self, text: Any) -> bool:
        if self.version == 2:
            return isinstance(text, str)
        nodes = [n for p in text["content"] for n in p["content"]]
        whole = all(n["type"] == "hardBreak" or n["text"] for n in nodes)
        return (text["type"], text["version"]) == ("doc", 1) and whole

    def _about(self, issue: Issue, method: str, rest: list[str], body: Any) -> tuple[int, Any]:
        match [method, *rest]:
            case ["PUT"]:
                wrong = self._wrong(body["fields"])
                issue.fields |= {} if wrong else body["fields"]
                return (400, {"errorMessages": [], "errors": wrong}) if wrong else (204, None)
            case ["GET", "transitions"]:
                return 200, {"transitions": _transitions()}
            case ["POST", "transitions"]:
                self.moves += 1
                issue.status = list(CATEGORIES)[int(body["transition"]["id"])]
                return 204, None
            case ["POST", "comment"] if self._is_text(body["body"]):
                issue.comments.append(body["body"])
                return 201, {"id": "1"}
        return 400, {"errorMessages": ["bad request"]}


def _transitions() -> list[dict[str, Any]]:
    return [
        {"id": str(n), "name": f"Go {name}", "to": {"name": name, "statusCategory": {"key": c}}}
        for n, (name, c) in enumerate(CATEGORIES.items())
    ]


def incident(**given: Any) -> Incident:
    signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
    return replace(open_from((signal,), NOON), id="INC-12", **given)


def cloud(serve: Serve, site: Site, project: str = "OPS") -> Jira:
    return Jira(serve(site), "bot@example.com", "secret", project)


def test_a_ticket_is_opened_once_also_after_a_crash(serve: Serve) -> None:
    site = Site()
    jira = cloud(serve, site)
    first = jira.create(incident(), "line one\n\nline two")
    assert jira.create(incident(), "again") == first
    assert (first.system, first.key, first.status) == ("jira", "OPS-1", "open")
    assert first.url.endswith("/browse/OPS-1")
    fields = site.issues["OPS-1"].fields
    assert fields["summary"] == "SEV1 checkout: High error rate"
    assert fields["priority"] == {"name": "Highest"}
    assert fields["labels"] == ["incident", "tandem-inc-12"]


def test_the_ticket_of_a_store_that_is_gone_is_another_ones(serve: Serve) -> None:
    site = Site(issues={"OPS-1": Issue({"labels": ["tandem-inc-12"]}, created="2025-11-01")})
    assert cloud(serve, site).create(incident(), "x").key == "OPS-2"


def test_it_is_kept_in_step(serve: Serve) -> None:
    site = Site()
    jira = cloud(serve, site)
    ticket = jira.create(incident(), "x")
    taken = acknowledge(incident(), "U1", NOON)
    ticket = jira.update(ticket, replace(taken, severity=Severity.SEV2), "taken")
    issue = site.issues["OPS-1"]
    assert (issue.status, issue.fields["priority"]) == ("In Progress", {"name": "High"})
    assert issue.comments == [document("taken")]
    over = resolve(taken, "U1", NOON, "rolled back")
    ticket = jira.update(ticket, over, "")
    assert (issue.status, ticket.status, len(issue.comments)) == ("Done", "resolved", 1)
    ticket = jira.update(ticket, reopen(over, "U1", NOON), "")
    assert (issue.status, ticket.status) == ("To Do", "open")


def test_a_status_that_people_chose_stays_while_ours_does_not_change(serve: Serve) -> None:
    site = Site()
    jira = cloud(serve, site)
    ticket = jira.create(incident(), "x")
    site.issues["OPS-1"].status = "Done"
    jira.update(ticket, incident(), "a note")
    assert (site.issues["OPS-1"].status, site.moves) == ("Done", 0)


def test_a_project_with_other_priorities_gets_its_tickets_without(serve: Serve) -> None:
    site = Site(priorities=("P1", "P2"))
    jira = cloud(serve, site)
    ticket = jira.create(incident(), "x")
    jira.update(ticket, resolve(incident(), "U1", NOON), "over")
    assert "priority" not in site.issues["OPS-1"].fields
    assert site.issues["OPS-1"].status == "Done"


def test_data_center_takes_texts_and_a_token(serve: Serve) -> None:
    site = Site(version=2)
    jira = Jira(serve(site), "", "secret", "OPS")
    ticket = jira.create(incident(), "x\ny")
    assert jira.create(incident(), "again") == ticket
    jira.update(ticket, incident(), "a note")
    assert site.issues["OPS-1"].fields["description"] == "x\ny"
    assert site.issues["OPS-1"].comments == ["a note"]


def test_what_jira_refuses_is_told_in_its_words(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="Jira: answers 400: project: valid project") as raised:
        cloud(serve, Site(), project="NONE").create(incident(), "x")
    assert not raised.value.retry
    with pytest.raises(Unavailable, match="answers 401: Client must be authenticated"):
        Jira(serve(Site()), "bot@example.com", "wrong", "OPS").create(incident(), "x")


def test_a_jira_that_restarts_is_tried_again(serve: Serve) -> None:
    site = Site()
    jira = cloud(serve, site)
    ticket = jira.create(incident(), "x")
    site.busy = True
    with pytest.raises(Unavailable, match="being restarted") as raised:
        jira.update(ticket, incident(), "note")
    assert raised.value.retry


@pytest.mark.parametrize("text", ["", "\n\n", "one", "one\n\ntwo\n"])
def test_documents_hold_no_empty_text(text: str) -> None:
    nodes = document(text)["content"][0]["content"]
    assert all(node["type"] == "hardBreak" or node["text"] for node in nodes)


def test_lines_of_a_text_stay_lines() -> None:
    nodes = document("one\n\ntwo\n")["content"][0]["content"]
    assert [node.get("text", "|") for node in nodes] == ["one", "|", "|", "two"]

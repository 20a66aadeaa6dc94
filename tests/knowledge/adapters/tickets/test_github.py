"""Against a double of GitHub's REST API for issues."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.tickets.github import GitHub
from knowledge.errors import Unavailable
from knowledge.incidents import acknowledge, open_from, reopen, resolve
from knowledge.records import Incident, Severity, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
Issue = dict[str, Any]
Serve = Callable[[Any], str]


@dataclass
class Repository:
    """/repos/acme/ops/issues."""

    issues: list[Issue] = field(default_factory=list)
    created: str = "2026-03-05T12:00:01Z"
    limited: bool = False

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any] | tuple[int, Any, Mapping[str, str]]:
        if headers.get("authorization") != "Bearer secret":
            return 401, {"message": "Bad credentials"}
        if headers.get("accept") != "application/vnd.github+json" or not headers.get("user-agent"):
            return 403, {"message": "Request forbidden by administrative rules"}
        if self.limited:
            said = {"message": "You have exceeded a secondary rate limit"}
            return 403, said, {"Retry-After": "60"}
        if not path.startswith("/repos/acme/ops/issues"):
            return 404, {"message": "Not Found"}
        match [method, *path.removeprefix("/repos/acme/ops/issues").strip("/").split("/")]:
            case ["GET", ""]:
                return 200, self._labelled(query)
            case ["POST", ""]:
                return 201, self._create(body)
            case ["GET", number]:
                return 200, self._at(number)
            case ["PATCH", number]:
                return self._change(self._at(number), body)
            case ["POST", number, "comments"]:
                self._at(number)["said"].append(body["body"])
                return 201, {"id": 1}
        return 404, {"message": "Not Found"}

    def _labelled(self, query: Mapping[str, str]) -> list[Issue]:
        def fits(issue: Issue) -> bool:
            named = query["labels"] in [label["name"] for label in issue["labels"]]
            return named and query.get("state", "open") in ("all", issue["state"])

        return [i for i in reversed(self.issues) if fits(i)][: int(query["per_page"])]

    def _create(self, body: Issue) -> Issue:
        number = len(self.issues) + 1
        issue = {
            "number": number,
            "html_url": f"https://github.example.com/acme/ops/issues/{number}",
            "created_at": self.created,
            "state": "open",
            "state_reason": None,
            "said": [],
            **body,
            "labels": [{"name": name} for name in body["labels"]],
        }
        self.issues.append(issue)
        return issue

    def _at(self, number: str) -> Issue:
        return self.issues[int(number) - 1]

    def _change(self, issue: Issue, body: Issue) -> tuple[int, Any]:
        if body.get("state_reason") not in (None, "completed", "not_planned", "reopened"):
            return 422, {"message": "Validation Failed"}
        labels = [{"name": name} for name in body.pop("labels", [])] or issue["labels"]
        issue |= {**body, "labels": labels}
        return 200, issue


def incident(**given: Any) -> Incident:
    signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
    return replace(open_from((signal,), NOON), id="INC-12", **given)


def opened(serve: Serve, repository: Repository) -> GitHub:
    return GitHub("acme/ops", "secret", serve(repository))


def labels(issue: Issue) -> list[str]:
    return [label["name"] for label in issue["labels"]]


def test_an_issue_is_opened_once_also_after_a_crash(serve: Serve) -> None:
    repository = Repository()
    system = opened(serve, repository)
    first = system.create(incident(), "what is known")
    assert system.create(incident(), "again") == first
    assert (first.system, first.key) == ("github", "1")
    assert first.url == "https://github.example.com/acme/ops/issues/1"
    (issue,) = repository.issues
    assert issue["title"] == "SEV1 checkout: High error rate"
    assert labels(issue) == ["incident", "sev1", "tandem-inc-12"]


def test_the_issue_of_a_store_that_is_gone_is_another_ones(serve: Serve) -> None:
    repository = Repository(created="2025-11-01T00:00:00Z")
    system = opened(serve, repository)
    assert system.create(incident(), "x").key == "1"
    assert system.create(incident(), "x").key == "2"


def test_it_is_kept_in_step_and_peoples_labels_stay(serve: Serve) -> None:
    repository = Repository()
    system = opened(serve, repository)
    ticket = system.create(incident(), "x")
    (issue,) = repository.issues
    issue["labels"].append({"name": "payments"})
    taken = replace(acknowledge(incident(), "U1", NOON), severity=Severity.SEV3)
    ticket = system.update(ticket, taken, "ada took it")
    assert labels(issue) == ["incident", "tandem-inc-12", "payments", "sev3"]
    assert (issue["state"], issue["said"]) == ("open", ["ada took it"])
    over = resolve(taken, "U1", NOON, "rolled back")
    ticket = system.update(ticket, over, "")
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    ticket = system.update(ticket, reopen(over, "U1", NOON), "")
    assert (issue["state"], issue["state_reason"], ticket.status) == ("open", "reopened", "open")


def test_one_that_people_closed_stays_closed_while_ours_goes_on(serve: Serve) -> None:
    repository = Repository()
    system = opened(serve, repository)
    ticket = system.create(incident(), "x")
    repository.issues[0]["state"] = "closed"
    system.update(ticket, acknowledge(incident(), "U1", NOON), "")
    assert repository.issues[0]["state"] == "closed"


def test_text_of_alerts_calls_nobody_and_links_nothing(serve: Serve) -> None:
    repository = Repository()
    system = opened(serve, repository)
    system.update(system.create(incident(), "@acme/all see #7"), incident(), "@ada fixes #1")
    said = [repository.issues[0]["body"], *repository.issues[0]["said"]]
    assert said == ["@\u200bacme/all see #\u200b7", "@\u200bada fixes #\u200b1"]


def test_refusals(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="answers 401: Bad credentials") as raised:
        GitHub("acme/ops", "wrong", serve(Repository())).create(incident(), "x")
    assert not raised.value.retry
    with pytest.raises(Unavailable, match="answers 404: Not Found"):
        GitHub("acme/none", "secret", serve(Repository())).create(incident(), "x")
    with pytest.raises(Unavailable, match="asks to wait 60 s: You have exceeded") as raised:
        opened(serve, Repository(limited=True)).create(incident(), "x")
    assert raised.value.retry

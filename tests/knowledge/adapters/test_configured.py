from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from knowledge.adapters.configured import AllPagers, make_pagers, make_tickets, make_trainer
from knowledge.errors import Unavailable, UserError
from knowledge.incidents import declare
from knowledge.records import Incident, Severity

JIRA = {"jira_url": "https://j.example.com", "jira_token": "t", "jira_project": "OPS"}
SERVICENOW = {
    "servicenow_url": "https://s.example.com",
    "servicenow_user": "bot",
    "servicenow_password": "p",
}
GITHUB = {"github_repository": "acme/ops", "github_token": "t"}


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_nothing_is_configured_at_first() -> None:
    assert make_pagers(settings()) is None
    assert make_tickets(settings()) == ()


def test_pagers_alone_and_together() -> None:
    one = make_pagers(settings(pagerduty_routing_key="r" * 32))
    both = make_pagers(settings(pagerduty_routing_key="r" * 32, opsgenie_api_key="k"))
    assert one is not None
    assert both is not None
    assert (one.name, both.name) == ("PagerDuty", "PagerDuty and Opsgenie")


def test_ticket_systems() -> None:
    found = make_tickets(settings(**JIRA, **SERVICENOW, **GITHUB))
    assert [tickets.system for tickets in found] == ["jira", "servicenow", "github"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (JIRA | {"jira_token": ""}, "JIRA_TOKEN is not set"),
        (JIRA | {"jira_project": ""}, "JIRA_PROJECT is not set"),
        (SERVICENOW | {"servicenow_user": ""}, "SERVICENOW_USER is not set"),
        (SERVICENOW | {"servicenow_password": ""}, "SERVICENOW_PASSWORD is not set"),
        (GITHUB | {"github_token": ""}, "GITHUB_TOKEN is not set"),
        (GITHUB | {"github_repository": "ops"}, "'ops' is not owner/name"),
    ],
)
def test_what_is_configured_by_half_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        make_tickets(settings(**given))


def test_trainers_of_a_file_and_of_an_address(tmp_path: Path) -> None:
    assert make_trainer(settings()) is None
    example = Path(__file__).parents[3] / "deploy" / "trainers.toml"
    with pytest.raises(UserError, match=r"AIRFLOW_PASSWORD is not set\. trainer airflow-prod"):
        make_trainer(settings(tandem_trainers=example), lambda name: "")
    trainer = make_trainer(settings(tandem_trainers=example), lambda name: "secret")
    assert trainer is not None
    assert trainer.name == "airflow-prod, argo, kubeflow, sagemaker, actions, jenkins, in-house"
    assert trainer.recipe("eta-model").trainer == "argo"
    with pytest.raises(UserError, match="TANDEM_RETRAIN_SECRET is not set"):
        make_trainer(settings(tandem_retrain_url="https://t.example"))
    with pytest.raises(UserError, match="TANDEM_TRAINERS"):
        make_trainer(settings(tandem_trainers=tmp_path / "none.toml"))


@dataclass
class Bell:
    name: str
    fails: Unavailable | None = None
    heard: list[str] = field(default_factory=list)

    def page(self, incident: Incident, key: str, text: str) -> str:
        self._ring("page")
        return f"https://{self.name}.example.com"

    def acknowledge(self, key: str) -> None:
        self._ring("acknowledge")

    def end(self, key: str) -> None:
        self._ring("end")

    def _ring(self, what: str) -> None:
        if self.fails:
            raise self.fails
        self.heard.append(what)


INCIDENT = declare("x", "", Severity.SEV1, "U1", datetime(2026, 3, 5, tzinfo=UTC))


def test_each_is_asked_also_when_another_one_fails() -> None:
    for_good = Unavailable("a", "wrong key", retry=False)
    one, two, three = Bell("a", for_good), Bell("b"), Bell("c", Unavailable("c", "busy"))
    pagers = AllPagers((one, two, three))
    with pytest.raises(Unavailable, match="busy"):
        pagers.page(INCIDENT, "k", "x")
    three.fails = None
    for do in (pagers.acknowledge, pagers.end):
        with pytest.raises(Unavailable, match="wrong key"):
            do("k")
    assert (one.heard, two.heard) == ([], ["page", "acknowledge", "end"])


def test_where_it_can_be_seen() -> None:
    assert AllPagers((Bell("a"), Bell("b"))).page(INCIDENT, "k", "x") == "https://a.example.com"

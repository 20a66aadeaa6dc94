"""Settings -> the pagers, ticket systems and trainers that are configured."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from dotenv import dotenv_values
from pydantic import SecretStr

from knowledge.adapters.opsgenie import Opsgenie
from knowledge.adapters.pagerduty import PagerDuty
from knowledge.adapters.tickets.github import GitHub
from knowledge.adapters.tickets.jira import Jira
from knowledge.adapters.tickets.servicenow import ServiceNow
from knowledge.adapters.trainers import Trainers, open_trainers
from knowledge.errors import Unavailable, UserError
from knowledge.ports import Pager, Tickets
from knowledge.records import Incident
from knowledge.secret_files import find_secret
from knowledge.training.file import Environment, TrainersFile, read_trainers


class PagerSettings(Protocol):
    @property
    def pagerduty_routing_key(self) -> SecretStr: ...
    @property
    def pagerduty_url(self) -> str: ...
    @property
    def opsgenie_api_key(self) -> SecretStr: ...
    @property
    def opsgenie_url(self) -> str: ...


class TicketSettings(Protocol):
    @property
    def jira_url(self) -> str: ...
    @property
    def jira_user(self) -> str: ...
    @property
    def jira_token(self) -> SecretStr: ...
    @property
    def jira_project(self) -> str: ...
    @property
    def servicenow_url(self) -> str: ...
    @property
    def servicenow_user(self) -> str: ...
    @property
    def servicenow_password(self) -> SecretStr: ...
    @property
    def github_api_url(self) -> str: ...
    @property
    def github_repository(self) -> str: ...
    @property
    def github_token(self) -> SecretStr: ...


class TrainerSettings(Protocol):
    @property
    def tandem_trainers(self) -> Path | None: ...
    @property
    def tandem_retrain_url(self) -> str: ...
    @property
    def tandem_retrain_secret(self) -> SecretStr: ...


def make_pagers(settings: PagerSettings) -> Pager | None:
    """Whatever wakes people outside Slack: none, one, or both as one."""
    pagers: list[Pager] = []
    if key := settings.pagerduty_routing_key.get_secret_value():
        pagers.append(PagerDuty(key, settings.pagerduty_url))
    if key := settings.opsgenie_api_key.get_secret_value():
        pagers.append(Opsgenie(key, settings.opsgenie_url))
    return pagers[0] if len(pagers) == 1 else AllPagers(pagers) if pagers else None


def make_tickets(settings: TicketSettings) -> tuple[Tickets, ...]:
    """The ticket systems that are configured. Raises UserError for one that is so by half."""
    found: list[Tickets] = []
    if settings.jira_url:
        token = _needed("JIRA_TOKEN", settings.jira_token)
        if not settings.jira_project:
            raise UserError("JIRA_PROJECT is not set. Set it to the project's key, such as OPS.")
        found.append(Jira(settings.jira_url, settings.jira_user, token, settings.jira_project))
    if settings.servicenow_url:
        password = _needed("SERVICENOW_PASSWORD", settings.servicenow_password)
        if not settings.servicenow_user:
            raise UserError("SERVICENOW_USER is not set. Set it to a user who may write incidents.")
        found.append(ServiceNow(settings.servicenow_url, settings.servicenow_user, password))
    if settings.github_repository:
        token = _needed("GITHUB_TOKEN", settings.github_token)
        if settings.github_repository.count("/") != 1:
            raise UserError(f"GITHUB_REPOSITORY: {settings.github_repository!r} is not owner/name.")
        found.append(GitHub(settings.github_repository, token, settings.github_api_url))
    return tuple(found)


def environment(name: str) -> str:
    """A secret as the settings read theirs: the variable, or the file that NAME_FILE names, from
    the environment, then a .env file in the folder where Tandem starts. Empty where it is set
    nowhere."""
    return find_secret(name, os.environ, dotenv_values(".env"))


def make_trainer(
    settings: TrainerSettings, environment: Environment = environment
) -> Trainers | None:
    """None where nothing trains. Raises UserError naming the file, the field and the remedy, or the
    secret that is not set."""
    path, url = settings.tandem_trainers, settings.tandem_retrain_url
    file = read_trainers(path) if path else TrainersFile()
    secret = _needed("TANDEM_RETRAIN_SECRET", settings.tandem_retrain_secret) if url else ""
    return open_trainers(file, environment, url, secret)


class AllPagers:
    """Several pagers as one: each is asked, also when another one fails."""

    def __init__(self, pagers: Sequence[Pager]) -> None:
        self._pagers = tuple(pagers)

    @property
    def name(self) -> str:
        return " and ".join(pager.name for pager in self._pagers)

    def page(self, incident: Incident, key: str, text: str) -> str:
        pages: list[str] = []
        self._each(lambda pager: pages.append(pager.page(incident, key, text)))
        return next(filter(None, pages), "")

    def acknowledge(self, key: str) -> None:
        self._each(lambda pager: pager.acknowledge(key))

    def end(self, key: str) -> None:
        self._each(lambda pager: pager.end(key))

    def _each(self, do: Callable[[Pager], None]) -> None:
        """Raises what may heal first: the key makes asking all of them again harmless."""
        failed: list[Unavailable] = []
        for pager in self._pagers:
            try:
                do(pager)
            except Unavailable as error:
                failed.append(error)
        if failed:
            raise max(failed, key=lambda error: error.retry)


def _needed(name: str, secret: SecretStr) -> str:
    if not secret.get_secret_value():
        raise UserError(f"{name} is not set. Set it, or leave out the system's address.")
    return secret.get_secret_value()

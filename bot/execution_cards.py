"""The cards of executions of runbooks, as the courier sends them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.courier import Carded, Subjects
from knowledge.ports import Executions
from knowledge.ports.remediation import Remediation
from knowledge.records import Event
from knowledge.remediation import EXECUTION, EXECUTION_THREAD
from skills.cards.execution import execution_card, execution_update
from skills.contract import Reply


@dataclass(frozen=True)
class ExecutionCards:
    """`subjects` for the courier."""

    executions: Executions
    remediation: Remediation
    channel: str
    """For executions that were begun nowhere, or where the bot cannot post."""
    people: Callable[[str], str]

    @property
    def subjects(self) -> Subjects:
        return Subjects(EXECUTION, EXECUTION_THREAD, self._load)

    def _load(self, execution_id: str) -> Carded:
        execution = self.executions.get(execution_id)
        return Carded(
            channel=execution.channel or self.channel,
            since=execution.started_at,
            events=execution.timeline,
            card=partial(self._card, execution.id),
            update=partial(self._update, execution.id),
            otherwise=self.channel,
        )

    def _card(self, execution_id: str) -> Reply:
        return execution_card(self.remediation.view(execution_id), self.people)

    def _update(self, execution_id: str, events: tuple[Event, ...]) -> Reply:
        return execution_update(self.executions.get(execution_id), events, self.people)

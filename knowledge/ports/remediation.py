"""Running the steps of runbooks: what runs one step, and what people do with an execution."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from knowledge.records import Execution, Incident

if TYPE_CHECKING:
    from knowledge.remediation.views import Offer, View
    from knowledge.runbooks import Action


class Ended(StrEnum):
    """How a step came to its end."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Outcome:
    """`output` is bounded already; secrets may still stand in it."""

    ended: Ended
    output: str
    exit_code: int | None = None
    """A program's exit code, an answer's status."""


@dataclass(frozen=True)
class Place:
    """Where and how long a step may run. `folder` is the execution's own, and outlives the step:
    a plan that was made there is applied from there."""

    folder: Path
    time_limit: timedelta
    stop: Callable[[], bool]
    """Asked a few times a second; True ends the step."""


class Runner(Protocol):
    """What runs steps of one kind. Raises UserError for what the runners' file does not allow, and
    Unavailable where it cannot be run at all; a step that ran and failed is an Outcome."""

    def facts(self, action: "Action") -> str:
        """What the step depends on beyond its own text, as a digest; empty where that is nothing.
        Checks against the allow lists too."""
        ...

    def can_try(self, action: "Action") -> bool:
        """Whether there is a dry run of it."""
        ...

    def try_out(self, action: "Action", place: Place) -> Outcome:
        """The dry run: changes nothing."""
        ...

    def run(self, action: "Action", place: Place) -> Outcome: ...


class Runners(Protocol):
    """A runner for each kind that is switched on."""

    def of(self, kind: str) -> Runner:
        """Raises NotConnected for a kind that is off."""
        ...


class Remediation(Protocol):
    """Runbooks that are run step by step. Rights are checked at each call, by user id; `saw` is the
    digest of the step as it stood on the card that was pressed.

    Raises NotFound, Denied, BadArgs, Overtaken where something is not as it was when it was shown.
    """

    def offers(self, incident: Incident) -> "tuple[Offer, ...]":
        """Runbooks that are meant for its alerts, those that can be run first."""
        ...

    def offer(self, document_id: str) -> "Offer":
        """Whether a runbook can be run, and if not why."""
        ...

    def begin(
        self,
        document_id: str,
        values: Mapping[str, str],
        *,
        by: str,
        by_name: str,
        incident: str = "",
        channel: str = "",
    ) -> Execution:
        """The open execution of this runbook in this incident, or a new one."""
        ...

    def view(self, execution_id: str) -> "View": ...

    def try_out(
        self, execution_id: str, step: int, *, saw: str, by: str, by_name: str
    ) -> Execution:
        """Start the dry run of a step; it goes on behind, and its end is stored."""
        ...

    def run(self, execution_id: str, step: int, *, saw: str, by: str, by_name: str) -> Execution:
        """Start a step, or give the first of two approvals."""
        ...

    def cancel(self, execution_id: str, *, by: str, by_name: str) -> Execution: ...

    def skip(self, execution_id: str, step: int, *, by: str, by_name: str) -> Execution: ...

    def end(self, execution_id: str, *, by: str, by_name: str) -> Execution: ...

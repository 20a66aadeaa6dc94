"""The facts of one moment: asks every port that knows something of a version, several at a time,
and names what could not be asked."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from knowledge.drift import DriftReport
from knowledge.errors import NotConnected, NotFound, TandemError
from knowledge.ports import Frames, Incidents, Models, Watching
from knowledge.promotion.evidence import Drifted, Evidence, Side
from knowledge.promotion.policy import Policy
from knowledge.records import (
    ColumnRoles,
    Details,
    Frame,
    Incident,
    Look,
    ModelFacts,
    ModelVersion,
    Purpose,
)

log = logging.getLogger("tandem.promoting")

WINDOW = timedelta(hours=24)
"""Of the log, for that comparison: the newest so long."""
AT_ONCE = 6

T = TypeVar("T")


@dataclass(frozen=True)
class Gatherer:
    """`gather` asks; nothing is kept between two calls, so that a click sees what is so then."""

    models: Models
    frames: Frames
    incidents: Incidents
    watching: Watching
    policies: Callable[[str], Policy]
    served: Callable[[str, str], bool]
    """Whether this version of this model has been champion, as far as Tandem knows."""
    now: Callable[[], datetime]

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        """Raises NotFound for an unknown model or version and Unavailable where the registry cannot
        be asked; whatever else cannot be asked is named in `problems`."""
        challenger = self.models.version(model, version)
        champion = self.models.champion(challenger.model)
        name, asked = challenger.model, _Asked()
        policy = self.policies(name)
        roles = asked.of("model data", lambda: self.frames.roles(name), ColumnRoles())
        about = asked.of("model data", lambda: self.frames.about(name), ModelFacts())
        service = policy.service or challenger.tags.get("service", "") or about.service or name
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gather") as pool:
            new = pool.submit(copy_context().run, self._side, challenger, asked)
            old = (
                pool.submit(copy_context().run, self._side, champion, asked)
                if champion is not None and champion.version != challenger.version
                else None
            )
            inputs = pool.submit(copy_context().run, self._inputs, name, asked)
            calm = pool.submit(copy_context().run, self._open_incidents, service, asked)
            look, drift = inputs.result()
            return Evidence(
                at=self.now(),
                purpose=purpose,
                challenger=new.result(),
                champion=old.result() if old else new.result() if champion else None,
                kind=challenger.kind,
                policy=policy,
                service=service,
                served_before=self.served(name, challenger.version),
                incidents=calm.result(),
                drift=drift,
                look=look,
                positive=roles.positive,
                slices=roles.slices,
                groups=roles.groups,
                problems=asked.problems,
            )

    def _side(self, version: ModelVersion, asked: "_Asked") -> Side:
        of = f"of v{version.version}"
        ask = (version.model, version.version)
        nothing: dict[str, Frame] = {}
        return Side(
            version,
            asked.of(f"details {of}", lambda: self.models.details(*ask), Details()),
            asked.of(f"predictions {of}", lambda: self.models.predictions(*ask), nothing),
        )

    def _open_incidents(self, service: str, asked: "_Asked") -> tuple[Incident, ...]:
        find = partial(self.incidents.find, open_only=True, service=service)
        return tuple(asked.of("incidents", find, []))

    def _inputs(self, model: str, asked: "_Asked") -> tuple[Look | None, Drifted | None]:
        look = asked.of("looks", lambda: self.watching.last_look(model), None)
        return look, asked.of("drift", lambda: self._drift(model), None)

    def _drift(self, model: str) -> Drifted | None:
        """The newest rows of the log against what the champion was trained on."""
        span = self.frames.span(model)
        if span is None:
            return None
        end = span[1] + timedelta(microseconds=1)
        return drifted(self.frames.report(model, end - WINDOW, end))


def drifted(report: DriftReport) -> Drifted:
    """The parts of a report that a request is judged on."""
    answers = [column for column in report.predictions if column.drifted]
    return Drifted(
        verdict=report.verdict,
        detail=report.sentence,
        columns=tuple(column.name for column in report.inputs if column.drifted),
        prediction="drifting" if answers else "stable" if report.predictions else "",
        rows=report.current_rows,
    )


@dataclass
class _Asked:
    """What could not be asked, by what it is."""

    problems: dict[str, str] = field(default_factory=dict)

    def of(self, what: str, ask: Callable[[], T], nothing: T) -> T:
        """The answer; `nothing` where there is none. A system that is not connected, or that does
        not know the model, is no problem: nobody expects an answer of it."""
        try:
            return ask()
        except (NotConnected, NotFound):
            return nothing
        except TandemError as error:
            log.warning("%s: %s", what, error)
            self.problems[what] = str(error)
            return nothing

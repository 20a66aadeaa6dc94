"""Watches champions that were just made: reads what their endpoint, their monitor and their service
did before and do since, and rolls back where the policy says so."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from knowledge.errors import NotConnected, NotFound, TandemError, UserError
from knowledge.ports import Approvals, Frames, Incidents, Metrics, Models, Monitors
from knowledge.promoting.mover import TELL
from knowledge.promotion import Policy
from knowledge.promotion.canary import (
    CANARY,
    Watched,
    after_look,
    ended,
    endpoint_reading,
    figure_rule,
    incidents_reading,
    look_readings,
    say_canary,
    shows_news,
    slots_of,
    watched,
)
from knowledge.promotion.deciding import MOVED, TANDEM, told
from knowledge.promotion.figures import PAST, STEP, FigureRule, combine, judge
from knowledge.promotion.freezing import thaw
from knowledge.promotion.glaring import glaring, limit_of
from knowledge.promotion.policy import CanaryRule, OnWorse
from knowledge.promotion.ruling import Ruling
from knowledge.records import (
    Approval,
    ApprovalStatus,
    CanaryState,
    Incident,
    ModelFacts,
    Reading,
    Series,
)

log = logging.getLogger("tandem.canary")

WORSE = "canary"
"""The delivery that says in the channel that a champion is worse: "canary:APR-3"."""

AT_A_TIME = timedelta(days=7)
"""Prometheus answers at most 11,000 points of a series."""
WRITE_EVERY = timedelta(minutes=10)
"""Figures that only moved are stored no more often than that."""
MOST = 50
RECENT = 20
"""Promotions that may be worse and not acted upon: only the newest ones can."""
MOST_INCIDENTS = 1_000
INCIDENTS_PAST = timedelta(days=14)
LOOKS_PAST = timedelta(days=7)


class RollsBack(Protocol):
    """The part of `Promotions` that the watch needs."""

    def policy(self, model: str) -> Policy: ...

    def roll_back_by_policy(self, approval_id: str, reason: str) -> Ruling:
        """Once for each promotion, however often it is called. Raises Denied, Unavailable."""
        ...


@dataclass
class CanaryWatch:
    """`work` is a job of the schedule, on one replica at a time."""

    approvals: Approvals
    incidents: Incidents
    monitors: Monitors
    models: Models
    metrics: Metrics
    frames: Frames
    promoting: RollsBack
    now: Callable[[], datetime]
    _pasts: dict[tuple[str, str], Series] = field(default_factory=dict, repr=False)
    """What was before a move does not change: by request and query."""

    def work(self) -> int:
        """Look at all that are watched, and act for those that are worse; returns how many were
        looked at."""
        watched_now = self.approvals.find(watched=True, limit=MOST)
        self._forget({approval.id for approval in watched_now})
        for approval in watched_now:
            self._left_alone(self._look, approval)
        for approval in self.approvals.find(status=ApprovalStatus.APPROVED, limit=RECENT):
            if self._is_to_act(approval):
                self._left_alone(self._act, approval)
        return len(watched_now)

    def _left_alone(self, step: Callable[[Approval], None], approval: Approval) -> None:
        try:
            step(approval)
        except TandemError as error:
            log.warning("the watch over %s: %s", approval.id, error)

    # Looking ---------------------------------------------------------------------------------

    def _look(self, approval: Approval) -> None:
        canary, now = approval.canary, self.now()
        if canary is None:
            return
        champion = self._champion(approval)
        if champion is not None and champion != approval.version:
            self._store(approval, lambda a: after_look(a, ended(canary, now), Watched(), now))
            return
        rule = self.promoting.policy(approval.model).canary
        moment = moved_at(approval)
        if now < moment + rule.settle and now < canary.until:
            return
        seen = _Sight(self, approval, rule, moment, min(now, canary.until)).read()
        after = watched(canary, seen, now)
        quiet = after.state is CanaryState.WATCHING
        recent = canary.looked_at is not None and now - canary.looked_at < WRITE_EVERY
        if quiet and (recent or not shows_news(canary, after)):
            return
        loud = (WORSE,) if after.state is CanaryState.WORSE else ()
        self._store(approval, lambda a: after_look(a, after, seen, now), loud)

    def _champion(self, approval: Approval) -> str | None:
        """None where the registry cannot be asked: nothing follows from that."""
        try:
            champion = self.models.champion(approval.model)
        except NotFound:
            return ""
        except TandemError as error:
            log.warning("whether %s is still champion: %s", approval.id, error)
            return None
        return champion.version if champion is not None else ""

    def _store(
        self, approval: Approval, by: Callable[[Approval], Approval], loud: Sequence[str] = ()
    ) -> None:
        self.approvals.update(approval.id, by, (*TELL, *loud))

    # Acting ----------------------------------------------------------------------------------

    def _is_to_act(self, approval: Approval) -> bool:
        canary = approval.canary
        if canary is None or canary.state is not CanaryState.WORSE or canary.acted:
            return False
        on_worse = self.promoting.policy(approval.model).canary.on_worse
        return on_worse is OnWorse.ROLL_BACK and self.now() < canary.until

    def _act(self, approval: Approval) -> None:
        """Raises Unavailable: then it is tried again the next time."""
        canary = approval.canary
        reason = say_canary(approval, canary) if canary else ""
        try:
            ruling = self.promoting.roll_back_by_policy(approval.id, reason)
        except UserError as error:
            why = f"not rolled back: {error}"
            self._store(approval, lambda a: _told_once(a, self.now(), why), (WORSE,))
            return
        made = ruling.approval
        text = f"rolled back by the policy as {made.id}: {made.outcome or made.status.value}"
        self._store(approval, lambda a: _acted(a, made.id, self.now(), text), (WORSE,))

    # The past --------------------------------------------------------------------------------

    def past(self, approval: Approval, name: str, query: str, moment: datetime) -> Series:
        """Raises Unavailable."""
        key = (approval.id, query)
        if key not in self._pasts:
            self._pasts[key] = self.series(name, query, moment - PAST, moment)
        return self._pasts[key]

    def series(self, name: str, query: str, start: datetime, end: datetime) -> Series:
        """Raises Unavailable."""
        found: list[Series] = []
        while start < end:
            upto = min(start + AT_A_TIME, end)
            found.append(
                combine(name, self.metrics.range(query, start, upto, STEP.total_seconds()))
            )
            start = upto + STEP
        return combine(name, found)

    def _forget(self, still: set[str]) -> None:
        self._pasts = {key: past for key, past in self._pasts.items() if key[0] in still}


@dataclass
class _Sight:
    """One look at one champion."""

    watch: CanaryWatch
    approval: Approval
    rule: CanaryRule
    moment: datetime
    now: datetime
    unread: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)

    def read(self) -> Watched:
        facts = self._facts()
        endpoint = [
            reading
            for name, query in facts.endpoint.items()
            if query and (reading := self._figure(name, query)) is not None
        ]
        looks = self._looks()
        if not (looks or any(facts.endpoint.values())):
            self.unread.append("no figures of its endpoint are set up, and no monitor looked at it")
        readings = (*endpoint, *looks, *self._incidents(facts))
        # That nothing was opened on the service says little: it alone makes no watch.
        return Watched(readings, len(endpoint) + len(looks), tuple(self.unread), tuple(self.short))

    def _facts(self) -> ModelFacts:
        try:
            return self.watch.frames.about(self.approval.model)
        except (NotConnected, NotFound):
            return ModelFacts()

    def _figure(self, name: str, query: str) -> Reading | None:
        rule = figure_rule(name, self.rule)
        try:
            past = self.watch.past(self.approval, name, query, self.moment)
            since = self.watch.series(name, query, self.moment, self.now)
        except TandemError as error:
            self.unread.append(f"{name} cannot be read ({str(error).rstrip('.')})")
            return None
        if not len(since.times):
            self.unread.append(f"{name} has no values since the move")
            return None
        settled = self.moment + self.rule.settle
        shown = rule or FigureRule(limit=float("inf"))
        judged = judge(shown, past, since, self.moment, settled, slots_of(self.rule))
        judged_ones = since.values[since.times >= settled.timestamp()]
        beyond = glaring(shown, limit_of(shown, past), judged_ones)
        if beyond is not None:
            return endpoint_reading(name, replace(judged, value=beyond), glaring=True)
        if not judged.slots:
            self.unread.append(f"{name} has no past to compare with")
            return None
        if judged.short and rule is not None:
            self.short.append(name)
        return endpoint_reading(name, judged)

    def _looks(self) -> tuple[Reading, ...]:
        monitors, model = self.watch.monitors, self.approval.model
        before = monitors.looks(model, self.moment - LOOKS_PAST, self.moment)
        since = [
            look
            for look in monitors.looks(model, self.moment + self.rule.settle, self.now)
            if look.start >= self.moment and look.version in ("", self.approval.version)
        ]
        return look_readings(before[-1] if before else None, since)

    def _incidents(self, facts: ModelFacts) -> Sequence[Reading]:
        evidence = thaw(self.approval.evidence)
        service = (evidence.service if evidence else "") or facts.service or self.approval.model
        start = self.moment - INCIDENTS_PAST
        found = self.watch.incidents.find(service=service, since=start, limit=MOST_INCIDENTS)
        counted = [incident for incident in found if not incident.merged_into]
        since = sum(self._is_since(incident) for incident in counted)
        elapsed = self.now - self.moment
        return (incidents_reading(len(counted) - since, INCIDENTS_PAST, since, elapsed),)

    def _is_since(self, incident: Incident) -> bool:
        return incident.opened_at >= self.moment


def moved_at(approval: Approval) -> datetime:
    """When its move was recorded."""
    made = [event.at for event in approval.timeline if event.kind == MOVED]
    return made[-1] if made else approval.decided_at or approval.created_at


def _told_once(approval: Approval, now: datetime, text: str) -> Approval:
    if any(event.text == text for event in approval.timeline):
        return approval
    return told(approval, now, CANARY, TANDEM, text)


def _acted(approval: Approval, request: str, now: datetime, text: str) -> Approval:
    if approval.canary is None or approval.canary.acted:
        return approval
    acted = replace(approval, canary=replace(approval.canary, acted=request))
    return told(acted, now, CANARY, TANDEM, text)

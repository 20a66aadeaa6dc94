"""What is known about the finding that leads an incident, read through the ports for its card."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.errors import TandemError
from knowledge.explanation import REACH, Known, alias_moves, explain, needs
from knowledge.feedback import REMEMBERED, tally
from knowledge.findings import MODEL_KINDS, lead, model_of, monitor_of, onset, places_of
from knowledge.ports import Alerts, Approvals, Changes, Frames, Incidents, Silences, Watching
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Change,
    Incident,
    Kind,
    Look,
    Opinion,
    Purpose,
    Signal,
    SignalKind,
    Silence,
)
from knowledge.silences import holds, matches
from skills.cards.finding import Noticed
from skills.cards.wording import stamp
from skills.contract import Context, Picture
from skills.finding_pictures import (
    LOOKS_BEFORE,
    distribution_picture,
    looks_picture,
    metric_picture,
)

PATTERN_OF = timedelta(days=36)
"""Five weeks, so that a weekly pattern can be seen."""
FRESH = timedelta(hours=48)
"""A champion that young is the likeliest cause of what is found of its model."""
RECENT = 20
"""Requests among which the newest move is: they are found by when they were asked."""
MOST_OPEN = 50
MOST_EARLIER = 200


@dataclass(frozen=True)
class Reading:
    """Where what is known is read. Whatever cannot be reached is left out of the card."""

    watching: Watching
    incidents: Incidents
    changes: Changes
    alerts: Alerts
    approvals: Approvals
    silences: Silences
    catalogue: Catalogue
    frames: Frames | None = None
    """Without it, no distributions are drawn."""

    @classmethod
    def of(cls, ctx: Context) -> "Reading":
        return cls(
            watching=ctx.watching,
            incidents=ctx.incidents,
            changes=ctx.changes,
            alerts=ctx.alerts,
            approvals=ctx.approvals,
            silences=ctx.silences,
            catalogue=ctx.catalogue,
            frames=ctx.frames,
        )

    def noticed(self, incident: Incident, now: datetime) -> Noticed | None:
        """None where no monitor of Tandem's found anything."""
        finding = lead(incident)
        if finding is None:
            return None
        known = self.known(incident, finding, now)
        opinions = tally(self._opinions(finding, now))
        return Noticed(
            finding,
            explain(finding, known, self.catalogue),
            self.pictures(finding, known, now),
            opinions.not_useful,
            opinions.useful,
            self._snoozed(finding, now),
            self._promoted(finding, now),
        )

    def known(self, incident: Incident, finding: Signal, now: datetime) -> Known:
        """What happened around its onset, of which it may be the consequence."""
        return Known(
            tuple(self._changes(finding, now)),
            tuple(self._signals(incident)),
            tuple(self._looks(finding)),
            tuple(self._earlier(finding, now)),
        )

    def pictures(self, finding: Signal, known: Known, now: datetime) -> tuple[Picture, ...]:
        """The metric with its band; for a model the trend of its looks."""
        marked = [change for change in known.changes if self._concerns(change, finding)]
        if finding.kind in MODEL_KINDS:
            both = (self._distributions(finding), looks_picture(finding, known.looks, marked))
            return tuple(drawn for drawn in both if drawn is not None)
        try:
            trace = self.watching.trace(finding)
        except TandemError:
            return ()
        drawn = None if trace is None else metric_picture(finding, trace, marked, now)
        return () if drawn is None else (drawn,)

    def _distributions(self, finding: Signal) -> Picture | None:
        if self.frames is None or finding.kind is not SignalKind.DRIFT:
            return None
        try:
            return distribution_picture(finding, self.frames)
        except TandemError:
            return None

    def _changes(self, finding: Signal, now: datetime) -> Iterator[Change]:
        since = min(onset(finding) - REACH, finding.starts_at - LOOKS_BEFORE)
        try:
            yield from self.changes.between(since, now)
            if model := model_of(finding):
                moves = alias_moves(self.approvals.find(model=model))
                yield from (move for move in moves if since <= move.at <= now)
        except TandemError:
            return

    def _concerns(self, change: Change, finding: Signal) -> bool:
        """Is it a change of what the finding is about, or of what that calls?"""
        names = places_of(finding)
        near, _ = needs(names, self.catalogue)
        own = {self.catalogue.canonical(name) or name for name in names}
        return (self.catalogue.canonical(change.service) or change.service) in own | near

    def _signals(self, incident: Incident) -> Iterator[Signal]:
        yield from incident.signals
        try:
            others = self.incidents.find(open_only=True, limit=MOST_OPEN)
        except TandemError:
            return
        for other in others:
            if other.id != incident.id:
                yield from other.firing

    def _looks(self, finding: Signal) -> list[Look]:
        model = model_of(finding)
        if not model or finding.kind not in MODEL_KINDS:
            return []
        try:
            return self.watching.looks(model, finding.starts_at - LOOKS_BEFORE)
        except TandemError:
            return []

    def _earlier(self, finding: Signal, now: datetime) -> Iterator[datetime]:
        try:
            records = self.alerts.find(
                since=now - PATTERN_OF, fingerprint=finding.fingerprint, limit=MOST_EARLIER
            )
        except TandemError:
            return
        yield from (r.signal.starts_at for r in records if r.signal.starts_at < finding.starts_at)

    def _opinions(self, finding: Signal, now: datetime) -> list[Opinion]:
        key = monitor_of(finding)
        if not key:
            return []
        try:
            return self.watching.opinions(key, now - REMEMBERED)
        except TandemError:
            return []

    def _promoted(self, finding: Signal, now: datetime) -> Approval | None:
        """The promotion of the champion, if it is the model's newest move and a fresh one."""
        model = model_of(finding)
        if not model:
            return None
        try:
            moves = self.approvals.find(model=model, status=ApprovalStatus.APPROVED, limit=RECENT)
        except TandemError:
            return None
        dated = [(a.decided_at, a) for a in moves if a.decided_at is not None]
        at, newest = max(dated, key=lambda d: d[0], default=(None, None))
        if newest is None or at is None or now - at > FRESH:
            return None
        back = newest.purpose is Purpose.PROMOTION and newest.kind is Kind.MODEL
        return newest if back and newest.champion else None

    def _snoozed(self, finding: Signal, now: datetime) -> str:
        """Until when, by the silence that holds longest."""
        try:
            silences = self.silences.find(at=now)
        except TandemError:
            return ""
        hiding = [
            s
            for s in silences
            if holds(s, now) and matches(finding, s.matchers, self.catalogue.team)
        ]
        longest = max(hiding, key=lambda s: s.ends_at, default=None)
        return "" if longest is None else say_snooze(longest)


def say_snooze(silence: Silence) -> str:
    """ "until 2026-03-05 20:00 UTC (SIL-3)"."""
    return f"until {stamp(silence.ends_at)} ({silence.id})"

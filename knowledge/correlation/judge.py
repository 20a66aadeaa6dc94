"""Weighs one alert against one group, and tells the reasons in words.

A score is a sum of log-likelihood ratios. `alone` is what the alert says by itself, `weigh` adds
what speaks for one group; `tell` puts the same numbers into words, for the few that are shown.
"""

import math

from knowledge.correlation.groups import Group, Member
from knowledge.correlation.history import Background, SeriesBook
from knowledge.correlation.likelihood import Likelihood, Link, timing
from knowledge.correlation.teaching import Lessons
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import INFORMATION, URGENT
from knowledge.findings import is_finding
from knowledge.records import Term

NO_TIE = -5.0
ALIKE = 0.3
OLD = 900.0
_BELONGS = 1.0
"""Nats that a group which is not yet an incident must make up for."""

Weighed = list[tuple[str, float]]


class Judge:
    """The terms of a decision, from the record of what came before."""

    def __init__(
        self,
        background: Background,
        series: SeriesBook,
        likelihood: Likelihood,
        lessons: Lessons,
        tuning: Tuning,
    ) -> None:
        self._background = background
        self._series = series
        self._likelihood = likelihood
        self._lessons = lessons
        self._t = tuning
        self.services = 1
        """Places that lone alerts are spread over."""

    def pace(self, member: Member, now: float) -> float:
        """Alerts of its sort (informing or not, or a monitor's finding) that come by chance on one
        service or model, a second."""
        if is_finding(member.signal):
            return self._t.model_pace if member.subject.model else self._t.finding_pace
        return self._background.pace(now, self.services, member.severity in INFORMATION)

    def alone(self, member: Member, lone: float) -> Weighed:
        """The terms that are the same for every group."""
        now = member.arrival
        terms = [("rule", self._background.habit(member.rule, now))]
        severity = severity_term(member.severity)
        if severity:
            terms.append(("severity", severity))
        if lone:
            own = self._t.series_per_service * lone / self._background.watched(now)
            terms.append(("alone before", -math.log1p(own / self.pace(member, now))))
        # What somebody is paged for counts in full however late it came: after an outage of the
        # network, or of ours, alerts are told late all together.
        if now - member.start > OLD and member.severity not in URGENT:
            terms.append(("age", -1.0))
        return terms

    def weigh(
        self, member: Member, group: Group, link: Link | None, pace: float, back: bool
    ) -> Weighed:
        """The terms that speak for this group; `back` when the alert's series was here before."""
        terms = [("tie", timing(link.rate, pace) if link else NO_TIE)]
        if back:
            terms.append(("back", self._back(member, group)))
        elif not group.opened:
            likely = min(1.0, max(0.0, group.score / self._t.open_least))
            if likely < 1.0:
                terms.append(("uncertain", _BELONGS * (likely - 1.0)))
        if member.rule in group.rules:
            terms.append(("alike", ALIKE))
        if taught := self._lessons.between(member, group):
            terms.append(("taught", taught))
        return terms

    def explained(self, member: Member, group: Group, link: Link, now: float) -> float:
        """How well a group explains an alert that is somewhere else, in nats."""
        value = member.base + timing(link.rate, self.pace(member, now))
        return value + self._lessons.between(member, group)

    def _back(self, member: Member, group: Group) -> float:
        series = self._series.get(member.key[0])
        belief = series.belief if series else 1.0
        gap = max(0.0, member.arrival - group.last)
        return self._t.sticky * belief * belief * math.exp(-gap / self._t.sticky_tau)

    def tell(self, member: Member, weighed: Weighed, link: Link | None) -> tuple[Term, ...]:
        """The same terms in words."""
        return tuple(Term(name, value, _says(name, value, member, link)) for name, value in weighed)


def severity_term(severity: str) -> float:
    """Information is seldom part of an incident; what somebody is paged for, a little oftener."""
    if severity in INFORMATION:
        return -2.0
    return 0.3 if severity in URGENT else 0.0


def total(weighed: Weighed) -> float:
    return sum(value for _, value in weighed)


def probability(score: float) -> float:
    """Of a log-odds score."""
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, score))))


def _says(name: str, value: float, member: Member, link: Link | None) -> str:
    match name:
        case "tie" if link is not None:
            where = f" {link.place[2]}" if link.place[2] else ""
            return f"{link.tie.value}{where}, {_lag(link.since)} its first alert there"
        case "tie":
            return "nothing near it is in the incident"
        case "rule":
            kind = "in incidents" if value > 0 else "by itself"
            return f"{member.rule} mostly fires {kind}" if value else "nothing known of the rule"
        case "severity":
            return f"severity {member.severity}"
        case "alone before":
            return "this alert fired alone before"
        case "age":
            return "it had fired for long when it first came"
        case "back":
            return "this alert was in the incident before"
        case "uncertain":
            return "that group has not enough evidence for an incident yet"
        case "alike":
            return "the same rule fires there"
    return "people said so"


def _lag(since: float) -> str:
    return f"{abs(since):.0f} s {'after' if since >= 0 else 'before'}"

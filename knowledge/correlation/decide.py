"""The decisions: where an alert goes, when a group opens, which groups are one."""

import math
from collections.abc import Iterable, Sequence
from itertools import islice

from knowledge.correlation.board import CHRONIC_STARTS, Board
from knowledge.correlation.groups import SERVICE, Group, Member
from knowledge.correlation.history import Background, SeriesBook
from knowledge.correlation.judge import Judge, Weighed, probability, total
from knowledge.correlation.likelihood import Likelihood, Link, is_late
from knowledge.correlation.links import Links
from knowledge.correlation.outcome import Explanation
from knowledge.correlation.splitting import second_root
from knowledge.correlation.step import Step
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import HEARTBEATS, INFORMATION, URGENT
from knowledge.findings import is_finding
from knowledge.records import Verdict

PAGERS = frozenset(
    {"pagerduty", "opsgenie", "bigpanda", "moogsoft", "servicenow", "bmc_helix", "splunk_oncall"}
)
"""Sources whose alerts were judged before: each opens an incident."""
_SEED_MOST = 2.0
_UNRELATED = -2.0
_HOPELESS = 0.01
"""Groups that trigger alerts so much less often than chance are not looked at further."""
_MOST_EXPOSURE = 0.8
_MOST_WEIGHED = 50
_SPLIT_WITHIN = 1800.0
"""Later, people know the incident as it is."""


def _is_beat(member: Member) -> bool:
    return member.severity == "none" or member.rule.lower() in HEARTBEATS


def _is_proof(member: Member) -> bool:
    return is_finding(member.signal) or member.signal.source in PAGERS


class Decider:
    """Decides on one alert, or one group, at a time."""

    def __init__(
        self,
        board: Board,
        judge: Judge,
        likelihood: Likelihood,
        background: Background,
        series: SeriesBook,
        links: Links,
        tuning: Tuning,
    ) -> None:
        self._board = board
        self._judge = judge
        self._likelihood = likelihood
        self._background = background
        self._series = series
        self._links = links
        self._t = tuning
        self._exposed = (-math.inf, 0.0)

    # ------------------------------------------------------------------ one alert

    def judge(self, member: Member, now: float, step: Step) -> None:
        """Find the group a new instance belongs to, or let it wait."""
        series = self._series.started(member.key[0], member.start, member.arrival)
        if _is_beat(member):
            member.verdict = Verdict.UNIMPORTANT
            return
        home = self._board.groups.get(series.group) if series.group else None
        alone = self._judge.alone(member, series.lone)
        member.base = total(alone)
        links = self._likelihood.candidates(member)
        best = self._best(member, links, home, now)
        if best is None or member.base + best[0] <= self._t.adopt:
            self._alone(member, alone, home, now, step)
            return
        score, group, weighed = best
        member.terms = self._judge.tell(member, weighed + alone, links.get(group))
        fresh = self._attach(member, group, member.base + score, now)
        if fresh:
            self._adopt(group, [g for g in links if g is not group], now, step)
        if not group.opened and group.number in self._board.groups:
            self._maybe_open(group, now, step, _is_proof(member) and member.ended is None)

    def _best(
        self, member: Member, links: dict[Group, Link], home: Group | None, now: float
    ) -> tuple[float, Group, Weighed] | None:
        """The group that speaks loudest, of those that may take the alert."""
        series = self._series.get(member.key[0])
        apart = series.apart if series else ()
        pace = self._judge.pace(member, now)
        best: tuple[float, Group, Weighed] | None = None
        hopeless = _HOPELESS * pace
        for group in links if home is None or home in links else (*links, home):
            back = group is home
            link = links.get(group)
            if not back and link is not None and link.rate < hopeless:
                continue
            if group.number in apart or not self._may_take(group, back, now):
                continue
            weighed = self._judge.weigh(member, group, link, pace, back)
            score = total(weighed)
            if best is None or (score, -group.number) > (best[0], -best[1].number):
                best = (score, group, weighed)
        return best

    def _may_take(self, group: Group, back: bool, now: float) -> bool:
        if group.closed_at is None:
            return True
        return back and now - group.closed_at <= self._t.reopen

    def _alone(
        self, member: Member, alone: Weighed, home: Group | None, now: float, step: Step
    ) -> None:
        """It belongs to nothing that is known: chronic, unimportant, or the first of something."""
        member.terms = self._judge.tell(member, alone, None)
        self._board.count(member, now)
        if self._flaps(member) or (home is None and self._is_chronic(member)):
            member.verdict = Verdict.CHRONIC
            self._board.came_alone(member, self._exposure(now), now)
            return
        group = self._wait(member, home, now)
        if _is_proof(member) and member.verdict is Verdict.WAITING and member.ended is None:
            if series := self._series.get(member.key[0]):
                series.opened(now)
            self._open(group, f"{member.rule} is proof by itself", now, step)

    def _is_chronic(self, member: Member) -> bool:
        """It was alone again and again, or it fires for longer than anything is remembered."""
        series = self._series.get(member.key[0])
        often = series is not None and series.lone >= CHRONIC_STARTS
        return often or (member.arrival - member.start > self._t.keep and not _is_proof(member))

    def _flaps(self, member: Member) -> bool:
        """A finding that opened one incident after the other, each alone. What is urgent is told
        however often it comes."""
        series = self._series.get(member.key[0])
        if series is None or member.severity in URGENT or not is_finding(member.signal):
            return False
        return series.flaps(member.arrival)

    def _wait(self, member: Member, home: Group | None, now: float) -> Group:
        """Make it the first of a group of its own. One that had fired for long when it came is
        taken for chronic, until others that are as late show that it was only told late."""
        if member.severity in INFORMATION:
            member.verdict = Verdict.UNIMPORTANT
        elif home is None and is_late(member) and not self._is_late_news(member):
            member.verdict = Verdict.CHRONIC
        group = self._board.new()
        self._board.join(member, group, max(-_SEED_MOST, min(_SEED_MOST, member.base)))
        self._board.remind(group, now + self._t.settle)
        if member.severity in URGENT and member.verdict is Verdict.WAITING:
            self._board.remind(group, now + self._lasting(group, now))
        return group

    def _is_late_news(self, member: Member) -> bool:
        """However late it came: a finding, or what somebody is paged for and began while alerts
        came already. An outage on the way must not make it nothing."""
        if _is_proof(member):
            return True
        return member.severity in URGENT and self._background.watching_at(member.start)

    def may_wait(self, member: Member) -> bool:
        """Proof opens at once: where it did not, it ended or people took it out."""
        return not (_is_beat(member) or _is_proof(member) or self._is_chronic(member))

    def recall(self, member: Member, now: float) -> None:
        """An alert that waited when the process ended waits again, as evidence for what follows;
        nothing opens by it."""
        series = self._series.started(member.key[0], member.start, member.arrival)
        alone = self._judge.alone(member, series.lone)
        member.base = total(alone)
        links = {g: k for g, k in self._likelihood.candidates(member).items() if not g.opened}
        home = self._board.groups.get(series.group)
        if home is not None and home.opened:
            home = None
        best = self._best(member, links, home, now)
        if best is not None and member.base + best[0] > self._t.adopt:
            score, group, weighed = best
            member.terms = self._judge.tell(member, weighed + alone, links.get(group))
            self._attach(member, group, member.base + score, now)
            return
        member.terms = self._judge.tell(member, alone, None)
        self._board.count(member, now)
        self._wait(member, home, now)

    def _attach(self, member: Member, group: Group, score: float, now: float) -> bool:
        series = self._series.get(member.key[0])
        first = series is None or not series.group
        member.belief = probability(score)
        fresh = self._board.join(member, group, min(score, self._t.sign_most))
        if not group.opened:
            self._board.count(member, now)
            return fresh
        member.verdict = Verdict.ATTACHED
        group.closed_at = None
        if first:
            doubt = 1.0 - member.belief
            self._background.note(member.rule, member.belief, doubt, now)
            amount = doubt * self._board.share(member)
            self._background.came(member.severity in INFORMATION, now, amount)
        return fresh

    # ------------------------------------------------------------------ groups open

    def _threshold(self, group: Group, now: float) -> float:
        """The evidence that chance reaches less often than a false card is bearable: the odds of
        one lone alert's group being an incident are false cards : other lone alerts an hour."""
        per_hour = self._background.per_hour(now, group.counted)
        return max(self._t.open_least, math.log(per_hour / self._t.false_cards_per_hour))

    def _lasting(self, group: Group, now: float) -> float:
        """Seconds that a lone urgent alert must fire to be proof: lone alerts that are chance
        last exponentially, so each mean life adds one nat."""
        missing = self._threshold(group, now) - group.score
        return max(self._background.noise_lasts() * missing, 60.0)

    def _maybe_open(self, group: Group, now: float, step: Step, proven: bool = False) -> None:
        least = self._threshold(group, now) + (self._t.one_rule if len(group.rules) == 1 else 0.0)
        if not proven and (len(group.signs) < 2 or group.score < least):
            return
        homes = [(self._explains(g, group, now), g) for g in self._near(group) if g.opened]
        score, home = max(homes, key=lambda h: (h[0], -h[1].number), default=(-math.inf, group))
        if score > self._t.merge:
            self.merge(group, home, now, step, "")
            return
        within = now - group.first_arrival
        self._open(group, f"{len(group.signs)} independent signs within {within:.0f} s", now, step)

    def _open(self, group: Group, says: str, now: float, step: Step) -> None:
        self._board.open(group, now)
        step.opened(group, now, says)
        for member in group.members.values():
            member.verdict = Verdict.OPENED
            self._board.belongs(member, now)
            step.placed(member)
        self._board.remind(group, now + 60.0)
        self._adopt(group, self._near(group), now, step)

    # ------------------------------------------------------------------ groups become one, or two

    def _explains(self, group: Group, other: Group, now: float) -> float:
        """How well `group` explains how `other` began: the sum over its first signs, in nats;
        -inf where it does not explain the very first."""
        score = 0.0
        for n, member in enumerate(other.first_signs()):
            link = self._likelihood.link(member, group)
            value = _UNRELATED
            if link is not None:
                value = self._judge.explained(member, group, link, now)
            if n == 0 and value <= self._t.adopt:
                return -math.inf
            score += max(_UNRELATED, min(self._t.sign_most, value))
        return score

    def _near(self, group: Group) -> list[Group]:
        near: dict[Group, None] = {}
        for member in group.first_signs():
            near.update(dict.fromkeys(self._likelihood.candidates(member)))
        near.pop(group, None)
        return list(near)

    def _adopt(self, group: Group, others: Iterable[Group], now: float, step: Step) -> None:
        """Take over alerts that wait, and unite with groups, whose beginning this one explains."""
        for other in others:
            if other.number not in self._board.groups or group.number not in self._board.groups:
                continue
            if group.number in other.apart or other.closed_at is not None:
                continue
            if not other.opened:
                self._take_over(other, group, now, step)
            elif group.opened:
                self._unite(group, other, now, step)

    def _take_over(self, waiting: Group, group: Group, now: float, step: Step) -> None:
        """Each waiting alert that the group explains goes over to it. One that waited while
        nothing came of it is the less likely to be part of anything. Of very many, the later ones
        do as the other copies of their sign."""
        alive = waiting.vigour(now, self._t.spread_tau, self._t.vigour_trust)
        least = self._t.adopt + (0.0 if group.opened else 1.0) - min(0.0, math.log(alive))
        moving = [
            m
            for m in islice(waiting.members.values(), _MOST_WEIGHED)
            if self._goes_over(m, group, least, now)
        ]
        signs = {m.sign for m in moving}
        moving += [
            m for m in islice(waiting.members.values(), _MOST_WEIGHED, None) if m.sign in signs
        ]
        if not moving:
            return
        if len(moving) == len(waiting.members):
            self.merge(waiting, group, now, step, "")
            return
        self._board.leave(moving, waiting)
        self._move(moving, group, "", now, step)

    def _goes_over(self, member: Member, group: Group, least: float, now: float) -> bool:
        """Whether the group explains the waiting alert well enough; if so, the alert says why."""
        link = self._likelihood.link(member, group)
        score = self._judge.explained(member, group, link, now) if link else -math.inf
        if score <= least:
            return False
        tie = score - member.base
        member.belief = probability(score)
        member.weight = min(score, self._t.sign_most)
        member.terms = (*self._judge.tell(member, [("tie", tie)], link), *member.terms)
        return True

    def _unite(self, one: Group, other: Group, now: float, step: Step) -> None:
        """Merge two opened groups when one explains how the other began."""
        if one.by_hand and other.by_hand:
            return
        score = max(self._explains(one, other, now), self._explains(other, one, now))
        if self._links.blind:
            score = max(score, self._likelihood.at_once(one, other))
        if score > self._t.merge:
            old, new = sorted((one, other), key=lambda g: g.opened_at or 0.0)
            self.merge(new, old, now, step, "one explains how the other began")

    def merge(self, group: Group, into: Group, now: float, step: Step, says: str) -> None:
        """All of `group` goes over to `into`."""
        before = group.name if group.opened else ""
        moving = tuple(group.members.values())
        self._board.drop(group)
        into.apart.discard(group.number)
        self._move(moving, into, before, now, step)
        if before:
            step.merged(before, into.name, says)

    def _move(
        self, members: Iterable[Member], into: Group, before: str, now: float, step: Step
    ) -> None:
        for member in members:
            self._board.join(member, into, max(0.0, min(member.weight, self._t.sign_most)))
            if into.opened:
                if not before:
                    self._board.belongs(member, now)
                member.verdict = Verdict.ATTACHED
                step.placed(member, before)

    def split(
        self, group: Group, moving: Sequence[Member], now: float, step: Step, says: str
    ) -> Group:
        """Part of an opened group goes over to a new one."""
        new = self._board.new()
        self._board.open(new, now)
        new.apart.add(group.number)
        group.apart.add(new.number)
        self._board.leave(moving, group)
        step.opened(new, now, says)
        for member in moving:
            self._board.join(member, new, member.weight)
            member.verdict = Verdict.OPENED
            step.placed(member, group.name)
        step.split(group.name, new.name, says)
        self._board.remind(new, now + 60.0)
        return new

    # ------------------------------------------------------------------ time passes

    def review(self, group: Group, now: float, step: Step) -> None:
        """A group's time to be looked at again has come."""
        if group.opened:
            self._review_opened(group, now, step)
        else:
            self._review_waiting(group, now, step)

    def _review_waiting(self, group: Group, now: float, step: Step) -> None:
        urgent = self._urgent(group)
        if urgent is not None:
            due = urgent.arrival + self._lasting(group, now)
            if now >= due:
                self._open(group, f"{urgent.rule} keeps firing", now, step)
                return
            if now - urgent.arrival < self._t.persist_most:
                self._board.remind(group, max(due, now + 1.0))
                if len(group.signs) == 1 and now - group.first_arrival >= self._t.settle:
                    self._board.came_alone(urgent, self._exposure(now), now)
                return
        over = now - group.last >= self._t.patience
        if over or len(group.signs) == 1:
            exposure = self._exposure(now)
            for member in group.members.values():
                self._board.came_alone(member, exposure, now)
        if over:
            self._board.drop(group)
        else:
            self._board.remind(group, group.last + self._t.patience)

    def _urgent(self, group: Group) -> Member | None:
        """The first of its urgent alerts that still fires."""
        if group.firing <= 0:
            return None
        firing = (m for m in group.members.values() if m.ended is None)
        urgent = (m for m in firing if m.severity in URGENT and m.verdict is Verdict.WAITING)
        return min(urgent, key=lambda m: m.arrival, default=None)

    def _review_opened(self, group: Group, now: float, step: Step) -> None:
        closed = group.closed_at is not None and now - group.closed_at > self._t.reopen
        silent = group.firing <= 0 and now - group.last > self._t.idle
        if closed or silent:
            services = [p[2] for p, a in group.places.items() if p[0] == SERVICE and a.belief > 0.9]
            self._links.learn_together(services, now)
            self._board.drop(group)
            return
        self._board.remind(group, now + 60.0)
        young = group.opened_at is not None and now - group.opened_at < _SPLIT_WITHIN
        if young and not group.by_hand and group.closed_at is None:
            found = second_root(group, self._links)
            if found is not None:
                name, moving = found
                says = f"{name} was hit later, and nothing in the incident explains it"
                self.split(group, moving, now, step, says)

    def _exposure(self, now: float) -> float:
        """The share of all services that is in the reach of an incident's recent trouble."""
        at, share = self._exposed
        if now - at < 10.0:
            return share
        recent = {
            place
            for group in self._board.opened.values()
            if group.closed_at is None
            for place, activity in group.places.items()
            if place[0] == SERVICE and now - activity.last < 3 * self._t.spread_tau
        }
        share = min(_MOST_EXPOSURE, len(recent) / 2 / self._judge.services)
        self._exposed = (now, share)
        return share

    # ------------------------------------------------------------------ reasons

    def explain(self, member: Member, now: float) -> Explanation:
        """Why an alert is where it is, and what spoke for the next best group, as of now."""
        links = self._likelihood.candidates(member)
        if member.group is not None:
            links.pop(member.group, None)
        runner = self._best(member, {g: k for g, k in links.items() if g.opened}, None, now)
        name, terms = "", self._judge.tell(member, [], None)
        if runner is not None:
            _, group, weighed = runner
            name, terms = group.name, self._judge.tell(member, weighed, links.get(group))
        return Explanation(
            member.verdict, member.home, member.terms, name, terms, self._needs(member, now)
        )

    def _needs(self, member: Member, now: float) -> str:
        group = member.group
        if group is None or group.opened or group.number not in self._board.groups:
            return ""
        missing = self._threshold(group, now) - group.score
        where = member.entity or "the same place"
        return (
            f"{missing:.1f} more nats of evidence: another rule on {where}, or alerts on what "
            "calls it or what it calls"
        )

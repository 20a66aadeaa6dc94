"""The correlation: alerts in, decisions out. Pure and single-threaded; time is an argument."""

import heapq
import math
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from knowledge.catalogue import Catalogue
from knowledge.correlation.groups import Activity, Group, Index, Member, places_of
from knowledge.correlation.history import Background, SeriesBook
from knowledge.correlation.likelihood import (
    Likelihood,
    Link,
    severity_term,
    timing,
)
from knowledge.correlation.links import Links
from knowledge.correlation.outcome import Key, Merging, Opening, Outcome, Placement, Splitting
from knowledge.correlation.roots import suspects
from knowledge.correlation.subject import Subject, subject_of
from knowledge.correlation.teaching import STRENGTH, Lessons
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import HEARTBEATS, INFORMATION, URGENT
from knowledge.errors import NotFound
from knowledge.records import Lesson, Signal, SignalKind, Term, Verdict

_PAGERS = frozenset(
    {"pagerduty", "opsgenie", "bigpanda", "moogsoft", "servicenow", "bmc_helix", "splunk_oncall"}
)
"""Sources whose alerts were judged before: each opens an incident."""
_OWN = frozenset({SignalKind.METRIC, SignalKind.DRIFT, SignalKind.QUALITY})
_CHRONIC_STARTS = 4
_CHRONIC_AGE = 1800.0


@dataclass(frozen=True)
class Explanation:
    """Why an alert is where it is."""

    verdict: Verdict
    group: str
    terms: tuple[Term, ...]
    runner_up: str = ""
    runner_up_terms: tuple[Term, ...] = ()
    needs: str = ""
    """What else it would take to open an incident on it."""


class _Step:
    """What one call decided, gathered."""

    def __init__(self) -> None:
        self.openings: list[Opening] = []
        self.placements: dict[Key, Placement] = {}
        self.merges: list[Merging] = []
        self.splits: list[Splitting] = []

    def place(self, member: Member, before: str = "") -> None:
        known = self.placements.pop(member.key, None)
        group = member.group.name if member.group and member.group.opened else ""
        self.placements[member.key] = Placement(
            member.signal, member.verdict, group, known.before if known else before, member.terms
        )

    def renamed(self, old: str, new: str) -> None:
        """A group got its name within this step."""
        self.openings = [replace(o, group=new) if o.group == old else o for o in self.openings]
        self.splits = [replace(s, new=new) if s.new == old else s for s in self.splits]
        for key, placement in self.placements.items():
            if placement.group == old:
                self.placements[key] = replace(placement, group=new)

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self.openings),
            tuple(self.placements.values()),
            tuple(self.merges),
            tuple(self.splits),
        )


class Correlator:
    """Which alerts belong together, which are noise, and when there is enough for a card."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        lessons: Sequence[Lesson] = (),
        tuning: Tuning | None = None,
    ) -> None:
        self._t = tuning or Tuning()
        self._catalogue = catalogue or Catalogue()
        self._lessons = Lessons(lessons)
        self._links = Links(self._catalogue, self._t.most_neighbours)
        self._index = Index(self._t.most_near)
        self._likelihood = Likelihood(self._links, self._index, self._t)
        self._background = Background(self._t)
        self._series = SeriesBook(self._t.most_series)
        self._members: OrderedDict[Key, Member] = OrderedDict()
        self._firing: dict[str, dict[Key, Member]] = {}
        self._ends: OrderedDict[str, float] = OrderedDict()
        self._groups: dict[int, Group] = {}
        self._by_name: dict[str, Group] = {}
        self._due: list[tuple[float, int]] = []
        self._places: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._next = 1
        self._now = -math.inf
        self._exposed = (-math.inf, 0.0)

    # ------------------------------------------------------------------ alerts come, time passes

    def feed(self, signals: Sequence[Signal], now: datetime) -> Outcome:
        """Take signals as delivered, in order of arrival; `now` is when they arrived."""
        step = _Step()
        at = self._advance(now, step)
        for signal in signals:
            self._take(signal, at, step)
        return step.outcome()

    def advance(self, now: datetime) -> Outcome:
        """Let time pass without alerts."""
        step = _Step()
        self._advance(now, step)
        return step.outcome()

    def _advance(self, now: datetime, step: _Step) -> float:
        at = max(self._now, now.timestamp())
        self._now = at
        self._background.begin(at)
        while self._due and self._due[0][0] <= at:
            _, number = heapq.heappop(self._due)
            group = self._groups.get(number)
            if group is not None:
                self._review(group, at, step)
        while self._members:
            key, member = next(iter(self._members.items()))
            if at - member.seen <= self._t.keep and len(self._members) <= self._t.most_instances:
                break
            self._forget(key, member)
        return at

    def _take(self, signal: Signal, now: float, step: _Step) -> None:
        key = (signal.fingerprint, signal.starts_at)
        known = self._members.get(key)
        if signal.ends_at is not None:
            self._end(signal, known, now, step)
            return
        if known is not None:
            known.seen = now
            self._members.move_to_end(key)
            return
        self._begin(signal, now, step)

    def _end(self, signal: Signal, known: Member | None, now: float, step: _Step) -> None:
        assert signal.ends_at is not None
        ended = signal.ends_at.timestamp()
        firing = self._firing.get(signal.fingerprint)
        over = [m for m in firing.values() if m.start <= max(ended, now)] if firing else []
        if known is not None and known.ended is None:
            over = [known]
        for member in over:
            self._stop(member, signal, max(ended, member.start), step)
        if known is None and not over:
            self._ends[signal.fingerprint] = max(ended, self._ends.pop(signal.fingerprint, 0.0))
            if len(self._ends) > self._t.most_ends:
                self._ends.popitem(last=False)
            if signal.starts_at < signal.ends_at:
                self._begin(signal, now, step)

    def _stop(self, member: Member, signal: Signal, ended: float, step: _Step) -> None:
        member.ended = ended
        member.signal = replace(member.signal, ends_at=signal.ends_at)
        firing = self._firing.get(member.key[0])
        if firing is not None:
            firing.pop(member.key, None)
            if not firing:
                del self._firing[member.key[0]]
        series = self._series.get(member.key[0])
        if series is not None:
            series.last_end = max(series.last_end, ended)
        if member.group is not None:
            member.group.firing -= 1
        if member.group is None or not member.group.opened:
            self._background.ended_alone(max(0.0, ended - member.start))
        step.place(member)

    def _begin(self, signal: Signal, now: float, step: _Step) -> None:
        member = self._member(signal, now)
        self._keep(member)
        self._judge(member, now, step)
        step.place(member)

    def _member(self, signal: Signal, now: float) -> Member:
        start = min(signal.starts_at.timestamp(), now)
        member = Member(signal, subject_of(signal, self._catalogue), start, now)
        end = self._ends.get(signal.fingerprint, 0.0) if self._ends else 0.0
        if signal.ends_at is not None:
            member.ended = signal.ends_at.timestamp()
        elif end >= start:
            member.ended = end
            member.signal = replace(
                signal, ends_at=datetime.fromtimestamp(end, signal.starts_at.tzinfo)
            )
        return member

    def _keep(self, member: Member) -> None:
        self._members[member.key] = member
        if member.ended is None:
            self._firing.setdefault(member.key[0], {})[member.key] = member
        self._note_place(member.subject, member.entity)

    def _note_place(self, subject: Subject, entity: str) -> None:
        at = (subject.cluster, entity)
        self._places[at] = None
        if len(self._places) > self._t.most_series:
            self._places.popitem(last=False)
        if subject.peer and subject.service:
            self._links.learn_call(subject.service, subject.peer)

    # ------------------------------------------------------------------ where does it belong

    def _judge(self, member: Member, now: float, step: _Step) -> None:
        series = self._series.started(member.key[0], member.start, member.arrival)
        before = self._by_number(series.group)
        if member.severity == "none" or member.rule.lower() in HEARTBEATS:
            member.verdict = Verdict.UNIMPORTANT
            return
        chronic = before is None and (
            series.lone >= _CHRONIC_STARTS or member.arrival - member.start > _CHRONIC_AGE
        )
        alone = self._alone(member, series.lone)
        member.base = sum(t.value for t in alone)
        links = self._likelihood.candidates(member)
        scored: list[tuple[float, Group, Link | None, list[Term]]] = []
        pace = self._pace(member, now)
        for group, link in links.items():
            terms = self._with_group(member, group, link, pace, before)
            scored.append((member.base + sum(t.value for t in terms), group, link, terms))
        if before is not None and before not in links:
            terms = self._with_group(member, before, None, pace, before)
            scored.append((member.base + sum(t.value for t in terms), before, None, terms))
        scored = [
            s
            for s in scored
            if s[1].number not in series.apart and self._may_take(s[1], member, s[1] is before)
        ]
        best = max(scored, key=lambda s: (s[0], -s[1].number), default=None)
        if best is None or best[0] <= self._t.adopt:
            self._count(member, now)
            if chronic:
                member.verdict = Verdict.CHRONIC
                self._came_alone(member, now)
                return
            if member.severity in INFORMATION:
                member.verdict = Verdict.UNIMPORTANT
            self._seed(member, tuple(alone), now, step)
            return
        score, group, _, terms = best
        member.terms = (*terms, *alone)
        self._attach(member, group, score, now, step)
        self._adopt(group, [s[1] for s in scored if s[1] is not group], now, step)
        if not group.opened:
            self._maybe_open(group, now, step)

    def _alone(self, member: Member, lone: float) -> list[Term]:
        """The terms that are the same for every group."""
        habit = self._background.habit(member.rule, member.arrival)
        terms = [
            Term(
                "rule", habit, f"{member.rule} fires {'in incidents' if habit > 0 else 'by itself'}"
            )
        ]
        if severity := severity_term(member.severity):
            terms.append(Term("severity", severity, f"severity {member.severity}"))
        if lone:
            value = -math.log1p(2 * lone)
            terms.append(Term("series", value, f"fired alone {lone:.0f} times before"))
        if member.arrival - member.start > 900:
            terms.append(Term("age", -1.0, "had fired for long when it came"))
        return terms

    def _with_group(
        self, member: Member, group: Group, link: Link | None, pace: float, before: Group | None
    ) -> list[Term]:
        terms: list[Term] = []
        if link is not None:
            terms.append(_tie_term(member, link, pace))
        else:
            terms.append(Term("no tie", -5.0, "nothing near it is in the group"))
        if group is before:
            gap = max(0.0, member.arrival - group.last)
            series = self._series.get(member.key[0])
            belief = series.belief if series else 1.0
            value = self._t.sticky * belief**2 * math.exp(-gap / self._t.sticky_tau)
            terms.append(Term("series", value, "the same alert was here before"))
        elif not group.opened:
            certain = min(1.0, max(0.0, group.score / self._t.open_least))
            terms.append(Term("uncertain", certain - 1.0, "that group is not yet an incident"))
        if member.rule in group.rules:
            terms.append(Term("alike", 0.3, "the same rule fires there"))
        if value := self._lessons.between(member, group):
            terms.append(Term("taught", value, "people said so"))
        return terms

    def _may_take(self, group: Group, member: Member, back: bool) -> bool:
        if group.closed_at is None:
            return True
        return back and member.arrival - group.closed_at <= self._t.reopen

    def _by_number(self, number: str) -> Group | None:
        return self._groups.get(int(number)) if number else None

    def _pace(self, member: Member, now: float) -> float:
        informing = member.severity in INFORMATION
        return self._background.pace(now, self._population(), informing)

    def _population(self) -> int:
        return max(len(self._places), len(self._catalogue.services))

    def _seed(self, member: Member, alone: tuple[Term, ...], now: float, step: _Step) -> None:
        group = self._new_group()
        member.terms = alone
        self._join(member, group, max(-2.0, min(2.0, member.base)))
        heapq.heappush(self._due, (now + self._t.settle, group.number))
        proof = member.signal.kind in _OWN or member.signal.source in _PAGERS
        if proof and member.verdict is Verdict.WAITING and member.ended is None:
            self._open(group, f"{member.rule} is proof by itself", now, step)
            return
        due = now + self._t.patience
        if member.severity in URGENT:
            due = min(due, now + self._lasting(group, member, now))
        heapq.heappush(self._due, (due, group.number))

    def _new_group(self) -> Group:
        group = Group(self._next)
        self._next += 1
        self._groups[group.number] = group
        self._by_name[group.name] = group
        return group

    def _attach(self, member: Member, group: Group, score: float, now: float, step: _Step) -> None:
        series = self._series.get(member.key[0])
        member.belief = 1.0 / (1.0 + math.exp(-score))
        self._join(member, group, min(score, self._t.sign_most))
        if group.opened:
            member.verdict = Verdict.ATTACHED
            weight = member.belief
            if series is None or series.starts <= 1:
                self._background.note(member.rule, weight, 1.0 - weight, now)
                self._background.came(member.severity in INFORMATION, now, 1.0 - weight)
            if group.closed_at is not None:
                group.closed_at = None
        else:
            self._count(member, now)

    def _join(self, member: Member, group: Group, evidence: float) -> None:
        member.group = group
        count = group.signs.get(member.sign, 0)
        member.weight = evidence
        group.score += evidence * self._t.copy**count if count < 8 else 0.0
        group.signs[member.sign] = count + 1
        group.rules[member.rule] = group.rules.get(member.rule, 0) + 1
        group.members[member.key] = member
        group.firing += member.ended is None
        group.located += bool(member.subject.node)
        group.first = min(group.first, member.start)
        group.first_arrival = min(group.first_arrival, member.arrival)
        group.last = max(group.last, member.arrival)
        series = self._series.get(member.key[0])
        if len(group.members) > 1 and (series is None or not series.group):
            group.came()
        for place in places_of(member):
            activity = group.places.get(place)
            if activity is None:
                activity = group.places[place] = Activity(member.start, member.arrival)
                if place[0] == "s":
                    amount = self._likelihood.expected(place[2]) * member.belief
                    group.expect(amount, member.arrival, self._t.spread_tau)
            activity.note(member)
            if place[0] in "nz" and not member.subject.service:
                activity.own = True
            self._index.put(group, place)
        if series is not None:
            series.group = str(group.number)
            series.belief = member.belief

    # ------------------------------------------------------------------ groups open, join, end

    def _threshold(self, now: float) -> float:
        """The evidence that chance reaches less often than a false card is bearable."""
        per_hour = 3600.0 * self._background.per_second(now)
        return max(self._t.open_least, math.log(max(per_hour, 1e-9) / self._t.false_cards_per_hour))

    def _lasting(self, group: Group, member: Member, now: float) -> float:
        """Seconds that a lone urgent alert must fire to be proof."""
        missing = self._threshold(now) - group.score
        return max(self._background.noise_lasts() * missing, 60.0)

    def _maybe_open(self, group: Group, now: float, step: _Step) -> None:
        if len(group.signs) < 2 or group.score < self._threshold(now):
            return
        homes = [(self._explains(g, group, now), g) for g in self._near(group) if g.opened]
        score, home = max(homes, key=lambda h: (h[0], -h[1].number), default=(-math.inf, group))
        if score > self._t.merge:
            self._merge(group, home, now, step)
            return
        says = f"{len(group.signs)} independent signs within {now - group.first_arrival:.0f} s"
        self._open(group, says, now, step)

    def _explains(self, group: Group, other: Group, now: float) -> float:
        """How well `group` explains how `other` began: the sum over its first signs, in nats;
        -inf where it does not explain the very first."""
        total = 0.0
        for n, member in enumerate(_first_signs(other)):
            link = self._likelihood.link(member, group)
            value = member.base + timing(link.rate, self._pace(member, now)) if link else -2.0
            if n == 0 and value <= self._t.adopt:
                return -math.inf
            total += max(-2.0, min(self._t.sign_most, value))
        return total

    def _near(self, group: Group) -> list[Group]:
        near: dict[Group, None] = {}
        for member in _first_signs(group):
            near.update(dict.fromkeys(self._likelihood.candidates(member)))
        near.pop(group, None)
        return [g for g in near if g.closed_at is None and g.number not in group.apart]

    def _open(self, group: Group, says: str, now: float, step: _Step) -> None:
        group.opened_at = now
        self._index.promote(group)
        step.openings.append(Opening(group.name, self._time(now), says))
        for member in group.members.values():
            if member.verdict is not Verdict.OPENED:
                member.verdict = Verdict.OPENED
                self._now_joined(member, now)
                step.place(member)
        heapq.heappush(self._due, (now + self._t.idle, group.number))
        self._sweep(group, now, step)

    def _came_alone(self, member: Member, now: float) -> None:
        """It stayed alone: that is what its rule, its series and the pace are known by."""
        if member.lone:
            return
        member.lone = True
        series = self._series.get(member.key[0])
        if series is not None:
            series.lone += 1
            if series.lone > _CHRONIC_STARTS:
                return
        exposure = self._exposure(now)
        self._background.alone(member.rule, exposure, now)

    def _exposure(self, now: float) -> float:
        """The share of all services that is in the reach of an incident's recent trouble."""
        at, share = self._exposed
        if now - at < 10.0:
            return share
        recent = {
            place[1:]
            for group in self._groups.values()
            if group.opened and group.closed_at is None
            for place, activity in group.places.items()
            if place[0] == "s" and now - activity.last < 3 * self._t.spread_tau
        }
        share = min(0.8, len(recent) / max(1, self._population()))
        self._exposed = (now, share)
        return share

    def _count(self, member: Member, now: float) -> None:
        """Until it is known to belong to an incident, an alert counts for the pace of chance."""
        series = self._series.get(member.key[0])
        if series is None or series.starts <= _CHRONIC_STARTS:
            member.counted = True
            self._background.came(member.severity in INFORMATION, now)

    def _now_joined(self, member: Member, now: float) -> None:
        lone = member.lone
        member.lone = False
        if member.counted:
            member.counted = False
            self._background.came(member.severity in INFORMATION, now, -1.0)
        self._background.note(member.rule, 1.0, -1.0 if lone else 0.0, now)
        series = self._series.get(member.key[0])
        if lone and series is not None:
            series.lone = max(0.0, series.lone - 1)

    def _sweep(self, group: Group, now: float, step: _Step) -> None:
        """A group was opened: what waits near it may be explained now."""
        self._adopt(group, self._near(group), now, step)

    def _adopt(self, group: Group, others: Iterable[Group], now: float, step: _Step) -> None:
        """Take over groups whose beginning this group explains."""
        for other in others:
            if other.number not in self._groups or group.number not in self._groups:
                continue
            if group.number in other.apart or other.closed_at is not None:
                continue
            if not other.opened:
                self._take_over(other, group, now, step)
            elif group.opened:
                self._unite(group, other, now, step)

    def _take_over(self, waiting: Group, group: Group, now: float, step: _Step) -> None:
        """Each waiting alert that the group explains goes over to it."""
        alive = waiting.vigour(now, self._t.spread_tau, self._t.vigour_trust)
        least = self._t.adopt + (0.0 if group.opened else 1.0) - min(0.0, math.log(alive))
        moving = []
        for member in islice(waiting.members.values(), 50):
            link = self._likelihood.link(member, group)
            score = member.base + timing(link.rate, self._pace(member, now)) if link else -1.0
            if link is not None and score > least:
                member.belief = 1.0 / (1.0 + math.exp(-score))
                member.terms = (_tie_term(member, link, self._pace(member, now)), *member.terms)
                member.weight = min(score, self._t.sign_most)
                moving.append(member)
        if not moving:
            return
        if len(moving) == len(waiting.members):
            self._merge(waiting, group, now, step)
            return
        self._leave(moving, waiting)
        for member in moving:
            self._join(member, group, member.weight)
            if group.opened:
                self._now_joined(member, now)
                member.verdict = Verdict.ATTACHED
                step.place(member)

    def _unite(self, one: Group, other: Group, now: float, step: _Step) -> None:
        """Merge two opened groups when one explains how the other began."""
        score = max(self._explains(one, other, now), self._explains(other, one, now))
        if score > self._t.merge:
            old, new = sorted((one, other), key=lambda g: g.opened_at or 0.0)
            self._merge(new, old, now, step, "one explains how the other began")

    def _leave(self, members: Iterable[Member], group: Group) -> None:
        """Take members out of a group; what the group stands for is worked out anew."""
        gone = {m.key for m in members}
        rest = [m for m in group.members.values() if m.key not in gone]
        self._index.drop(group)
        group.clear()
        for member in rest:
            self._join(member, group, member.weight)

    def _split(
        self, group: Group, moving: Sequence[Member], now: float, step: _Step, says: str
    ) -> Group:
        """Part of an opened group goes over to a new one."""
        new = self._new_group()
        new.opened_at = now
        new.apart.add(group.number)
        group.apart.add(new.number)
        self._leave(moving, group)
        step.openings.append(Opening(new.name, self._time(now), says))
        for member in moving:
            self._join(member, new, member.weight)
            member.verdict = Verdict.OPENED
            step.place(member, group.name)
        step.splits.append(Splitting(group.name, new.name, says))
        heapq.heappush(self._due, (now + self._t.idle, new.number))
        return new

    def _merge(self, group: Group, into: Group, now: float, step: _Step, says: str = "") -> None:
        """All of `group` goes over to `into`."""
        if group.opened and into.opened:
            step.merges.append(Merging(group.name, into.name, says))
        self._index.drop(group)
        self._groups.pop(group.number, None)
        self._by_name.pop(group.name, None)
        for member in tuple(group.members.values()):
            before = group.name if group.opened else ""
            self._join(member, into, min(max(member.weight, 0.0), self._t.sign_most))
            if into.opened:
                if not group.opened:
                    self._now_joined(member, now)
                member.verdict = Verdict.ATTACHED
                step.place(member, before)

    def _review(self, group: Group, now: float, step: _Step) -> None:
        if group.opened:
            self._review_open(group, now)
            return
        urgent = [
            m
            for m in group.members.values()
            if m.ended is None and m.severity in URGENT and m.verdict is Verdict.WAITING
        ]
        if urgent:
            first = min(urgent, key=lambda m: m.arrival)
            due = first.arrival + self._lasting(group, first, now)
            if now >= due:
                self._open(group, f"{first.rule} keeps firing", now, step)
                return
            if now - first.arrival < self._t.persist_most:
                heapq.heappush(self._due, (max(due, now + 1.0), group.number))
                return
        over = now - group.last >= self._t.patience
        if over or len(group.signs) == 1:
            for member in group.members.values():
                self._came_alone(member, now)
        if not over:
            heapq.heappush(self._due, (group.last + self._t.patience, group.number))
            return
        self._dissolve(group)

    def _review_open(self, group: Group, now: float) -> None:
        ended = group.closed_at
        if ended is not None and now - ended > self._t.reopen:
            self._dissolve(group)
            return
        if group.firing <= 0 and now - group.last > self._t.idle:
            self._dissolve(group)
            return
        heapq.heappush(self._due, (now + 60.0, group.number))

    def _dissolve(self, group: Group) -> None:
        self._index.drop(group)
        self._groups.pop(group.number, None)
        self._by_name.pop(group.name, None)

    def _forget(self, key: Key, member: Member) -> None:
        del self._members[key]
        if member.group is not None:
            member.group.members.pop(key, None)
            member.group.firing -= member.ended is None
        firing = self._firing.get(key[0])
        if firing is not None:
            firing.pop(key, None)
            if not firing:
                del self._firing[key[0]]

    # ------------------------------------------------------------------ people

    def rename(self, group: str, name: str) -> None:
        """The caller stored the group under `name`: from now on that is what it is called."""
        found = self._by_name.get(group)
        if found is None:
            raise NotFound.among("group", group, self._by_name)
        self._name(found, name)

    def close(self, group: str) -> None:
        """People resolved it: it takes no more alerts, only its own when they fire again soon."""
        if found := self._by_name.get(group):
            found.closed_at = self._now

    def reopen(self, group: str) -> None:
        if found := self._by_name.get(group):
            found.closed_at = None

    def teach(self, lesson: Lesson) -> None:
        """Take a lesson into account from now on."""
        self._lessons.add(lesson)

    def suspects(self, group: str, most: int = 3) -> tuple[str, ...]:
        """What is at fault, likeliest first: services, nodes or zones."""
        found = self._by_name.get(group)
        return suspects(found, self._links, most) if found else ()

    def groups(self) -> dict[str, int]:
        """The open groups and how many instances each has."""
        return {g.name: g.size for g in self._groups.values() if g.opened and g.closed_at is None}

    def placed(self, key: Key) -> tuple[Verdict, str] | None:
        """What became of an instance, and its group; None when it is not known (any more)."""
        member = self._members.get(key)
        if member is None:
            return None
        group = member.group
        return member.verdict, group.name if group and group.opened else ""

    def why(self, key: Key) -> Explanation | None:
        """Why an alert is where it is; None when it is not known (any more)."""
        member = self._members.get(key)
        if member is None:
            return None
        verdict, group = self.placed(key) or (member.verdict, "")
        return Explanation(verdict, group, member.terms)

    def merge(self, group: str, into: str, now: datetime) -> Outcome:
        """People said that the two are one. Nothing happens where one of them is not known."""
        step = _Step()
        at = self._advance(now, step)
        one, other = self._by_name.get(group), self._by_name.get(into)
        if one is not None and other is not None and one is not other:
            one.apart.discard(other.number)
            other.apart.discard(one.number)
            other.by_hand = True
            self._merge(one, other, at, step, "people said so")
        return step.outcome()

    def split(self, group: str, keys: Collection[Key], new_name: str, now: datetime) -> Outcome:
        """People said that these alerts are another incident, stored as `new_name`."""
        step = _Step()
        at = self._advance(now, step)
        old = self._by_name.get(group)
        moving = [m for k in keys if (m := self._members.get(k)) and m.group is old]
        if old is None or not moving:
            return step.outcome()
        new = self._split(old, moving, at, step, "people said so")
        old.by_hand = new.by_hand = True
        step.renamed(new.name, new_name)
        self._name(new, new_name)
        return step.outcome()

    def detach(self, key: Key, now: datetime) -> Outcome:
        """People said that this alert does not belong to its incident, and stays out of it."""
        step = _Step()
        self._advance(now, step)
        member = self._members.get(key)
        if member is not None and (group := member.group) is not None:
            before = group.name if group.opened else ""
            self._leave([member], group)
            member.group = None
            member.verdict = Verdict.WAITING
            member.terms = (Term("taught", -STRENGTH, "people took it out"),)
            if series := self._series.get(key[0]):
                series.group = ""
                series.apart = (*series.apart[-7:], group.number)
            step.place(member, before)
        return step.outcome()

    def restore(self, alerts: Iterable[tuple[Signal, str]], now: datetime) -> None:
        """After a restart: recent history in order of arrival, each alert with the name of its
        open group, or "". Rebuilds histories and groups, decides nothing."""
        for signal, name in alerts:
            at = signal.received_at.timestamp()
            self._background.begin(at)
            member = self._member(signal, at)
            if member.key in self._members:
                continue
            self._keep(member)
            series = self._series.started(member.key[0], member.start, at)
            if name:
                group = self._by_name.get(name) or self._restored(name, at)
                self._join(member, group, self._t.sign_most)
                member.verdict = Verdict.ATTACHED
                self._background.note(member.rule, 1.0, 0.0, at)
            else:
                series.lone += 1
                self._background.note(member.rule, 0.0, 1.0, at)
        self._now = max(self._now, now.timestamp())

    def _restored(self, name: str, at: float) -> Group:
        group = self._new_group()
        group.opened_at = at
        self._name(group, name)
        heapq.heappush(self._due, (at + self._t.idle, group.number))
        return group

    @staticmethod
    def _time(at: float) -> datetime:
        return datetime.fromtimestamp(at, UTC)

    def _name(self, group: Group, name: str) -> None:
        self._by_name.pop(group.name, None)
        group.name = name
        self._by_name[name] = group


def _first_signs(group: Group, most: int = 6) -> list[Member]:
    """The earliest member of each of the group's first signs."""
    found: dict[tuple[str, str], Member] = {}
    for member in islice(group.members.values(), 50):
        found.setdefault(member.sign, member)
    return sorted(found.values(), key=lambda m: m.start)[:most]


def _tie_term(member: Member, link: Link, pace: float) -> Term:
    lag = member.start - link.activity.first
    says = f"{link.tie.value} {link.place[2]}, {lag:.0f} s after"
    return Term(link.tie.name.lower(), timing(link.rate, pace), says)

"""The correlation: alerts in, decisions out. Pure and single-threaded; time is an argument."""

import math
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.catalogue import Catalogue
from knowledge.correlation.board import Board
from knowledge.correlation.decide import Decider
from knowledge.correlation.groups import Group, Member
from knowledge.correlation.history import Background, SeriesBook
from knowledge.correlation.index import Index
from knowledge.correlation.judge import Judge
from knowledge.correlation.likelihood import Likelihood
from knowledge.correlation.links import Links
from knowledge.correlation.outcome import Explanation, Key, Outcome
from knowledge.correlation.roots import suspects
from knowledge.correlation.step import Step, time_of
from knowledge.correlation.subject import Subject, subject_of
from knowledge.correlation.teaching import STRENGTH, Lessons
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import URGENT
from knowledge.errors import NotFound
from knowledge.findings import is_finding
from knowledge.records import Lesson, Signal, Term, Verdict

MOST_SUSPECTS = 5


class Correlator:
    """Which alerts belong together, which are noise, and when there is enough for a card."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        lessons: Sequence[Lesson] = (),
        tuning: Tuning | None = None,
    ) -> None:
        t = self._t = tuning or Tuning()
        self._catalogue = catalogue or Catalogue()
        self._lessons = Lessons(lessons)
        self._links = Links(self._catalogue, t.most_neighbours)
        index = Index(t.most_near, t.opened_for, t.patience)
        self._likelihood = Likelihood(self._links, index, t)
        self._background = Background(t)
        self._series = SeriesBook(t.most_series)
        self._board = Board(index, self._likelihood, self._background, self._series, t)
        self._judge = Judge(self._background, self._series, self._likelihood, self._lessons, t)
        self._decider = Decider(
            self._board,
            self._judge,
            self._likelihood,
            self._background,
            self._series,
            self._links,
            t,
        )
        self._members: OrderedDict[Key, Member] = OrderedDict()
        self._firing: dict[str, dict[Key, Member]] = {}
        self._ends: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._places = _Places(self._catalogue, t.most_series)
        self._now = -math.inf
        self._populate()

    # ------------------------------------------------------------------ alerts come, time passes

    def feed(self, signals: Sequence[Signal], now: datetime) -> Outcome:
        """Take signals as delivered, in order of arrival; `now` is when they arrived.

        A repeat of a known instance is placed only when something about it changed."""
        step = Step()
        at = self._advance(now, step)
        for signal in signals:
            self._take(signal, at, step)
        return step.outcome()

    def advance(self, now: datetime) -> Outcome:
        """Let time pass without alerts."""
        step = Step()
        self._advance(now, step)
        return step.outcome()

    def _advance(self, now: datetime, step: Step) -> float:
        at = self._now = max(self._now, now.timestamp())
        self._background.begin(at)
        while (group := self._board.due(at)) is not None:
            self._decider.review(group, at, step)
        while self._members:
            member = next(iter(self._members.values()))
            if at - member.seen <= self._t.keep and len(self._members) <= self._t.most_instances:
                break
            self._forget(member)
        return at

    def _take(self, signal: Signal, now: float, step: Step) -> None:
        known = self._members.get((signal.fingerprint, signal.starts_at))
        if signal.ends_at is not None:
            self._end(signal, known, now, step)
        elif known is None:
            self._begin(signal, now, step)
        else:
            known.seen = now
            self._members.move_to_end(known.key)

    # ------------------------------------------------------------------ instances begin and end

    def _begin(self, signal: Signal, now: float, step: Step) -> None:
        member = self._keep(signal, now)
        self._decider.judge(member, now, step)
        step.placed(member)

    def _keep(self, signal: Signal, now: float) -> Member:
        start = min(signal.starts_at.timestamp(), now)
        signal = self._already_over(signal, start, now)
        member = Member(signal, subject_of(signal, self._catalogue), start, now)
        self._members[member.key] = member
        if signal.ends_at is None:
            self._firing.setdefault(signal.fingerprint, {})[member.key] = member
        else:
            member.ended = max(start, signal.ends_at.timestamp())
        if self._places.note(member):
            self._populate()
        if member.subject.peer and member.subject.service:
            self._links.learn_call(member.subject.service, member.subject.peer)
        if member.subject.server:
            self._links.learn_served(member.subject.server, member.entity)
        return member

    def _already_over(self, signal: Signal, start: float, now: float) -> Signal:
        """An end that came before its alert counts when the alert comes."""
        end = self._ends.get(signal.fingerprint) if self._ends else None
        if signal.ends_at is None and end and end[0] >= start and now - end[1] <= self._t.idle:
            return replace(signal, ends_at=time_of(end[0]))
        return signal

    def _populate(self) -> None:
        self._judge.services, self._likelihood.population = self._places.sizes()

    def _end(self, signal: Signal, known: Member | None, now: float, step: Step) -> None:
        """End the instance, or where it is not known, all of its fingerprint that began before."""
        assert signal.ends_at is not None
        ended = signal.ends_at.timestamp()
        if known is not None:
            known.seen = now
            self._members.move_to_end(known.key)
            if known.ended is None:
                self._stop(known, signal, ended, step)
            return
        firing = tuple(self._firing.get(signal.fingerprint, {}).values())
        over = [m for m in firing if m.start <= ended]
        for member in over:
            self._stop(member, signal, ended, step)
        if not over:
            self._ends.pop(signal.fingerprint, None)
            self._ends[signal.fingerprint] = (ended, now)
            if len(self._ends) > self._t.most_ends:
                self._ends.popitem(last=False)
            if signal.starts_at < signal.ends_at:
                self._begin(signal, now, step)

    def _stop(self, member: Member, signal: Signal, ended: float, step: Step) -> None:
        member.ended = max(ended, member.start)
        member.signal = replace(member.signal, ends_at=signal.ends_at)
        self._no_more_firing(member)
        if member.group is not None:
            member.group.firing -= 1
        if not member.home:
            self._background.ended_alone(member.ended - member.start)
        step.placed(member)

    def _no_more_firing(self, member: Member) -> None:
        firing = self._firing.get(member.key[0])
        if firing is not None:
            firing.pop(member.key, None)
            if not firing:
                del self._firing[member.key[0]]

    def _forget(self, member: Member) -> None:
        del self._members[member.key]
        self._no_more_firing(member)
        self._board.forget(member)

    # ------------------------------------------------------------------ what people do

    def rename(self, group: str, name: str) -> None:
        """The caller stored the group under `name`: from now on that is what it is called.

        Raises NotFound where there is no such group."""
        found = self._board.by_name.get(group)
        if found is None:
            raise NotFound.among("group", group, self._board.by_name)
        self._board.name(found, name)

    def close(self, group: str, at: datetime | None = None) -> None:
        """It was resolved, now or then: it takes no more alerts, only its own when they fire again
        soon."""
        if found := self._board.by_name.get(group):
            found.closed_at = at.timestamp() if at else self._now

    def reopen(self, group: str) -> None:
        """It takes alerts again."""
        if found := self._board.by_name.get(group):
            found.closed_at = None

    def merge(self, group: str, into: str, now: datetime) -> Outcome:
        """People said that the two are one. Nothing happens where one of them is not known."""
        step = Step()
        at = self._advance(now, step)
        one, other = self._board.by_name.get(group), self._board.by_name.get(into)
        if one is not None and other is not None and one is not other:
            other.by_hand = True
            self._decider.merge(one, other, at, step, "people said so")
        return step.outcome()

    def split(self, group: str, keys: Collection[Key], new_name: str, now: datetime) -> Outcome:
        """People said that these alerts are another incident, stored as `new_name`."""
        step = Step()
        at = self._advance(now, step)
        old = self._board.by_name.get(group)
        moving = [m for k in keys if (m := self._members.get(k)) and m.group is old]
        if old is not None and moving:
            new = self._decider.split(old, moving, at, step, "people said so")
            old.by_hand = new.by_hand = True
            step.renamed(new.name, new_name)
            self._board.name(new, new_name)
        return step.outcome()

    def detach(self, key: Key, now: datetime) -> Outcome:
        """People said that this alert does not belong to its incident, and stays out of it."""
        step = Step()
        self._advance(now, step)
        member = self._members.get(key)
        if member is not None and (group := member.group) is not None:
            before = member.home
            self._board.leave([member], group)
            member.group = None
            member.verdict = Verdict.WAITING
            member.terms = (Term("taught", -STRENGTH, "people took it out"),)
            if series := self._series.get(key[0]):
                series.group = 0
                series.apart = (*series.apart[-7:], group.number)
            step.placed(member, before)
        return step.outcome()

    def teach(self, lesson: Lesson) -> None:
        """Take a lesson into account from now on."""
        self._lessons.add(lesson)

    def restore(self, alerts: Iterable[tuple[Signal, str]], now: datetime) -> None:
        """After a restart: recent history in order of arrival, each alert with the name of its
        opened group, or "". Rebuilds histories and groups, decides nothing."""
        for signal, name in alerts:
            at = signal.received_at.timestamp()
            self._background.begin(at)
            if (signal.fingerprint, signal.starts_at) in self._members:
                continue
            member = self._keep(signal, at)
            if not name and self._waited(member, now.timestamp()):
                self._decider.recall(member, at)
                continue
            series = self._series.started(member.key[0], member.start, at)
            if name:
                group = self._board.by_name.get(name)
                if group is None:
                    group = self._restored(name, at)
                    if is_finding(signal):
                        series.opened(at)
                self._board.join(member, group, self._t.sign_most)
                member.verdict = Verdict.ATTACHED
                self._background.note(member.rule, 1.0, 0.0, at)
            else:
                series.lone += 1
                self._board.count(member, at)
                self._background.note(member.rule, 0.0, 1.0, at)
        self._now = max(self._now, now.timestamp())

    def _waited(self, member: Member, now: float) -> bool:
        """Whether an alert without a group would still wait for others. A group is reviewed when
        its last alert came `patience` ago, hence twice that for its first."""
        since = now - member.arrival
        if not self._decider.may_wait(member):
            return False
        lasts = member.severity in URGENT and member.ended is None
        return since <= 2 * self._t.patience or (lasts and since <= self._t.persist_most)

    def _restored(self, name: str, at: float) -> Group:
        group = self._board.new()
        self._board.open(group, at)
        group.by_hand = True  # Perhaps it was: nobody wrote that down.
        self._board.name(group, name)
        self._board.remind(group, at + 60.0)
        return group

    # ------------------------------------------------------------------ what can be asked

    def suspects(self, group: str, most: int = 3) -> tuple[str, ...]:
        """What is at fault, likeliest first: services, nodes or zones."""
        found = self._board.by_name.get(group)
        if found is None:
            return ()
        # Asked for after every step: a tenth more alerts seldom change who is to blame.
        size, known = found.blamed
        if not (size <= found.size <= 1.1 * size):
            known = suspects(found, self._links, MOST_SUSPECTS)
            found.blamed = (found.size, known)
        return known[:most]

    def groups(self) -> dict[str, int]:
        """The open groups and how many instances each has."""
        return {g.name: g.size for g in self._board.opened.values() if g.closed_at is None}

    def size(self) -> dict[str, int]:
        """How much is kept, by kind: for Tandem's own metrics."""
        return {
            "instances": len(self._members),
            "series": len(self._series),
            "groups": len(self._board.groups),
            "ends": len(self._ends),
        }

    def placed(self, key: Key) -> tuple[Verdict, str] | None:
        """What became of an instance, and its group; None when it is not known (any more)."""
        member = self._members.get(key)
        return (member.verdict, member.home) if member is not None else None

    def why(self, key: Key) -> Explanation | None:
        """Why an alert is where it is; None when it is not known (any more)."""
        member = self._members.get(key)
        return self._decider.explain(member, self._now) if member is not None else None


class _Places:
    """The services that were seen or are in the catalogue, by cluster."""

    def __init__(self, catalogue: Catalogue, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._clusters: set[str] = set()
        known = {(p.cluster, p.service) for p in catalogue.pods.values()}
        self._known = max(len(known), len(catalogue.services))

    def note(self, member: Member) -> bool:
        """True when the place is new."""
        subject: Subject = member.subject
        at = (subject.cluster, member.entity)
        if at in self._seen:
            return False
        self._seen[at] = None
        if len(self._clusters) < 1000:
            self._clusters.add(subject.cluster)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True

    def sizes(self) -> tuple[int, int]:
        """How many places there are in all, and in one cluster."""
        places = max(1, len(self._seen), self._known)
        return places, max(1, places // max(1, len(self._clusters)))

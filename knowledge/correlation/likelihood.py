"""How likely is it that an alert was triggered by a group's trouble, and not by chance?

Each alert either comes by itself, with the pace of lone alerts, or was triggered by trouble that is
known: an affected place sends out further alerts at a rate that depends on how the alert's place is
related to it and on the time since. The log of the ratio of the two rates is the score, as in a
Hawkes process (Hawkes 1971, Biometrika 58) whose kernel is cut into terms that can be told in
words. Rates of several ties add up; each is weighed with the belief that its place is in trouble at
all, and all with the group's vigour: a group that did not send what was expected of it explains
little.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from operator import attrgetter

from knowledge.correlation.groups import (
    ANYWHERE,
    BLAMED,
    CLUSTER,
    MODEL,
    NODE,
    SERVICE,
    ZONE,
    Activity,
    Group,
    Member,
    Place,
)
from knowledge.correlation.index import Index
from knowledge.correlation.links import Links, Relation
from knowledge.correlation.tuning import Tuning
from knowledge.findings import is_finding

MOST_TIMING = 5.0
"""No timing speaks for or against a group with more nats than this."""

_SMALL = 30
"""Fewer services than so many say nothing about how many there are."""

_LATE_S = 1800.0
_NO_BELIEF = 1e-3
_MOST_REACHES = 20_000
_NEVER = 1e-7
"""Alerts a second that are as good as none."""


Delay = Callable[[float], float]
"""Density, in 1/s, of a delay in seconds."""
Kernel = tuple[float | None, Delay]
"""Alerts expected by a tie, where that depends on nothing else, and their delay's density."""


class Tie(Enum):
    """How an alert is related to a place in a group."""

    SAME = "is on the same service"
    CALLS = "calls"
    CALLS_FAR = "calls, two hops down,"
    CALLED = "is called by"
    TOGETHER = "has often failed together with"
    MODEL = "serves, or is served by,"
    COMPLAINS = "complains of"
    BLAMED = "is blamed by alerts on"
    NODE = "is on the same node as other alerts:"
    ZONE = "is in the same zone as other alerts:"
    CLUSTER = "came with alerts all over the cluster"


_TIES = {
    Relation.SAME: Tie.SAME,
    Relation.CALLS: Tie.CALLS,
    Relation.CALLS_FAR: Tie.CALLS_FAR,
    Relation.CALLED: Tie.CALLED,
    Relation.TOGETHER: Tie.TOGETHER,
    Relation.MODEL: Tie.MODEL,
}

_FAR = (Tie.CALLS_FAR, Tie.TOGETHER)
_AMOUNTS: dict[Tie, Callable[[Tuning], float]] = {
    Tie.SAME: attrgetter("same_service"),
    Tie.CALLS: attrgetter("per_caller"),
    Tie.CALLS_FAR: attrgetter("two_hops"),
    Tie.TOGETHER: attrgetter("two_hops"),
    Tie.CALLED: attrgetter("to_callee"),
    Tie.BLAMED: attrgetter("to_callee"),
    Tie.COMPLAINS: attrgetter("complaint"),
    Tie.MODEL: attrgetter("served_model"),
}
"""Alerts expected by each tie that does not depend on what else the group holds."""


def is_late(member: Member) -> bool:
    """It had fired for long when it came: when it came then says nothing about its cause."""
    return member.arrival - member.start > _LATE_S


def _is_broad(group: Group) -> bool:
    return len(group.signs) >= 2 and not any(m.subject.model for m in group.first_signs())


def _clusters(group: Group) -> set[str]:
    return {p[1] for p in group.places if p[0] == CLUSTER and p[1] != ANYWHERE}


Way = tuple[Place, Tie, Kernel, Kernel]
"""A place that may send an alert, by which tie, and the kernels: the usual one, and the one where
what is learned takes its time to be noticed."""


class Link:
    """The ties between an alert and a group."""

    __slots__ = ("place", "rate", "since", "strongest", "tie")

    def __init__(self, rate: float, tie: Tie, place: Place, since: float) -> None:
        self.rate = rate
        """Alerts a second that the group's trouble sends to the alert's place, by all ties."""
        self.strongest = rate
        self.tie = tie
        self.place = place
        self.since = since
        """Seconds since that place's first alert; negative where the alert began before."""

    def add(self, rate: float, tie: Tie, place: Place, since: float) -> None:
        """One more tie; the strongest one is told."""
        self.rate += rate
        if rate > self.strongest:
            self.strongest, self.tie, self.place, self.since = rate, tie, place, since


class Likelihood:
    """Ties of alerts to groups, by the links and the index."""

    def __init__(self, links: Links, index: Index, tuning: Tuning) -> None:
        self._links = links
        self._index = index
        self._t = tuning
        self._kernels = {tie: _kernel(tie, tuning) for tie in Tie}
        self._slack = {tie: _slackened(tie, tuning) for tie in Tie}
        self._reaches: dict[tuple[str, str], tuple[object, tuple[Way, ...]]] = {}
        self.population = 1
        """Services known in one cluster."""

    def candidates(self, member: Member) -> dict[Group, Link]:
        """The groups near an alert, each with the sum of its ties, told by the strongest."""
        found: dict[Group, Link] = {}
        now = member.arrival
        at = self._index.at
        seen = self._seen(member)
        for way in self._reach(member):
            if groups := at(way[0], now):
                self._add(found, member, groups, way, seen)
        for group, link in found.items():
            link.rate *= self._vigour(group, now)
        return found

    def link(self, member: Member, group: Group) -> Link | None:
        """The ties of an alert to one group, summed and told by the strongest."""
        found: dict[Group, Link] = {}
        seen, only = self._seen(member), (group,)
        for way in self._reach(member):
            self._add(found, member, only, way, seen)
        link = found.get(group)
        if link is not None:
            link.rate *= self._vigour(group, member.arrival)
        return link

    def _seen(self, member: Member) -> tuple[float, bool]:
        """How far its sender's clock is trusted, and whether a monitor of ours found it."""
        return 1.0 if is_late(member) else self._t.clock_trust, is_finding(member.signal)

    def _add(
        self,
        found: dict[Group, Link],
        member: Member,
        groups: Iterable[Group],
        way: Way,
        seen: tuple[float, bool],
    ) -> None:
        """The ties of one place to each of the groups there.

        A new alert in a storm meets dozens of groups at a dozen places: all that is known before
        the loop stays out of it."""
        place, tie, usual, slackened = way
        start, arrival = member.start, member.arrival
        trust, finding = seen
        for group in groups:
            activity = group.places.get(place) or group.activity(place)
            if activity is None or activity.belief < _NO_BELIEF:
                continue
            since = start - activity.first
            if tie is Tie.CLUSTER:
                rate = self._by_cluster(member, group)
            else:
                # What is learned to be unusual takes its time to be noticed.
                amount, delay = slackened if finding or not group.told else usual
                density = delay(since)
                if trust < 1.0:
                    density = trust * density + (1.0 - trust) * delay(arrival - activity.arrival)
                if density < _NEVER:
                    continue
                if amount is None:
                    amount = self._place_amount(member, group, tie, activity)
                rate = density * amount * activity.belief
            if rate < _NEVER:
                continue
            link = found.get(group)
            if link is None:
                found[group] = Link(rate, tie, place, since)
            else:
                link.add(rate, tie, place, since)

    def _by_cluster(self, member: Member, group: Group) -> float:
        rate = self._hidden(member, group)
        if is_finding(member.signal):
            # However rare findings are, coming at once is no better a reason than for alerts.
            rate *= self._t.finding_pace / self._t.pace
        return rate

    def _vigour(self, group: Group, now: float) -> float:
        t = self._t
        if not group.told:
            # A finding says nothing of whether there are rules that would alert.
            return t.vigour_most
        return min(t.vigour_most, group.vigour(now, t.spread_tau, t.vigour_trust))

    def expected(self, service: str) -> float:
        """Alerts expected in all when this service is in trouble."""
        t = self._t
        callers, callees = self._links.degrees(service)
        return t.same_service + t.per_caller * min(5, callers) + t.to_callee * min(3, callees)

    def _way(self, place: Place, tie: Tie) -> Way:
        return place, tie, self._kernels[tie], self._slack[tie]

    def _around(self, cluster: str, entity: str) -> tuple[Way, ...]:
        """Where trouble of a service may come from; kept as long as its neighbours are the same."""
        near = self._links.near(entity)
        known = self._reaches.get((cluster, entity))
        if known is not None and known[0] is near:
            return known[1]
        way = self._way
        reach = [way((SERVICE, cluster, name), _TIES[relation]) for name, relation in near]
        reach.append(way((BLAMED, cluster, entity), Tie.BLAMED))
        if self._links.blind and not self._links.mapped(entity) and not entity.startswith(MODEL):
            reach.append(way((CLUSTER, cluster, ""), Tie.CLUSTER))
        if len(self._reaches) >= _MOST_REACHES:
            self._reaches.clear()
        self._reaches[(cluster, entity)] = near, tuple(reach)
        return tuple(reach)

    def _reach(self, member: Member) -> list[Way]:
        subject, entity = member.subject, member.entity
        cluster = subject.cluster
        reach: list[Way] = []
        if subject.service or subject.model:
            reach.extend(self._around(cluster, entity))
        if subject.peer:
            reach.append(self._way((SERVICE, cluster, subject.peer), Tie.COMPLAINS))
        if subject.node:
            reach.append(self._way((NODE, "", subject.node), Tie.NODE))
        if subject.zone:
            reach.append(self._way((ZONE, cluster, subject.zone), Tie.ZONE))
        return reach

    def _place_amount(self, member: Member, group: Group, tie: Tie, activity: Activity) -> float:
        if tie is Tie.NODE:
            return self._on_node(member, group, activity)
        return self._in_zone(group, activity)

    def _on_node(self, member: Member, group: Group, activity: Activity) -> float:
        """An ill node shows by its own alert, or by pods of several services; a service that is
        ill has pods on many nodes, so one pod there says little."""
        t = self._t
        if activity.own:
            return t.same_node
        share = activity.count / max(1, group.located)
        if len(activity.entities) >= 2 and share >= 0.5:
            return t.same_node
        return t.same_node * share if not member.subject.service else t.hint_of_node * share

    def _in_zone(self, group: Group, activity: Activity) -> float:
        """An ill zone shows on several of its nodes, or by most of the pods with trouble."""
        if len(activity.nodes) < 2:
            return 0.0
        share = activity.count / max(1, group.located)
        ill = activity.own >= 2 or (activity.count >= 4 and len(activity.entities) >= 2)
        return self._t.same_zone if ill and share >= 0.8 else 0.0

    def at_once(self, one: Group, other: Group) -> float:
        """Where no calls are known: nats for one trouble that began at two places, against two
        that came by chance so soon after one another. One sign alone is too little for that, and
        a model's data do not drift because a service fails."""
        t = self._t
        if not (_is_broad(one) and _is_broad(other) and _clusters(one) & _clusters(other)):
            return -math.inf
        gap = abs(one.first - other.first)
        density = decay(t.spread_tau, t)(gap)
        return math.log(t.unmapped_link * density * 3600.0 / t.incidents_per_hour)

    def _hidden(self, member: Member, group: Group) -> float:
        """Where no calls are known, trouble may reach any service of the cluster."""
        t = self._t
        amount = t.unmapped_link / max(_SMALL, self.population)
        return amount * (1 - t.tail) / t.spread_tau * group.pulse(member.arrival, t.spread_tau)


def _kernel(tie: Tie, t: Tuning) -> Kernel:
    amount = _AMOUNTS.get(tie)
    if tie is Tie.MODEL:
        delay = seldom_looked_at(t)
    elif tie in (Tie.CALLED, Tie.BLAMED):
        delay = upstream(t)
    else:
        delay = decay(2.0 * t.spread_tau if tie in _FAR else t.spread_tau, t)
    return (amount(t) if amount else None), delay


def _slackened(tie: Tie, t: Tuning) -> Kernel:
    """The same where one of the two is a finding, which may come minutes after what it caused: the
    foot before 0 is wider, and all of the density lower for it."""
    amount, delay = _kernel(tie, replace(t, early_tau=t.finding_tau))
    share = 1.0 / (1.0 + t.finding_tau / t.spread_tau)
    return amount, lambda dt: share * delay(dt)


def decay(tau: float, t: Tuning) -> Delay:
    """Density of the delay from cause to effect: mostly exponential, with a long tail, and a short
    foot before 0 because effects are sometimes noticed first."""
    head, early = (1.0 - t.tail) / tau, t.early_tau
    tail, tail_tau = t.tail / t.tail_tau, t.tail_tau

    def density(dt: float) -> float:
        if dt < 0.0:
            return head * math.exp(dt / early)
        return head * math.exp(-dt / tau) + tail * math.exp(-dt / tail_tau)

    return density


def upstream(t: Tuning) -> Delay:
    """The same where the alert is on the cause's side: it comes at about the same time, or it
    began before its effect and was only delivered later."""
    head, early = (1.0 - t.tail) / t.spread_tau, t.early_tau
    before = decay(t.spread_tau, t)

    def density(dt: float) -> float:
        return head * math.exp(-dt / early) if dt > 0.0 else before(-dt)

    return density


def seldom_looked_at(t: Tuning) -> Delay:
    """The same where one of the two is a model: whichever failed first, its data are looked at
    once in a while, and the window that was looked at began earlier still."""
    near, far = 0.5 / (2 * t.model_tau), 0.5 / (2 * t.model_tail_tau)

    def density(dt: float) -> float:
        gap = abs(dt)
        return near * math.exp(-gap / t.model_tau) + far * math.exp(-gap / t.model_tail_tau)

    return density


def timing(rate: float, pace: float) -> float:
    """log(triggered rate / pace of chance), bounded."""
    if rate <= 0.0:
        return -MOST_TIMING
    return max(-MOST_TIMING, min(MOST_TIMING, math.log(rate / pace)))

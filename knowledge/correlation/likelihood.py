"""How likely is it that an alert was triggered by a group's trouble, and not by chance?

Each alert either comes by itself, with the pace of lone alerts, or was triggered by trouble that is
known: an affected place sends out further alerts at a rate that depends on how the alert's place is
related to it and on the time since. The log of the ratio of the two rates is the score, as in a
Hawkes process (Hawkes 1971) whose kernel is cut into terms that can be told in words.
"""

import math
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from knowledge.correlation.groups import ANYWHERE, Activity, Group, Index, Member, Place
from knowledge.correlation.links import Links, Relation
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import INFORMATION, URGENT

MOST_TIMING = 5.0
"""No timing speaks for a group with more nats than this."""


class Tie(Enum):
    """How an alert is related to a place in a group."""

    SAME = "is on the same service"
    CALLS = "calls"
    CALLS_FAR = "calls, two hops down,"
    CALLED = "is called by"
    TOGETHER = "has often failed together with"
    COMPLAINS = "complains of"
    BLAMED = "is blamed by alerts on"
    NODE = "runs on the same node as alerts of"
    ZONE = "runs in the same zone as alerts of"


_TIES = {
    Relation.SAME: Tie.SAME,
    Relation.CALLS: Tie.CALLS,
    Relation.CALLS_FAR: Tie.CALLS_FAR,
    Relation.CALLED: Tie.CALLED,
    Relation.TOGETHER: Tie.TOGETHER,
}


class Link(NamedTuple):
    """The ties between an alert and a group."""

    rate: float
    """Alerts a second that the group's trouble sends to the alert's place, by all ties."""
    strongest: float
    tie: Tie
    place: Place
    activity: Activity


def severity_term(severity: str) -> float:
    """Information is seldom part of an incident; what somebody is paged for, more often."""
    if severity in INFORMATION:
        return -2.0
    return 0.3 if severity in URGENT else 0.0


def decay(dt: float, tau: float, t: Tuning) -> float:
    """Density of the delay `dt` seconds from cause to effect: mostly exponential, with a long
    tail, and a short foot before 0 because effects are sometimes noticed first. Units 1/s."""
    if dt < 0:
        return (1 - t.tail) / tau * math.exp(dt / t.early_tau)
    return (1 - t.tail) / tau * math.exp(-dt / tau) + t.tail / t.tail_tau * math.exp(
        -dt / t.tail_tau
    )


def upstream(dt: float, t: Tuning) -> float:
    """The same where the alert is on the cause's side: it comes at about the same time, or it
    began before its effect and was only delivered later."""
    if dt > 0:
        return (1 - t.tail) / t.spread_tau * math.exp(-dt / t.early_tau)
    return decay(-dt, t.spread_tau, t)


class Likelihood:
    """Ties of alerts to groups, by the links and the index."""

    def __init__(self, links: Links, index: Index, tuning: Tuning) -> None:
        self._links = links
        self._index = index
        self._t = tuning

    def candidates(self, member: Member) -> dict[Group, Link]:
        """The groups near an alert, each with the sum of its ties, told by the strongest."""
        found: dict[Group, Link] = {}
        for place, tie in self._reach(member):
            kind, cluster, name = place
            for group in self._index.at(kind, cluster, name):
                link = self._link(member, group, place, tie)
                if link is not None:
                    found[group] = _sum(found.get(group), link)
        return {g: self._tempered(link, g, member.arrival) for g, link in found.items()}

    def link(self, member: Member, group: Group) -> Link | None:
        """The ties of an alert to one group, summed and told by the strongest."""
        total: Link | None = None
        for place, tie in self._reach(member):
            link = self._link(member, group, place, tie)
            if link is not None:
                total = _sum(total, link)
        return self._tempered(total, group, member.arrival) if total else None

    def expected(self, service: str) -> float:
        """Alerts expected in all when this service is in trouble."""
        t = self._t
        callers = min(5, sum(1 for _ in self._links.callers(service)))
        callees = min(3, sum(1 for _ in self._links.callees(service)))
        return t.same_service + t.per_caller * callers + t.to_callee * callees

    def _tempered(self, link: Link, group: Group, now: float) -> Link:
        vigour = group.vigour(now, self._t.spread_tau, self._t.vigour_trust)
        return link._replace(rate=link.rate * min(vigour, self._t.vigour_most))

    def _reach(self, member: Member) -> Iterator[tuple[Place, Tie]]:
        subject = member.subject
        cluster = subject.cluster
        if subject.service or subject.model:
            for service, relation in self._links.near(member.entity):
                yield ("s", cluster, service), _TIES[relation]
            yield ("b", cluster, member.entity), Tie.BLAMED
        if subject.peer:
            yield ("s", cluster, subject.peer), Tie.COMPLAINS
        if subject.node:
            yield ("n", "", subject.node), Tie.NODE
        if subject.zone:
            yield ("z", cluster, subject.zone), Tie.ZONE

    def _link(self, member: Member, group: Group, place: Place, tie: Tie) -> Link | None:
        activity, at = _activity(group, place)
        if activity is None:
            return None
        rate = self._rate(member, group, at, tie, activity) * activity.belief
        return Link(rate, rate, tie, at, activity) if rate > 0 else None

    def _rate(
        self, member: Member, group: Group, place: Place, tie: Tie, activity: Activity
    ) -> float:
        t = self._t
        tau = t.spread_tau
        if tie is Tie.SAME:
            return t.same_service * self._both(member, activity, lambda dt: decay(dt, tau, t))
        if tie is Tie.CALLS:
            return t.per_caller * self._both(member, activity, lambda dt: decay(dt, tau, t))
        if tie is Tie.CALLS_FAR or tie is Tie.TOGETHER:
            return t.two_hops * self._both(member, activity, lambda dt: decay(dt, 2 * tau, t))
        if tie is Tie.COMPLAINS:
            return t.complaint * self._both(member, activity, lambda dt: decay(dt, tau, t))
        if tie is Tie.CALLED or tie is Tie.BLAMED:
            return t.to_callee * self._both(member, activity, lambda dt: upstream(dt, t))
        if tie is Tie.NODE:
            amount = self._on_node(member, group, activity)
        else:
            amount = self._in_zone(member, group, place, activity)
        return (
            amount * self._both(member, activity, lambda dt: decay(dt, tau, t)) if amount else 0.0
        )

    def _on_node(self, member: Member, group: Group, activity: Activity) -> float:
        """An ill node shows by its own alert, or by pods of several services; a service that is
        ill has pods on many nodes, so one pod there says little."""
        t = self._t
        own = not member.subject.service
        if activity.own:
            return t.same_node
        share = activity.count / max(1, group.located)
        if len(activity.services) >= 2 and share >= 0.5:
            return t.same_node
        return t.same_node * share if own else t.hint_of_node * share

    def _in_zone(self, member: Member, group: Group, place: Place, activity: Activity) -> float:
        t = self._t
        if activity.own:
            return t.same_zone
        share = activity.count / max(1, group.located)
        if len(activity.services) >= 2 and activity.count >= 4 and share >= 0.8:
            return t.same_zone
        return 0.0

    def _both(self, member: Member, activity: Activity, density: Callable[[float], float]) -> float:
        trust = self._t.clock_trust
        by_start = density(member.start - activity.first)
        return trust * by_start + (1 - trust) * density(member.arrival - activity.arrival)


def _sum(known: Link | None, link: Link) -> Link:
    if known is None:
        return link
    total = known.rate + link.rate
    told = link if link.strongest > known.strongest else known
    return told._replace(rate=total)


def timing(rate: float, pace: float) -> float:
    """log(triggered rate / pace of chance), bounded."""
    return max(-MOST_TIMING, min(MOST_TIMING, math.log(rate / pace))) if rate > 0 else -MOST_TIMING


def _activity(group: Group, place: Place) -> tuple[Activity | None, Place]:
    found = group.places.get(place)
    if found is not None:
        return found, place
    kind, cluster, name = place
    if cluster:
        place = (kind, "", name)
        return group.places.get(place), place
    if kind == "n":
        return None, place
    for at, activity in group.places.items():
        if at[2] == name and at[0] == kind:
            return activity, at
    return None, place


__all__ = ["ANYWHERE", "Likelihood", "Link", "Tie"]

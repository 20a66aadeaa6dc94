"""The groups there are, kept in step with the index, the series and the record."""

import heapq
from collections.abc import Iterable

from knowledge.correlation.groups import ANYWHERE, NODE, SERVICE, Activity, Group, Member, places_of
from knowledge.correlation.history import Background, SeriesBook
from knowledge.correlation.index import Index
from knowledge.correlation.likelihood import Likelihood
from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import INFORMATION
from knowledge.findings import is_finding

CHRONIC_STARTS = 4
"""A series that stayed alone so often is chronic."""
_MOST_COPIES = 9
"""Further copies weigh no less than this one, which is next to nothing."""


class Board:
    """Moves members between groups and keeps every count in step with that."""

    def __init__(
        self,
        index: Index,
        likelihood: Likelihood,
        background: Background,
        series: SeriesBook,
        tuning: Tuning,
    ) -> None:
        self._index = index
        self._likelihood = likelihood
        self._background = background
        self._series = series
        self._t = tuning
        self.groups: dict[int, Group] = {}
        self.opened: dict[int, Group] = {}
        self.by_name: dict[str, Group] = {}
        self._due: list[tuple[float, int]] = []
        self._next = 1

    def new(self) -> Group:
        group = Group(self._next)
        self._next += 1
        self.groups[group.number] = group
        self.by_name[group.name] = group
        return group

    def name(self, group: Group, name: str) -> None:
        self.by_name.pop(group.name, None)
        group.name = name
        self.by_name[name] = group

    def open(self, group: Group, now: float) -> None:
        group.opened_at = now
        self.opened[group.number] = group
        self._index.promote(group)

    def drop(self, group: Group) -> None:
        """Forget the group; its members stay known by themselves."""
        self._index.drop(group)
        self.groups.pop(group.number, None)
        self.opened.pop(group.number, None)
        self.by_name.pop(group.name, None)

    def remind(self, group: Group, at: float) -> None:
        """Look at the group again at that time."""
        heapq.heappush(self._due, (at, group.number))

    def due(self, now: float) -> Group | None:
        """The next group to look at, if it is time."""
        while self._due and self._due[0][0] <= now:
            group = self.groups.get(heapq.heappop(self._due)[1])
            if group is not None:
                return group
        return None

    # ------------------------------------------------------------------ members

    def join(self, member: Member, group: Group, evidence: float) -> bool:
        """Put a member into a group; `evidence` in nats. True when it adds a sign or a place."""
        t = self._t
        copies = group.signs.get(member.sign, 0)
        elsewhere = group.rules.get(member.rule, 0) - copies
        member.group = group
        member.weight = evidence
        group.score += evidence * self._discount(copies) * t.rule_copy ** min(elsewhere, 9)
        group.signs[member.sign] = copies + 1
        group.rules[member.rule] = group.rules.get(member.rule, 0) + 1
        group.members[member.key] = member
        group.firing += member.ended is None
        group.counted += member.counted
        group.located += bool(member.subject.node)
        group.told += not is_finding(member.signal)
        group.first = min(group.first, member.start)
        group.first_arrival = min(group.first_arrival, member.arrival)
        group.last = max(group.last, member.arrival)
        series = self._series.get(member.key[0])
        if len(group.members) > 1 and (series is None or not series.group):
            group.came()
        if series is not None:
            series.group = group.number
            series.belief = member.belief
        return self._touch(member, group) or not copies

    def _touch(self, member: Member, group: Group) -> bool:
        fresh = False
        for place in places_of(member):
            activity = group.places.get(place)
            if activity is None:
                activity = group.places[place] = Activity(member.start, member.arrival)
                fresh = True
                self._expect(member, group, place)
                if place[0] != NODE:
                    group.places.setdefault((place[0], ANYWHERE, place[2]), activity)
            activity.note(member)
            self._index.put(group, place, member.arrival)
        return fresh

    def _expect(self, member: Member, group: Group, place: tuple[str, str, str]) -> None:
        tau = self._t.spread_tau
        if place[0] in (SERVICE, NODE):
            group.spread(member.belief, member.arrival, tau)
        if place[0] == SERVICE:
            amount = self._likelihood.expected(place[2]) * member.belief
            group.expect(amount, member.arrival, tau)

    def _discount(self, copies: int) -> float:
        return self._t.copy ** min(copies, _MOST_COPIES)

    def share(self, member: Member) -> float:
        """What a member of a group counts as an alert of its own: the pods of one service that
        fail at once are one trouble, and no thousand chances."""
        group = member.group
        return 1.0 if group is None else self._discount(group.signs.get(member.sign, 1) - 1)

    def leave(self, members: Iterable[Member], group: Group) -> None:
        """Take members out of a group; what the group stands for is worked out anew."""
        gone = {m.key for m in members}
        rest = [m for m in group.members.values() if m.key not in gone]
        self._index.drop(group)
        group.clear()
        for member in rest:
            self.join(member, group, member.weight)

    def forget(self, member: Member) -> None:
        """The instance is not kept any more."""
        group = member.group
        if group is not None and group.members.pop(member.key, None) is not None:
            group.firing -= member.ended is None

    # ------------------------------------------------------------------ the record

    def count(self, member: Member, now: float) -> None:
        """Until it is known to belong to an incident, an alert counts for the pace of chance."""
        series = self._series.get(member.key[0])
        if series is None or series.starts <= CHRONIC_STARTS:
            member.counted = self.share(member)
            if member.group is not None:
                member.group.counted += member.counted
            self._background.came(member.severity in INFORMATION, now, member.counted)

    def came_alone(self, member: Member, exposure: float, now: float) -> None:
        """It stayed alone: that is what its rule and its series are known by."""
        if member.lone:
            return
        member.lone = True
        series = self._series.get(member.key[0])
        if series is not None:
            series.lone += 1
            if series.lone > CHRONIC_STARTS:
                return
        self._background.alone(member.rule, exposure, now)

    def belongs(self, member: Member, now: float) -> None:
        """It belongs to an incident after all: what was counted is taken back."""
        self._background.note(member.rule, 1.0, -1.0 if member.lone else 0.0, now)
        series = self._series.get(member.key[0])
        if member.lone and series is not None:
            series.lone = max(0.0, series.lone - 1)
        if member.counted:
            if member.group is not None:
                member.group.counted -= member.counted
            self._background.came(member.severity in INFORMATION, now, -member.counted)
        member.lone = False
        member.counted = 0.0

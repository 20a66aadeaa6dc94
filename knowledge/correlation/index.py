"""From places to the groups that touch them."""

from knowledge.correlation.groups import ANYWHERE, NODE, Group, Place

Table = dict[Place, dict[int, tuple[Group, float]]]
"""With each group, when it was touched there last."""


class Index:
    """Which groups touch a place. Only the ones touched last and lately are found, which keeps the
    cost of one alert independent of how many groups there are."""

    def __init__(self, most: int, opened_for: float, waiting_for: float) -> None:
        self._most = most
        self._opened_for = opened_for
        self._waiting_for = waiting_for
        self._opened: Table = {}
        self._waiting: Table = {}
        self._clusterless = False
        """Some alert knew no cluster: its groups must be found from every cluster."""

    def put(self, group: Group, place: Place, at: float) -> None:
        """Note that the group touches the place at that time."""
        kind, cluster, name = place
        table = self._opened if group.opened else self._waiting
        _touch(table, place, group, at)
        if kind != NODE:
            if not cluster:
                self._clusterless = True
            _touch(table, (kind, ANYWHERE, name), group, at)

    def drop(self, group: Group) -> None:
        """Forget the group."""
        for place in group.places:
            for at in (place, (place[0], ANYWHERE, place[2])):
                _remove(self._opened, at, group)
                _remove(self._waiting, at, group)

    def promote(self, group: Group) -> None:
        """The group was opened: list it among the opened ones."""
        self.drop(group)
        for place, activity in group.places.items():
            if place[1] != ANYWHERE:
                self.put(group, place, activity.last)

    def at(self, place: Place, now: float) -> list[Group]:
        """Groups at that place, those touched last first: some opened and some waiting ones."""
        kind, cluster, name = place
        if not cluster and kind != NODE:
            place = (kind, ANYWHERE, name)
        found: list[Group] = []
        self._last(place, now, found)
        if cluster and self._clusterless:
            self._last((kind, "", name), now, found)
        return found

    def _last(self, place: Place, now: float, found: list[Group]) -> None:
        opened = self._opened.get(place)
        if opened:
            _recent(opened, now - self._opened_for, self._most, found)
        waiting = self._waiting.get(place)
        if waiting:
            _recent(waiting, now - self._waiting_for, self._most, found)


def _recent(
    groups: dict[int, tuple[Group, float]], since: float, most: int, found: list[Group]
) -> None:
    for group, at in reversed(groups.values()):
        if at < since or not most:
            return
        found.append(group)
        most -= 1


def _touch(table: Table, place: Place, group: Group, at: float) -> None:
    groups = table.setdefault(place, {})
    groups.pop(group.number, None)
    groups[group.number] = (group, at)


def _remove(table: Table, place: Place, group: Group) -> None:
    groups = table.get(place)
    if groups is not None:
        groups.pop(group.number, None)
        if not groups:
            del table[place]

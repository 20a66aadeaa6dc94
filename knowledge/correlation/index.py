"""From places to the groups that touch them."""

from collections.abc import Iterator

from knowledge.correlation.groups import ANYWHERE, NODE, Group, Place

Table = dict[Place, dict[int, Group]]


class Index:
    """Which groups touch a place. Only the ones touched last are found: a cap keeps the cost of
    one alert independent of how many are waiting."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: Table = {}
        self._waiting: Table = {}
        self._clusterless = False
        """Some alert knew no cluster: its groups must be found from every cluster."""

    def put(self, group: Group, place: Place) -> None:
        """Note that the group touches the place, now."""
        kind, cluster, name = place
        table = self._opened if group.opened else self._waiting
        _touch(table, place, group)
        if kind != NODE:
            if not cluster:
                self._clusterless = True
            _touch(table, (kind, ANYWHERE, name), group)

    def drop(self, group: Group) -> None:
        """Forget the group."""
        for place in group.places:
            for at in (place, (place[0], ANYWHERE, place[2])):
                _remove(self._opened, at, group)
                _remove(self._waiting, at, group)

    def promote(self, group: Group) -> None:
        """The group was opened: list it among the opened ones."""
        self.drop(group)
        for place in group.places:
            if place[1] != ANYWHERE:
                self.put(group, place)

    def at(self, place: Place) -> Iterator[Group]:
        """Groups at that place, those touched last first: some opened and some waiting ones."""
        kind, cluster, name = place
        if not cluster and kind != NODE:
            place = (kind, ANYWHERE, name)
        yield from self._last(self._opened, place)
        yield from self._last(self._waiting, place)
        if cluster and self._clusterless:
            place = (kind, "", name)
            yield from self._last(self._opened, place)
            yield from self._last(self._waiting, place)

    def _last(self, table: Table, place: Place) -> Iterator[Group]:
        groups = table.get(place)
        if groups:
            left = self._most
            for group in reversed(groups.values()):
                yield group
                left -= 1
                if not left:
                    return


def _touch(table: Table, place: Place, group: Group) -> None:
    groups = table.setdefault(place, {})
    groups.pop(group.number, None)
    groups[group.number] = group


def _remove(table: Table, place: Place, group: Group) -> None:
    groups = table.get(place)
    if groups is not None:
        groups.pop(group.number, None)
        if not groups:
            del table[place]

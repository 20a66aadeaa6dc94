"""Does a group hold a second trouble, with a root of its own?

A later root is often noticed only after its effects: its alerts then join the group that has its
callers. It shows as a service that is loud, that nothing else in the group can have caused, and
that was hit well after the first root; simultaneous roots rather have a cause in common.
"""

from collections.abc import Collection

from knowledge.correlation.groups import NODE, Group, Member
from knowledge.correlation.links import Links
from knowledge.correlation.roots import Spots, service_spots, suspects

APART_S = 120.0
"""Roots hit within less are held to have one cause."""
_EARLY_S = 15.0
_LOUD_SIGNS = 2
_LOUD_ALERTS = 3
_MOST_MEMBERS = 1000


def second_root(group: Group, links: Links) -> tuple[str, list[Member]] | None:
    """The second root and the members that go with it, or None."""
    if links.blind or len(group.signs) < 2 * _LOUD_SIGNS or group.size > _MOST_MEMBERS:
        return None
    services = service_spots(group)
    later = _later_roots(group, services, links)
    first = next(iter(suspects(group, links, 1)), "") if later else ""
    if first not in services or _ill_node(group):
        return None
    for name in later:
        activity = services[name]
        if activity.first - services[first].first >= APART_S:
            moving = _following(name, activity.first, group, links)
            signs = {m.sign for m in moving}
            if len(signs) >= _LOUD_SIGNS and len(group.signs.keys() - signs) >= _LOUD_SIGNS:
                return name, moving
    return None


def _ill_node(group: Group) -> bool:
    return any(a.own for place, a in group.places.items() if place[0] == NODE)


def _later_roots(group: Group, services: Spots, links: Links) -> list[str]:
    """Loud services hit well after the first of all, that nothing before can have hit."""
    since = min((a.first for a in services.values()), default=0.0) + APART_S
    late = (name for name, activity in services.items() if activity.first >= since)
    return [n for n in late if _is_root(n, services, links) and _is_loud(n, group)]


def _is_root(name: str, services: Spots, links: Links) -> bool:
    """Nothing that was hit before can have caused it."""
    here = services[name]
    before = (o for o, a in services.items() if o != name and a.first <= here.first + _EARLY_S)
    return not any(name in links.above(other) for other in before)


def _is_loud(name: str, group: Group) -> bool:
    counts = [n for (_, entity), n in group.signs.items() if entity == name]
    return len(counts) >= _LOUD_SIGNS and sum(counts) >= _LOUD_ALERTS


def _following(name: str, since: float, group: Group, links: Links) -> list[Member]:
    """What came with the second root: its own alerts, and new series of those that depend on it."""
    dependants: Collection[str] = links.above(name).keys() | {name}
    known: set[str] = set()
    moving = []
    for member in group.members.values():
        if member.start < since - _EARLY_S:
            known.add(member.key[0])
        elif member.entity in dependants and member.key[0] not in known:
            moving.append(member)
    return moving

"""Which service, node or zone of a group is at fault?

Each place with alerts is a hypothesis. It is scored by how well it explains where and when the
group's other places were hit: trouble climbs from callee to caller, some tens of seconds a hop; a
node's trouble hits what runs on it; what a hypothesis cannot explain counts against it.
"""

import math

from knowledge.correlation.groups import (
    ANYWHERE,
    BLAMED,
    MODEL,
    NODE,
    SERVICE,
    ZONE,
    Activity,
    Group,
)
from knowledge.correlation.links import Links

_HOP_S = 60.0
"""Mean delay of one hop, generously."""
_EARLY_S = 15.0
_PER_HOP = 0.5
_UNEXPLAINED = 3.0
_LATE_MOST = 3.0
_MOST_PLACES = 40
_RARE_NODE, _RARE_ZONE = 2.0, 3.0
"""Nodes fail less often than deploys do, and zones still less often."""
_OWN_ALERT = 3.0
_MOST_SHARE = 0.7
_FEW = 4
"""So many pods elsewhere are supposed beside those that were seen."""

Spots = dict[str, Activity]


def suspects(group: Group, links: Links, most: int) -> tuple[str, ...]:
    """Ranked: what explains best where and when the group's alerts came."""
    services = service_spots(group)
    blamed = _spots(group, BLAMED)
    scores = {name: _service(name, services, blamed, links) for name in services}
    for name, activity in _spots(group, NODE).items():
        scores[name] = _place(activity, group, services, links) - _RARE_NODE
    for name, activity in _spots(group, ZONE).items():
        if len(activity.nodes) >= 2:
            scores[name] = _place(activity, group, services, links) - _RARE_ZONE
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    return tuple(name.removeprefix(MODEL) for name in ranked[:most])


def service_spots(group: Group) -> Spots:
    """The group's services, those hit first before others."""
    return _spots(group, SERVICE)


def _spots(group: Group, kind: str) -> Spots:
    """The places of one kind, those hit first before others."""
    found = [(p[2], a) for p, a in group.places.items() if p[0] == kind and p[1] != ANYWHERE]
    found.sort(key=lambda item: item[1].first)
    spots: Spots = {}
    for name, activity in found[:_MOST_PLACES]:
        spots.setdefault(name, activity)
    return spots


def _service(name: str, services: Spots, blamed: Spots, links: Links) -> float:
    here = services[name]
    dependants = links.above(name)
    score = math.log1p(here.count) * here.belief
    for other, activity in services.items():
        if other == name:
            continue
        hops = dependants.get(other)
        if hops is None:
            score -= _UNEXPLAINED * _weight(activity)
        else:
            late = _misfit(activity.first - here.first, hops)
            score -= (_PER_HOP * (hops - 1) + late) * _weight(activity)
    if name in blamed:
        score += 0.5 * min(3, blamed[name].count)
    return score


def _place(activity: Activity, group: Group, services: Spots, links: Links) -> float:
    """A node or zone: it explains what runs there, and the callers of that. Without an alert of
    its own, most of the pods with trouble must be there."""
    share = activity.count / (group.located + _FEW)
    score = _OWN_ALERT if activity.own else 6.0 * min(0.0, share - _MOST_SHARE)
    hit: dict[str, int] = {}
    for entity in activity.entities:
        for caller, hops in links.above(entity, 2).items():
            hit[caller] = min(hops, hit.get(caller, hops))
    for name, other in services.items():
        if name not in activity.entities:
            unexplained = _PER_HOP * hit[name] if name in hit else _UNEXPLAINED
            score -= unexplained * _weight(other)
        elif len(activity.entities) < 2:
            score -= 1.0
    return score + math.log1p(len(activity.entities))


def _weight(activity: Activity) -> float:
    """How much a place must be explained: one alert alone may be chance."""
    return activity.belief * min(1.0, 0.6 + 0.2 * (activity.count - 1))


def _misfit(lag: float, hops: int) -> float:
    """Nats lost because an effect came so long after, or before, its supposed cause."""
    if lag < 0:
        return min(_LATE_MOST, -lag / _EARLY_S)
    return min(_LATE_MOST, max(0.0, lag / (_HOP_S * hops) - 1.0))

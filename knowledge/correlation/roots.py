"""Which service, node or zone of a group is at fault?"""

from knowledge.correlation.groups import Group
from knowledge.correlation.links import Links


def suspects(group: Group, links: Links, most: int) -> tuple[str, ...]:
    """Ranked: what explains most of the group's alerts, and began early."""
    services = {name: a for (kind, _, name), a in group.places.items() if kind == "s"}
    scores: dict[str, float] = {}
    for name, activity in services.items():
        deeper = sum(c in services for c in links.callees(name))
        scores[name] = -2.0 * deeper - (activity.first - group.first) / 60.0 + 0.1 * activity.count
    for (kind, _, name), activity in group.places.items():
        if kind == "n" and len(activity.services) >= 2:
            share = activity.count / max(1, group.located)
            scores[name] = 4.0 * share + (2.0 if activity.own else 0.0) - 2.0
    return tuple(sorted(scores, key=lambda n: -scores[n])[:most])

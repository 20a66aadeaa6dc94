"""Who can pass trouble to whom: the catalogue's calls and those learned from the alerts.

Learned calls come from labels that name a peer (certain) and from what fires together again and
again (decayed counts against what chance would bring). Directions of the latter are unknown, so
they link both ways.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from enum import IntEnum
from itertools import islice

from knowledge.catalogue import Catalogue

_HALF_LIFE = 7 * 86400.0
_ENOUGH = 3.0
"""So often two services must have been in one incident before that links them."""
_MOST_PAIRS = 20_000
_MOST_HOPS = 4


class Relation(IntEnum):
    """How an alert's service stands to one that is in trouble already."""

    SAME = 0
    CALLS = 1
    CALLS_FAR = 2
    CALLED = 3
    TOGETHER = 4
    MODEL = 5
    """One is a model, the other serves it."""


class Links:
    """For each service, its neighbours and how they are related; computed once and kept."""

    def __init__(self, catalogue: Catalogue, most: int) -> None:
        self._catalogue = catalogue
        self._most = most
        self._near: dict[str, tuple[tuple[str, Relation], ...]] = {}
        self._degrees: dict[str, tuple[int, int]] = {}
        self._above: dict[tuple[str, int], dict[str, int]] = {}
        self._callees: dict[str, dict[str, None]] = {}
        self._callers: dict[str, dict[str, None]] = {}
        self._pairs: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._together: dict[str, dict[str, None]] = {}
        self._served: dict[str, dict[str, None]] = {}

    @property
    def blind(self) -> bool:
        """Nothing is known of who calls whom."""
        return not self._catalogue.edges

    def degrees(self, service: str) -> tuple[int, int]:
        """How many callers and how many callees it has."""
        found = self._degrees.get(service)
        if found is None:
            callers = sum(1 for _ in self.callers(service))
            found = self._degrees[service] = (callers, sum(1 for _ in self.callees(service)))
        return found

    def callees(self, service: str) -> Iterable[str]:
        yield from self._catalogue.callees(service)
        yield from self._callees.get(service, ())

    def callers(self, service: str) -> Iterable[str]:
        yield from self._catalogue.callers(service)
        yield from self._callers.get(service, ())

    def learn_call(self, caller: str, callee: str) -> None:
        """An alert of `caller` named `callee` as its peer."""
        if caller == callee or callee in self._catalogue.callees(caller):
            return
        known = self._callees.setdefault(caller, {})
        if callee in known or len(known) >= self._most:
            return
        if len(self._callees) > _MOST_PAIRS:
            self._callees.pop(next(iter(self._callees)))
        known[callee] = None
        self._callers.setdefault(callee, {})[caller] = None
        self._forget()

    def learn_served(self, service: str, model: str) -> None:
        """That service answers for the model: bad data may make either of them fail first."""
        if model in self._served.get(service, ()) or len(self._served) > _MOST_PAIRS:
            return
        for one, other in ((service, model), (model, service)):
            self._served.setdefault(one, {})[other] = None
        self._forget()

    def mapped(self, service: str) -> bool:
        """Is anything known of whom it calls, or who calls it?"""
        return any(relation is not Relation.MODEL for _, relation in self.near(service)[1:])

    def learn_together(self, services: Iterable[str], now: float) -> None:
        """These were in trouble in one incident."""
        names = sorted(set(services))[:12]
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                count, at = self._pairs.pop((one, other), (0.0, now))
                count = count * math.exp(-max(0.0, now - at) / _HALF_LIFE) + 1.0
                self._pairs[(one, other)] = (count, now)
                if count >= _ENOUGH and other not in self._together.get(one, ()):
                    self._together.setdefault(one, {})[other] = None
                    self._together.setdefault(other, {})[one] = None
                    self._near.pop(one, None)
                    self._near.pop(other, None)
        while len(self._pairs) > _MOST_PAIRS:
            (one, other), _ = self._pairs.popitem(last=False)
            self._together.get(one, {}).pop(other, None)
            self._together.get(other, {}).pop(one, None)
            self._forget()

    def near(self, service: str) -> tuple[tuple[str, Relation], ...]:
        """Its neighbours, each once and by its closest relation; itself first."""
        found = self._near.get(service)
        if found is None:
            if len(self._near) > _MOST_PAIRS:
                self._forget()
            found = self._near[service] = self._look(service)
        return found

    def above(self, service: str, most: int = _MOST_HOPS) -> Mapping[str, int]:
        """Who depends on the service, with the number of calls between, at most so many."""
        found = self._above.get((service, most))
        if found is None:
            if len(self._above) > _MOST_PAIRS:
                self._forget()
            found = self._above[(service, most)] = self._climb(service, most)
        return found

    def _climb(self, service: str, most: int) -> dict[str, int]:
        found = {service: 0}
        queue = deque([service])
        while queue:
            at = queue.popleft()
            if found[at] == most:
                continue
            for caller in islice(self._passes_to(at), self._most):
                if caller not in found:
                    found[caller] = found[at] + 1
                    queue.append(caller)
        del found[service]
        return found

    def _passes_to(self, service: str) -> Iterable[str]:
        yield from self.callers(service)
        yield from self._served.get(service, ())

    def _forget(self) -> None:
        self._near.clear()
        self._degrees.clear()
        self._above.clear()

    def _look(self, service: str) -> tuple[tuple[str, Relation], ...]:
        near: dict[str, Relation] = {service: Relation.SAME}
        for callee in self.callees(service):
            near.setdefault(callee, Relation.CALLS)
        for caller in self.callers(service):
            near.setdefault(caller, Relation.CALLED)
        for callee in tuple(self.callees(service)):
            for further in self.callees(callee):
                near.setdefault(further, Relation.CALLS_FAR)
        for other in self._together.get(service, ()):
            near.setdefault(other, Relation.TOGETHER)
        for other in self._served.get(service, ()):
            near.setdefault(other, Relation.MODEL)
        return tuple(islice(near.items(), self._most))

"""Who calls whom, and who may suffer for whom."""

from collections.abc import Iterable


class Calls:
    """A call graph. Cycles are allowed; calls to oneself are dropped."""

    def __init__(self, edges: Iterable[tuple[str, str]]) -> None:
        self._callees: dict[str, set[str]] = {}
        self._callers: dict[str, set[str]] = {}
        for caller, callee in edges:
            if caller != callee:
                self._callees.setdefault(caller, set()).add(callee)
                self._callers.setdefault(callee, set()).add(caller)

    def callees(self, service: str) -> frozenset[str]:
        return frozenset(self._callees.get(service, ()))

    def callers(self, service: str) -> frozenset[str]:
        return frozenset(self._callers.get(service, ()))

    def below(self, service: str) -> frozenset[str]:
        """All that it depends on, itself included."""
        found, waiting = {service}, [service]
        while waiting:
            new = self.callees(waiting.pop()) - found
            found |= new
            waiting += new
        return frozenset(found)

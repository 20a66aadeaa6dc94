"""Import a library without importing what it may never call."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from itertools import accumulate
from threading import get_ident
from types import ModuleType
from typing import Any


@contextmanager
def deferred(name: str) -> Iterator[None]:
    """`from NAME import function`, inside the block and in this thread, imports nothing yet: the
    function imports NAME when it is called, which may be never. What is imported already stays.

    Until the block ends other threads, too, find the stand-in where this one imported it.
    """
    standing_in = _StandingIn(name)
    sys.meta_path.insert(0, standing_in)
    try:
        yield
    finally:
        sys.meta_path.remove(standing_in)
        for made in standing_in.names:
            if isinstance(sys.modules.get(made), _StandIn):
                del sys.modules[made]


class _StandingIn:
    """A finder and loader of one module and those that it is in."""

    def __init__(self, name: str) -> None:
        self.names = tuple(accumulate(name.split("."), "{}.{}".format))
        self._thread = get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self.names and get_ident() == self._thread:
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


class _StandIn(ModuleType):
    """Has every function of the module whose name it bears."""

    def __getattr__(self, function: str) -> Any:
        if function.startswith("__"):
            raise AttributeError(function)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(self.__name__), function)(*args, **kwargs)

        return call

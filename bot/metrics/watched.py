"""A port with something around each call of it."""

from collections.abc import Callable, Mapping
from typing import Any

Watch = Callable[[str, Callable[[], Any], Mapping[str, Any]], Any]
"""Name of the call, what makes it, and its arguments -> what it returned."""


class Watched:
    """Hands everything on; calls go through `watch(name, run, arguments)`, with the arguments by
    name, and by place under "0", "1", ..."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """That of what it stands for: `isinstance` sees no difference."""
        return type(self._inner)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            given = {**{str(n): value for n, value in enumerate(args)}, **kwargs}
            return self._watch(name, lambda: found(*args, **kwargs), given)

        return call

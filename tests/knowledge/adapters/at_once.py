"""Many callers of one thing at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(act: Callable[[int], T], callers: int = 8) -> list[T]:
    """The results of as many threads as there are callers, all let go at the same moment."""
    gate = threading.Barrier(callers)

    def run(number: int) -> T:
        gate.wait(timeout=10)
        return act(number)

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(run, range(callers)))

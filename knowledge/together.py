"""Many questions at the same time, with one deadline for all: who is slow costs its own answer."""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from knowledge.errors import TandemError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True)
class Answers(Generic[K, T]):
    """Each question is in one of the three."""

    given: Mapping[K, T]
    failed: Mapping[K, TandemError]
    late: tuple[K, ...]


def ask_together(
    questions: Mapping[K, Callable[[], T]],
    seconds: float,
    at_once: int = 4,
    lane: Callable[[K], Hashable] = lambda question: "",
) -> Answers[K, T]:
    """Questions of one lane wait for each other, `at_once` at a time; other lanes go on beside it.
    What is under way at the deadline ends in its own time, unheard; the rest is not asked."""
    pools: dict[Hashable, ThreadPoolExecutor] = {}
    asked: dict[Future[T], K] = {}
    given: dict[K, T] = {}
    failed: dict[K, TandemError] = {}
    try:
        for key, ask in questions.items():
            if lane(key) not in pools:
                pools[lane(key)] = ThreadPoolExecutor(at_once, "together")
            # What travels with the work (`knowledge.on_behalf`) goes along into the threads.
            asked[pools[lane(key)].submit(copy_context().run, ask)] = key
        for future in as_completed(asked, timeout=seconds):
            try:
                given[asked[future]] = future.result()
            except TandemError as error:
                failed[asked[future]] = error
    except TimeoutError:
        late = tuple(key for key in questions if key not in given and key not in failed)
        return Answers(given, failed, late)
    finally:
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
    return Answers(given, failed, ())

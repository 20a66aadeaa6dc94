"""Stop waiting for a call that takes too long, however it spends its time."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from knowledge.errors import Unavailable

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T], system: str) -> T:
    """What `call` returns or raises, if it does so in time; else raises Unavailable.

    The call goes on in a daemon thread when its time is up: whoever needs it to end must make it
    end (close its socket). Use it where a library's own time-outs count from byte to byte.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001  handed to the waiting thread
            failure.append(error)

    # What travels with the work (`knowledge.on_behalf`) goes along into the thread.
    worker = threading.Thread(
        target=copy_context().run, args=(run,), name=f"{system} call", daemon=True
    )
    worker.start()
    worker.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise Unavailable(system, f"no answer within {seconds:g} s")
    return outcome[0]

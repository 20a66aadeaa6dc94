"""One reading of one thing: has it begun, does it go on, is it over?"""

from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.monitors.state import Watch
from knowledge.records import Signal


def step(
    watch: Watch, beyond: bool, back: bool, at: datetime, hold: timedelta, draft: Signal
) -> tuple[Watch, Signal | None]:
    """One reading of one thing: the new watch, and the signal it gives if it gives one.

    `beyond` the limit, `back` to normal, or neither in the band between. Both must last for
    `hold`. `draft` is what to tell if it fires now; its `starts_at` is set here.
    """
    if watch.fired is not None:
        if not back:
            return replace(watch, back_since=None), None
        since = watch.back_since or at
        if at - since < hold:
            return replace(watch, back_since=since), None
        return Watch(), replace(watch.fired, ends_at=since, received_at=at)
    if not beyond:
        return Watch(), None
    since = watch.since or at
    if at - since < hold:
        return Watch(since=since), None
    signal = replace(draft, starts_at=since, received_at=at)
    return Watch(since=since, fired=signal), signal

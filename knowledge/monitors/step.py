"""One reading of one thing: has it begun, does it go on, is it over?"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.monitors.state import Watch
from knowledge.records import Signal

LONGEST_SETTLING = 12
"""What flaps must stay normal for so many times `settle` at most; what was calm for as long after
an episode does not flap."""
_AT_ONCE = timedelta(0)
_CALM = Watch()


def step(
    watch: Watch,
    beyond: bool,
    back: bool,
    at: datetime,
    hold: timedelta,
    draft: Signal | Callable[[], Signal],
    settle: timedelta = _AT_ONCE,
) -> tuple[Watch, Signal | None]:
    """One reading of one thing: the new watch, and the signal it gives if it gives one.

    `beyond` the limit, `back` to normal, or neither in the band between. Both must last for
    `hold`. `draft` is what to tell if it fires now; its `starts_at` is set here.

    Each episode that follows soon on another must be back for longer before it is over: twice
    `settle`, four times ..., so that what flaps is one long episode and not one after the other.
    """
    if watch.fired is not None:
        return _while_firing(watch, watch.fired, back, at, hold, settle)
    calm = watch.ended is None or at - watch.ended >= LONGEST_SETTLING * settle
    rested = _CALM if calm else Watch(ended=watch.ended, flaps=watch.flaps)
    if not beyond:
        return rested, None
    since = watch.since or at
    if at - since < hold:
        return replace(rested, since=since), None
    made = draft if isinstance(draft, Signal) else draft()
    signal = replace(made, starts_at=since, received_at=at)
    flaps = 0 if calm else watch.flaps + 1
    return Watch(since=since, fired=signal, flaps=flaps), signal


def _while_firing(
    watch: Watch, fired: Signal, back: bool, at: datetime, hold: timedelta, settle: timedelta
) -> tuple[Watch, Signal | None]:
    if not back:
        return (replace(watch, back_since=None) if watch.back_since else watch), None
    since = watch.back_since or at
    times = min(2**watch.flaps, LONGEST_SETTLING) if watch.flaps else 0
    if at - since < max(hold, times * settle):
        return replace(watch, back_since=since), None
    over = replace(fired, ends_at=since, received_at=at)
    return (Watch(ended=at, flaps=watch.flaps) if settle else Watch()), over

"""Pure: how a training run is followed until it is over, and which version came of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.records import ModelVersion, Run, RunState, Training

RUN_TAG = "tandem.training"
"""The tag (or logged parameter) by which a version says which run of ours it came from."""
SHORTEST, LONGEST = timedelta(seconds=15), timedelta(minutes=2)
START_GRACE = timedelta(minutes=1)
"""Whoever pressed has the run started at once; this long nobody else tries to. Longer than all time
limits of one start together."""
SILENT_FOR = timedelta(hours=24)
"""Without news for so long, nobody should wait for it any more."""
FIND_FOR = timedelta(minutes=30)
"""A version may be registered a little after its run says that it is done."""
TELLS_ITSELF = frozenset({"webhook"})
"""Systems that report by themselves: looking at them is no news."""
OVER = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})


def is_over(run: Run) -> bool:
    """Nothing will change its state again. One that was lost may still be heard of."""
    return run.state in OVER


def pause(run: Run, now: datetime) -> timedelta:
    """How long to wait between two looks: a twentieth of its age, within bounds."""
    return min(max((now - run.training.at) / 20, SHORTEST), LONGEST)


def is_lost(run: Run, now: datetime) -> bool:
    """Nothing was heard of it for too long."""
    heard = run.updated_at or run.training.at
    return not is_over(run) and run.state is not RunState.LOST and now - heard >= SILENT_FOR


def advanced(stored: Run, seen: Run, now: datetime, *, news: bool = True) -> Run:
    """What is known after something was seen. A run that is over stays as it ended; what the new
    look does not know (a page, a handle, a version) is kept. `news`: its system said so just now,
    rather than Tandem concluding it."""
    version = seen.version or stored.version
    url, handle = seen.url or stored.url, seen.handle or stored.handle
    if is_over(stored):
        return replace(stored, version=version, url=url, handle=handle)
    # A run that was seen running is not "asked" again by a look that knows less.
    backwards = stored.state is RunState.RUNNING and seen.state is RunState.ASKED
    return replace(
        stored,
        state=stored.state if backwards else seen.state,
        system=seen.system or stored.system,
        handle=handle,
        url=url,
        detail=seen.detail,
        version=version,
        updated_at=now if news else stored.updated_at,
    )


def registered_by(training: Training, versions: Sequence[ModelVersion]) -> str:
    """The version that the run registered, or empty: the one that carries its id, else the newest
    since it was asked for that carries no other run's. `versions` newest first."""
    told = {v.version: v.tags.get(RUN_TAG) or v.params.get(RUN_TAG) or "" for v in versions}
    own = [v for v in versions if told[v.version] == training.id]
    since = [v for v in versions if v.created_at >= training.at and not told[v.version]]
    found = own or [v for v in since if v.version != training.champion]
    return found[0].version if found else ""


def say_run(run: Run) -> str:
    """In words: "running", "done after 2 h 5 min", "failed after 40 s"."""
    words = {RunState.ASKED: "asked for", RunState.LOST: "not heard of any more"}
    if not is_over(run) or run.updated_at is None:
        return words.get(run.state, run.state.value)
    took = max(run.updated_at - run.training.at, timedelta(0))
    return f"{run.state.value} after {say_duration(took)}"

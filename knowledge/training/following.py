"""Pure: how a training run is followed until it is over, and which version came of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.promotion import show_version
from knowledge.records import Change, Event, ModelVersion, Run, RunState, Training

RUN_TAG = "tandem.training"
"""The tag (or logged parameter) by which a version says which run of ours it came from."""
SHORTEST, LONGEST = timedelta(seconds=15), timedelta(minutes=2)
START_GRACE = timedelta(minutes=1)
"""Whoever pressed has the run started at once; this long nobody else tries to. Longer than all time
limits of one start together."""
SILENT_FOR = timedelta(hours=24)
"""Without news for so long, nobody should wait for it any more."""
START_FOR = timedelta(minutes=15)
"""A system that is away for so long is not asked to start it any more: a person decides anew."""
FIND_FOR = timedelta(minutes=30)
"""A version may be registered a little after its run says that it is done."""
TELLS_ITSELF = frozenset({"webhook"})
"""Systems that report by themselves: looking at them is no news."""
CHANGE = "retrain"
"""The kind of change that a run is."""
OVER = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})


def is_over(run: Run) -> bool:
    """Nothing will change its state again. One that was lost may still be heard of."""
    return run.state in OVER


def never_started(run: Run) -> bool:
    """Its system refused it, or was away for too long."""
    return run.state is RunState.FAILED and not run.handle


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


def news(run: Run) -> tuple[Event, ...]:
    """What its thread is told, oldest first. What was told stays told: with every step of a run
    there are more of these, and the earlier ones keep their places."""
    at = run.updated_at or run.training.at
    told: list[str] = []
    if run.state is not RunState.ASKED and run.handle:
        told.append(f"it is with {run.system}")
    if is_over(run) or run.state is RunState.LOST:
        why = f": {run.detail}" if run.detail else ""
        told.append(f"{'it was not started' if never_started(run) else say_run(run)}{why}")
    if run.state is RunState.DONE and run.version:
        told.append(f"{show_version(run.version)} is registered")
    return tuple(
        Event(f"{run.training.id}-{n}", at, "training", "", text, run.url)
        for n, text in enumerate(told, 1)
    )


def as_change(training: Training, url: str = "") -> Change:
    """A run is a change of the model: it is marked in pictures, and explains what comes after."""
    return Change(
        id=f"retrain-{training.id}",
        at=training.at,
        kind=CHANGE,
        service=training.model,
        summary=f"training asked for: {training.reason}",
        author=training.by_name,
        url=url,
    )

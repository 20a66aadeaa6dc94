"""Training runs, followed until they are over: one card for each, its thread, the new version.

What a run is, is in the store; what its system says of it is asked for by the clock, or reported by
the system itself (`bot.training_reports`). Every change goes through `keep`: whoever is late with
what was seen earlier changes nothing back.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot.courier import Carded, Subjects
from knowledge.errors import NotFound, Unavailable
from knowledge.incidents import TANDEM, record
from knowledge.ports import Models, Runs, Seen, Store, Trainer
from knowledge.records import Run, RunState
from knowledge.training import (
    FIND_FOR,
    SILENT_FOR,
    START_FOR,
    START_GRACE,
    TELLS_ITSELF,
    advanced,
    as_change,
    is_lost,
    news,
    pause,
    registered_by,
)
from skills.cards.training import training_card, training_update
from skills.retrain import TRAINING, TRAINING_THREAD

log = logging.getLogger("tandem.training")

EVERY = timedelta(seconds=5)
MOST_FOLLOWED = 200
MOST_SEARCHED = 50
"""Newest runs among which those are whose version is not known yet."""
TOLD = (TRAINING, TRAINING_THREAD)


def keep(store: Store, training_id: str, by: Callable[[Run], Run], now: datetime) -> Run:
    """Change a run as it is stored; what people see of it is told once, with the change. Raises
    NotFound."""
    with store.together():
        before = store.runs.get(training_id)
        after = by(before)
        if after == before:
            return before
        shown = replace(after, updated_at=before.updated_at) != before
        store.runs.put(after, tell=TOLD if shown else ())
        if shown and after.thread:
            _tell_incident(store, before, after, now)
        return after


def _tell_incident(store: Store, before: Run, after: Run, now: datetime) -> None:
    """How it ends is part of the time line of the incident in whose thread it was asked."""
    fresh = news(after)[len(news(before)) :]
    if after.state.under_way or not fresh:
        return
    told = "; ".join(event.text for event in fresh)
    text = f"training run of {after.training.model}: {told}"
    noted = partial(record, kind="training", by=TANDEM, now=now, text=text, url=after.url)
    try:
        store.incidents.change(after.thread, noted, tell=("card", "thread"))
    except NotFound:
        log.warning("%s is not there to be told of %s", after.thread, after.training.id)


@dataclass
class TrainingWatch:
    """`work()` is a job: it looks at runs under way, the younger the more often."""

    store: Store
    trainer: Trainer | None
    models: Models
    seen: Seen
    now: Callable[[], datetime]
    _looked: dict[str, datetime] = field(default_factory=dict, repr=False)

    def work(self) -> int:
        """Returns how many runs were looked at."""
        looked = 0
        for run in self.store.runs.find(under_way=True, limit=MOST_FOLLOWED):
            looked += self._is_due(run) and self._follow(run)
        for run in self.store.runs.find(limit=MOST_SEARCHED):
            looked += self._lacks_version(run) and self._is_due(run) and self._find_version(run)
        self._forget()
        return looked

    def _is_due(self, run: Run) -> bool:
        last = self._looked.get(run.training.id)
        return last is None or self.now() - last >= pause(run, self.now())

    def _lacks_version(self, run: Run) -> bool:
        over = run.updated_at or run.training.at
        done = run.state is RunState.DONE and not run.version
        return done and self.now() - over < FIND_FOR

    def _follow(self, run: Run) -> bool:
        if not run.handle:
            return self._start_again(run)
        self._looked[run.training.id] = self.now()
        if run.system not in TELLS_ITSELF:
            self._look(run)
        self._give_up(run.training.id)
        return True

    def _look(self, run: Run) -> None:
        if self.trainer is None:
            return
        try:
            seen = self.trainer.look(run)
        except Unavailable as error:
            log.warning("training run %s: %s", run.training.id, error)
            self._keep(run, partial(_cannot_be_asked, error=error))
            return
        after = self._keep(run, lambda stored: advanced(stored, seen, self.now()))
        if self._lacks_version(after):
            self._find_version(after)

    def _start_again(self, run: Run) -> bool:
        """Of a run that nobody knows to have been started: the bot ended in between, or its system
        was away. Of several replicas one does it, and the id makes it one run anyway."""
        age = self.now() - run.training.at
        turn = f"train:{run.training.id}:{age // START_GRACE}"
        if age < START_GRACE or self.trainer is None or not self.seen.first_time(turn, self.now()):
            return False
        try:
            started = self.trainer.start(run.training)
        except Unavailable as error:
            over = not error.retry or age >= START_FOR
            self._keep(run, partial(_not_started, error=error, over=over))
            return True
        after = self._keep(run, lambda stored: advanced(stored, started, self.now()))
        self.store.changes.add(as_change(run.training, after.url))
        return True

    def _give_up(self, training_id: str) -> None:
        run = self.store.runs.get(training_id)
        if not is_lost(run, self.now()):
            return
        detail = f"nothing was heard of it for {SILENT_FOR // timedelta(hours=1)} h"
        lost = partial(replace, state=RunState.LOST, detail=detail)
        self._keep(run, lambda stored: lost(stored) if is_lost(stored, self.now()) else stored)

    def _find_version(self, run: Run) -> bool:
        self._looked[run.training.id] = self.now()
        try:
            version = registered_by(run.training, self.models.versions(run.training.model))
        except (Unavailable, NotFound) as error:
            log.info("the version of training run %s: %s", run.training.id, error)
            return True
        if version:
            self._keep(run, lambda stored: replace(stored, version=stored.version or version))
        return True

    def _keep(self, run: Run, by: Callable[[Run], Run]) -> Run:
        return keep(self.store, run.training.id, by, self.now())

    def _forget(self) -> None:
        old = self.now() - FIND_FOR
        self._looked = {id_: at for id_, at in self._looked.items() if at > old}


def _cannot_be_asked(run: Run, error: Unavailable) -> Run:
    """Its state stays what was heard last."""
    return replace(run, detail=f"how it stands cannot be asked: {error}") if _open(run) else run


def _not_started(run: Run, error: Unavailable, over: bool) -> Run:
    if run.handle or not _open(run):
        return run
    if over:
        return replace(run, state=RunState.FAILED, detail=str(error))
    return replace(run, detail=f"{error}; it is tried again by itself")


def _open(run: Run) -> bool:
    return run.state.under_way


@dataclass(frozen=True)
class TrainingCards:
    """`subjects` for the courier."""

    runs: Runs
    channel: str
    """For runs that were asked nowhere, or where the bot cannot post."""

    @property
    def subjects(self) -> Subjects:
        return Subjects(TRAINING, TRAINING_THREAD, self._load)

    def _load(self, training_id: str) -> Carded:
        run = self.runs.get(training_id)
        return Carded(
            channel=run.channel or self.channel,
            since=run.training.at,
            events=news(run),
            card=partial(training_card, run),
            update=partial(training_update, run),
            otherwise=self.channel,
        )

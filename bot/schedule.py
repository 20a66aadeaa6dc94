"""The clock: runs jobs every so often on threads of its own. No logic.

A job that is still running is not started again; one that is late is run once; one that fails is
logged and runs again next time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.clock import utc_now
from bot.replica import SCHEDULE

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=1)
MOST_JITTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Job:
    """`run` is called every `every`; `name` is unique and goes into the log."""

    name: str
    every: timedelta
    run: Callable[[], object]
    prompt: bool = False
    """It has a thread of its own, so that slow jobs never hold it up; it must be quick itself."""
    role: str = SCHEDULE
    """Of several replicas the one with this role runs it; empty: each does."""


def by_role(job: Job, holds: Callable[[str], bool]) -> Job:
    """The same job, left out while this replica has not its role."""
    if not job.role:
        return job

    def run() -> object:
        return job.run() if holds(job.role) else None

    return replace(job, run=run)


class Schedule:
    """Runs jobs from start() to stop(). At most `threads` run at once, each job at most once."""

    def __init__(self, jobs: Sequence[Job], threads: int = 4) -> None:
        # The clock has a thread of its own: a slow job holds one of the pool's, never the clock.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(threads),
                "prompt": ThreadPoolExecutor(max(sum(job.prompt for job in jobs), 1)),
            },
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": int(GRACE.total_seconds()),
            },
        )
        for number, job in enumerate(jobs):
            self._scheduler.add_job(
                _guarded(job),
                "interval",
                seconds=job.every.total_seconds(),
                jitter=_jitter(job.every),
                id=job.name,
                executor="prompt" if job.prompt else "default",
                name=job.name,
                # Soon, and not all at the same moment.
                next_run_time=utc_now() + timedelta(seconds=0.1 * number),
            )

    def start(self) -> None:
        # A busy machine skips a run now and then; APScheduler need not warn of each.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()

    def clock_leapt(self) -> None:
        """Runs were planned by a clock that was set since: each job runs soon, and from then on as
        often as it should. Without this, a clock set back an hour would cost an hour of runs."""
        for number, job in enumerate(self._scheduler.get_jobs()):
            job.modify(next_run_time=utc_now() + timedelta(seconds=0.1 * number))

    def stop(self) -> None:
        """Waits for the jobs that run; starts no others. May be called twice."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def _jitter(every: timedelta) -> int | None:
    """A tenth of the interval at most; none for intervals too short for it."""
    return int(min(every / 10, MOST_JITTER).total_seconds()) or None


def _guarded(job: Job) -> Callable[[], None]:
    def run() -> None:
        try:
            job.run()
        except Exception:
            # The last stop before the outside: whatever went wrong, the next run comes.
            log.exception("job %s failed", job.name)

    return run

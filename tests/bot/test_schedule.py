import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event
from typing import Self

import pytest

from bot.schedule import Job, Schedule, by_role

SOON = timedelta(milliseconds=20)


def test_a_failing_job_is_logged_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    runs, twice = [], Event()

    def fail() -> None:
        runs.append(1)
        if len(runs) == 2:
            twice.set()
        raise RuntimeError("broken")

    schedule = Schedule([Job("sick", SOON, fail)])
    with caplog.at_level(logging.ERROR, "bot.schedule"):
        schedule.start()
        assert twice.wait(20)
        schedule.stop()
    assert "job sick failed" in caplog.text


def test_a_slow_job_delays_no_other_and_never_runs_beside_itself() -> None:
    release, others, running = Event(), Event(), []

    def slow() -> None:
        running.append(1)
        release.wait(20)

    done = []

    def quick() -> None:
        done.append(1)
        if len(done) == 5:
            others.set()

    schedule = Schedule([Job("slow", SOON, slow), Job("quick", SOON, quick)], threads=2)
    schedule.start()
    assert others.wait(20)
    assert len(running) == 1
    release.set()
    schedule.stop()
    schedule.stop()


def test_a_job_runs_where_its_role_is() -> None:
    runs: list[str] = []
    held = {"schedule"}
    jobs = [
        by_role(Job(name, SOON, partial(runs.append, name), role=role), held.__contains__)
        for name, role in (("tidy", "schedule"), ("settle", "intake"), ("beat", ""))
    ]
    for job in jobs:
        job.run()
    assert runs == ["tidy", "beat"]
    held.add("intake")
    jobs[1].run()
    assert runs == ["tidy", "beat", "settle"]


def test_a_clock_that_is_set_back_costs_no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = timedelta(hours=1)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + ahead

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Clock)
    monkeypatch.setattr("bot.schedule.utc_now", lambda: Clock.now(UTC))
    runs: SimpleQueue[int] = SimpleQueue()
    schedule = Schedule([Job("look", timedelta(milliseconds=50), lambda: runs.put(1))])
    schedule.start()
    runs.get(timeout=20)
    ahead = timedelta()
    # The run that was on its way; then an hour of nothing.
    with suppress(Empty):
        for _ in range(10):
            runs.get(timeout=1)
    schedule.clock_leapt()
    for _ in range(5):
        runs.get(timeout=20)
    schedule.stop()

import logging
from datetime import timedelta
from functools import partial
from threading import Event

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

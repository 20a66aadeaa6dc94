from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.records import ModelVersion, Run, RunState, Training
from knowledge.training import (
    RUN_TAG,
    advanced,
    is_lost,
    pause,
    registered_by,
    say_run,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
TRAINING = Training("t1", "eta-model", "7", "drift", {}, "U1", "ada", NOON)
RUN = Run(TRAINING, RunState.RUNNING, "airflow", "a:x/y", "https://a.example/1", updated_at=NOON)


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 15), (300, 15), (1200, 60), (2400, 120), (86400, 120)]
)
def test_young_runs_are_looked_at_more_often(age: int, seconds: int) -> None:
    assert pause(RUN, NOON + timedelta(seconds=age)) == timedelta(seconds=seconds)


def test_a_run_that_is_over_stays_as_it_ended_but_its_version_may_come() -> None:
    done = replace(RUN, state=RunState.DONE)
    late = replace(RUN, detail="in train", version="8")
    assert advanced(done, late, NOON + timedelta(hours=1)) == replace(done, version="8")


def test_a_look_that_knows_less_takes_nothing_away() -> None:
    queued = Run(TRAINING, RunState.ASKED, "airflow")
    after = advanced(RUN, queued, NOON + timedelta(minutes=1))
    assert (after.state, after.handle, after.url) == (RunState.RUNNING, RUN.handle, RUN.url)
    assert after.updated_at == NOON + timedelta(minutes=1)


def test_what_is_concluded_is_no_news_of_the_run() -> None:
    after = advanced(RUN, replace(RUN, detail="away"), NOON + timedelta(hours=3), news=False)
    assert (after.detail, after.updated_at) == ("away", NOON)


def test_a_day_without_news_is_lost_and_a_lost_one_may_be_heard_of_again() -> None:
    assert not is_lost(RUN, NOON + timedelta(hours=23))
    assert is_lost(RUN, NOON + timedelta(hours=24))
    lost = replace(RUN, state=RunState.LOST)
    assert not is_lost(lost, NOON + timedelta(days=9))
    assert not is_lost(replace(RUN, state=RunState.DONE), NOON + timedelta(days=9))
    heard = advanced(lost, replace(RUN, state=RunState.DONE), NOON + timedelta(days=2))
    assert heard.state is RunState.DONE


def version(number: str, minutes: int, **given: str) -> ModelVersion:
    at = NOON + timedelta(minutes=minutes)
    tags = {RUN_TAG: given["tag"]} if "tag" in given else {}
    params = {RUN_TAG: given["param"]} if "param" in given else {}
    return ModelVersion("eta-model", number, at, tags=tags, params=params)


def test_the_version_that_carries_the_id_came_of_the_run() -> None:
    versions = [version("10", 40), version("9", 30, tag="t1"), version("8", -5)]
    assert registered_by(TRAINING, versions) == "9"
    assert registered_by(TRAINING, [version("9", 30, param="t1"), version("8", -5)]) == "9"


def test_else_the_newest_since_that_no_other_run_claims() -> None:
    versions = [version("10", 40, tag="t2"), version("9", 30), version("8", 20), version("7", 1)]
    assert registered_by(TRAINING, versions) == "9"
    assert registered_by(TRAINING, [version("8", -5)]) == ""
    assert registered_by(TRAINING, [version("7", 1)]) == ""


def test_in_words() -> None:
    over = RUN.updated_at and RUN.updated_at + timedelta(hours=2, minutes=5)
    assert say_run(replace(RUN, state=RunState.DONE, updated_at=over)) == "done after 2 h 5 min"
    assert say_run(RUN) == "running"
    assert say_run(replace(RUN, state=RunState.ASKED)) == "asked for"
    assert say_run(replace(RUN, state=RunState.LOST)) == "not heard of any more"

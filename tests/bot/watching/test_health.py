"""Whether a source is there."""

from datetime import UTC, datetime, timedelta

from bot.watching.health import ENOUGH, PAUSE_MOST, TOLD_AFTER, Health

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def down() -> Health:
    health = Health()
    told = [health.failed("refused", NOW) for _ in range(ENOUGH)]
    assert told == [False, False, True]
    return health


def test_one_failure_says_nothing() -> None:
    health = Health()
    assert not health.failed("too slow", NOW)
    assert health.may_ask(NOW)
    assert health.answered(NOW) is None
    assert not health.failed("too slow", NOW)


def test_after_a_few_it_is_left_alone_and_tried_now_and_then() -> None:
    health = down()
    assert not health.may_ask(NOW + SECOND)
    assert health.may_ask(NOW + 2 * SECOND)
    assert not health.may_ask(NOW + 2 * SECOND)
    assert not health.failed("refused", NOW + 3 * SECOND)
    assert not health.may_ask(NOW + 6 * SECOND)
    assert health.may_ask(NOW + 7 * SECOND)


def test_pauses_grow_to_a_minute() -> None:
    health = down()
    for minute in range(1, 60):
        health.failed("refused", NOW + minute * PAUSE_MOST)
    assert health.ask_again_at == NOW + 60 * PAUSE_MOST
    assert health.why == "refused"


def test_when_it_answers_again_it_says_how_long_it_was_gone() -> None:
    health = down()
    assert health.answered(NOW + 90 * SECOND) == 90 * SECOND
    assert health.may_ask(NOW + 90 * SECOND)
    assert health.answered(NOW + 91 * SECOND) is None


def test_people_are_told_once_of_an_outage_that_lasts() -> None:
    health = down()
    assert not health.tell(NOW + TOLD_AFTER - SECOND)
    assert health.tell(NOW + TOLD_AFTER)
    assert not health.tell(NOW + 2 * TOLD_AFTER)
    assert health.told_since == NOW


def test_a_clock_that_is_set_back_makes_no_pause_longer() -> None:
    health = down()
    assert health.may_ask(NOW - timedelta(hours=1))

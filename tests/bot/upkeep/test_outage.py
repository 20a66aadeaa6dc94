"""Whether Slack takes messages."""

from datetime import UTC, datetime, timedelta

from bot.upkeep.outage import ENOUGH, PROBE, WORTH_TELLING, Outage, Over

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def down() -> Outage:
    outage = Outage()
    for number in range(ENOUGH):
        outage.failed(f"card:INC-{number}", NOW + number * SECOND)
    return outage


def test_one_failure_is_that_messages_own() -> None:
    outage = Outage()
    outage.failed("card:INC-1", NOW)
    assert outage.may_try(NOW)
    assert outage.took(NOW + SECOND) is None


def test_while_it_lasts_one_message_is_tried_now_and_then() -> None:
    outage = down()
    last = NOW + (ENOUGH - 1) * SECOND
    assert outage.down_since == NOW
    assert not outage.may_try(last + SECOND)
    assert outage.may_try(last + PROBE)
    outage.failed("card:INC-1", last + PROBE)
    assert not outage.may_try(last + PROBE + SECOND)


def test_its_end_says_since_when_and_how_many_waited() -> None:
    outage = down()
    outage.failed("card:INC-1", NOW + PROBE)
    until = NOW + 10 * WORTH_TELLING
    over = outage.took(until)
    assert over == Over(NOW, until, ENOUGH)
    assert over.worth_telling
    assert outage.may_try(until)
    assert outage.took(until) is None


def test_a_short_one_is_not_worth_telling() -> None:
    assert not Over(NOW, NOW + WORTH_TELLING - SECOND, 3).worth_telling


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    outage = down()
    assert outage.may_try(NOW - timedelta(hours=1))

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bot.digest import Digest, When, due_week, make_digest, read_when, senders
from bot.playground.block_rules import violations
from bot.ports import RateLimited
from bot.slack import blocks
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable, UserError
from knowledge.incidents import open_from
from knowledge.records import AlertRecord, Signal
from skills.contract import Reply

MONDAY_NINE = datetime(2026, 11, 16, 9, tzinfo=UTC)
WHEN = When(0, time(9))


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class World:
    """A store with one busy week, a chat, and a digest between them."""

    def __init__(self) -> None:
        self.clock = Clock(MONDAY_NINE)
        self.store = MemoryStore()
        self.chat = MemoryMessenger()
        for number in range(40):
            at = MONDAY_NINE - timedelta(hours=4 * number + 1)
            signal = Signal(f"f{number}", "DiskFull", at, at, service="search")
            self.store.alerts.record([AlertRecord(signal, at, 2)])
        self.store.incidents.open(open_from([signal], at))

    @property
    def digest(self) -> Digest:
        return Digest(WHEN, self.store, self.chat, "#incidents", self.clock)

    def tick(self) -> None:
        """A run of the job, then what the courier does."""
        self.digest.put_due()
        self.courier()

    def courier(self) -> None:
        for delivery in self.store.outbox.due(self.clock.now):
            try:
                self.digest.send(delivery)
            except Unavailable:
                self.store.outbox.retry(delivery, self.clock.now)
            else:
                self.store.outbox.done(delivery)

    @property
    def posted(self) -> list[Reply]:
        return [message.reply for message in self.chat.shown]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("mon 09:00", When(0, time(9))),
        (" Sunday 7:05 ", When(6, time(7, 5))),
        ("", None),
        ("  ", None),
    ],
)
def test_reads_day_and_time(text: str, when: When | None) -> None:
    assert read_when(text) == when


@pytest.mark.parametrize("text", ["monday", "mon 9", "xyz 09:00", "mon 24:00", "mon 09:60", "9:00"])
def test_a_time_that_cannot_be_read_names_the_setting(text: str) -> None:
    with pytest.raises(UserError, match=r"TANDEM_DIGEST: .*mon 09:00"):
        read_when(text)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (MONDAY_NINE - timedelta(seconds=1), ""),
        (MONDAY_NINE, "2026-W47"),
        (MONDAY_NINE + timedelta(hours=14, minutes=59), "2026-W47"),
        (MONDAY_NINE + timedelta(hours=15), ""),
        (datetime(2027, 1, 4, 9, tzinfo=UTC), "2027-W01"),
    ],
)
def test_due_from_its_time_to_the_end_of_that_day(now: datetime, week: str) -> None:
    assert due_week(WHEN, now) == week


def test_the_year_of_a_week_is_that_of_the_calendar_of_weeks() -> None:
    friday = When(4, time(9))
    assert due_week(friday, datetime(2027, 1, 1, 10, tzinfo=UTC)) == "2026-W53"


def test_it_is_posted_once() -> None:
    world = World()
    for minutes in (-1, 0, 1, 30):
        world.clock.now = MONDAY_NINE + timedelta(minutes=minutes)
        world.tick()
    assert len(world.posted) == 1


def test_it_tells_the_week_and_the_rules_worth_deleting() -> None:
    world = World()
    world.tick()
    [reply] = world.posted
    assert reply.title == "Week 47: 1 incident and 40 alerts in 7 days"
    assert "DiskFull" in [section.heading for section in reply.sections]
    assert reply.pictures


def test_it_fits_into_a_message_of_slack() -> None:
    world = World()
    world.tick()
    [reply] = world.posted
    files = [f"F{number}" for number in range(len(reply.pictures))]
    assert list(violations(blocks.blocks(reply, files))) == []


def test_what_comes_after_its_moment_is_not_in_it() -> None:
    world = World()
    world.clock.now = MONDAY_NINE + timedelta(hours=8)
    late = Signal("late", "Late", world.clock.now, world.clock.now)
    world.store.alerts.record([AlertRecord(late, world.clock.now)])
    world.tick()
    assert "40 alerts" in world.posted[0].title


def test_a_bot_that_was_down_makes_up_for_it_on_the_same_day_only() -> None:
    late, too_late = World(), World()
    late.clock.now = MONDAY_NINE + timedelta(hours=9)
    too_late.clock.now = MONDAY_NINE + timedelta(days=1)
    late.tick()
    too_late.tick()
    assert (len(late.posted), len(too_late.posted)) == (1, 0)


def test_a_crash_between_posting_and_remembering_posts_nothing_twice() -> None:
    world = World()
    world.tick()
    world.store.outbox.forget_posted("digest:2026-W47")
    world.tick()
    assert len(world.posted) == 1


def test_a_failure_is_made_up_for() -> None:
    world = World()

    def refuse(method: str) -> None:
        if method == "post":
            raise RateLimited("slack", 30)

    world.chat.before = refuse
    world.tick()
    assert world.posted == []
    world.chat.before = lambda method: None
    world.clock.now += timedelta(days=2)
    world.courier()
    assert len(world.posted) == 1


def test_a_week_without_anything_posts_nothing() -> None:
    world = World()
    world.store = MemoryStore()
    world.tick()
    world.tick()
    assert world.posted == []
    assert world.store.outbox.due(world.clock.now) == []


def test_without_a_time_there_is_no_digest_and_old_deliveries_are_dropped() -> None:
    world = World()
    given: tuple[Any, ...] = (world.store, world.chat, "#incidents", world.clock, lambda s: "")
    assert make_digest("", *given) is None
    world.store.outbox.put("digest:2026-W40", MONDAY_NINE)
    [left_over] = world.store.outbox.due(MONDAY_NINE)
    senders(None)["digest"](left_over)
    assert world.posted == []

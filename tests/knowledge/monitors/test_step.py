from datetime import UTC, datetime, timedelta

from knowledge.monitors.state import Watch
from knowledge.monitors.step import step
from knowledge.records import Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta(0)
DRAFT = Signal("f", "m", NOON, NOON)


def run(beyond: list[bool], hold: timedelta = AT_ONCE, settle: timedelta = AT_ONCE) -> list[Signal]:
    """One reading a minute; what is not beyond is back."""
    watch, told = Watch(), []
    for minute, now in enumerate(beyond):
        at = NOON + minute * MINUTE
        watch, signal = step(watch, now, not now, at, hold, DRAFT, settle)
        told += [signal] if signal else []
    return told


def test_one_signal_when_it_begins_and_one_when_it_is_over() -> None:
    firing, resolved = run([False, True, True, False])
    assert (firing.starts_at, firing.ends_at) == (NOON + MINUTE, None)
    assert (resolved.starts_at, resolved.ends_at) == (NOON + MINUTE, NOON + 3 * MINUTE)


def test_it_fires_once_it_has_held_and_starts_when_it_began() -> None:
    (firing,) = run([True] * 4, hold=3 * MINUTE)
    assert (firing.starts_at, firing.received_at) == (NOON, NOON + 3 * MINUTE)
    assert run([True, True, True, False] * 5, hold=3 * MINUTE) == []


def test_the_draft_is_made_only_when_it_is_told() -> None:
    made = []

    def draft() -> Signal:
        made.append(1)
        return DRAFT

    watch = Watch()
    for minute in range(5):
        watch, _ = step(watch, True, False, NOON + minute * MINUTE, 2 * MINUTE, draft)
    assert len(made) == 1


def test_what_flaps_becomes_one_long_episode() -> None:
    flapping = [True, False] * 120 + [False] * 120
    assert len(run(flapping)) == 240
    told = run(flapping, settle=5 * MINUTE)
    assert [s.firing for s in told] == [True, False, True, False]
    assert told[-1].ends_at == NOON + 239 * MINUTE


def test_an_episode_an_hour_later_is_not_flapping() -> None:
    told = run([True, False] + [False] * 60 + [True, False], settle=5 * MINUTE)
    assert [s.firing for s in told] == [True, False, True, False]


def test_calm_leaves_nothing_to_remember() -> None:
    watch = Watch()
    for minute, beyond in enumerate([True, False] + [False] * 61):
        at = NOON + minute * MINUTE
        watch, _ = step(watch, beyond, not beyond, at, AT_ONCE, DRAFT, 5 * MINUTE)
    assert watch == Watch()

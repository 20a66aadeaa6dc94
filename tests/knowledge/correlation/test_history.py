import pytest

from knowledge.correlation.history import MOST_HABIT, Background, Decayed, SeriesBook
from knowledge.correlation.tuning import Tuning

TUNING = Tuning()


def background(since: float = 0.0) -> Background:
    found = Background(TUNING)
    found.begin(since)
    return found


def test_counts_fade() -> None:
    count = Decayed()
    count.add(10.0, 0.0, 100.0)
    assert count.now(0.0, 100.0) == 10.0
    assert count.now(100.0, 100.0) == pytest.approx(10.0 / 2.71828, rel=1e-4)
    count.add(-20.0, 0.0, 100.0)
    assert count.now(0.0, 100.0) == 0.0


def test_the_pace_starts_as_expected_and_becomes_what_was_seen() -> None:
    record = background()
    assert record.pace(0.0, 10) == pytest.approx(TUNING.pace, rel=0.01)
    for n in range(3600):
        record.came(informing=False, now=float(n))
    assert record.pace(3600.0, 10) == pytest.approx(0.1, rel=0.1)
    assert record.pace(3600.0, 10, informing=True) < TUNING.pace


def test_lone_alerts_an_hour_leave_out_the_groups_own() -> None:
    record = background()
    for n in range(100):
        record.came(informing=False, now=36.0 * n)
    now = 3600.0
    assert 40 < record.per_hour(now) < 160
    assert record.per_hour(now, but=50) < record.per_hour(now)


def test_a_rule_is_known_by_its_record() -> None:
    record = background()
    for n in range(30):
        record.note("Symptom", 1.0, 0.0, float(n))
        record.alone("Chore", 0.0, float(n))
    assert record.habit("Symptom", 30.0) > 1.0
    assert record.habit("Chore", 30.0) < -1.0
    assert record.habit("NeverSeen", 30.0) == pytest.approx(0.0, abs=1e-9)


def test_a_rule_that_joined_as_often_as_chance_would_have_it_is_no_symptom() -> None:
    """A fifth of all places was in trouble, and a fifth of its alerts fell there."""
    record = background()
    for n in range(100):
        record.note("Other", 1.0, 0.0, float(n))
        if n % 5 == 0:
            record.note("Chore", 1.0, 0.0, float(n))
        else:
            record.alone("Chore", 0.2, float(n))
    assert record.habit("Chore", 100.0) < -2.0


def test_habits_are_bounded() -> None:
    record = background()
    for n in range(10_000):
        record.note("A", 1.0, 0.0, float(n))
        record.note("B", 0.0, 1.0, float(n))
    assert record.habit("A", 1e4) <= MOST_HABIT
    assert record.habit("B", 1e4) >= -MOST_HABIT


def test_how_long_noise_lasts_is_learned() -> None:
    record = background()
    assert record.noise_lasts() == TUNING.noise_lasts
    for _ in range(500):
        record.ended_alone(600.0)
    assert 500.0 < record.noise_lasts() <= 600.0


def test_the_longest_unseen_series_is_forgotten() -> None:
    book = SeriesBook(2)
    book.started("a", 0, 0)
    book.started("b", 1, 1)
    book.started("a", 2, 2)
    book.started("c", 3, 3)
    assert book.get("b") is None
    found = book.get("a")
    assert found is not None
    assert found.starts == 2
    assert len(book) == 2

"""What is drawn is tested as numbers; that it can be drawn, on its bytes."""

import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image

from knowledge.incidents import acknowledge, open_from, resolve, resolve_when_quiet, with_signals
from knowledge.records import AlertRecord, Incident, Signal
from skills.incident_picture import HEIGHT, WIDTH, draw_life, incident_picture, life_of

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def signal(name: str, starts: float, ends: float | None = None) -> Signal:
    at = NOW + starts * MINUTE
    ends_at = None if ends is None else NOW + ends * MINUTE
    return Signal(name, "Down", at, at, service="cart", ends_at=ends_at)


def incident(*signals: Signal) -> Incident:
    return replace(open_from(signals, NOW), id="INC-1")


def test_it_counts_what_fired_in_each_minute() -> None:
    life = life_of(incident(signal("a", 0), signal("b", 1.5, 2.5)), NOW + 4.5 * MINUTE)
    assert life is not None
    assert life.firing == (1, 2, 2, 1)
    assert (life.start, life.end) == (NOW, NOW + 4 * MINUTE)


def test_it_stays_the_same_until_a_minute_is_over() -> None:
    made = incident(signal("a", 0))
    later = with_signals(made, (signal("b", 4.2),), NOW)
    seen = {life_of(made, NOW + (4 + s / 60) * MINUTE) for s in range(60)}
    assert seen == {life_of(later, NOW + 4.9 * MINUTE)}
    assert life_of(later, NOW + 5 * MINUTE) not in seen


@pytest.mark.parametrize(
    ("minutes", "step", "bins"), [(59, 1, 59), (100, 2, 50), (24 * 60, 30, 48), (20000, 360, 55)]
)
def test_a_long_life_has_longer_steps(minutes: int, step: int, bins: int) -> None:
    life = life_of(incident(signal("a", 0)), NOW + minutes * MINUTE)
    assert life is not None
    assert (life.step, len(life.firing)) == (step * MINUTE, bins)


def test_it_ends_with_the_incident() -> None:
    over = resolve(
        acknowledge(incident(signal("a", 0, 3)), "U1", NOW + MINUTE), "U1", NOW + 5 * MINUTE
    )
    life = life_of(over, NOW + 600 * MINUTE)
    assert life is not None
    assert life.firing == (1, 1, 1, 1, 0, 0)
    assert [word for _, word in life.marks] == ["opened", "ack", "resolved"]


def test_what_flaps_is_marked_once() -> None:
    made = incident(signal("a", 0, 1))
    for bout in range(1, 4):
        made = resolve_when_quiet(made, NOW + 50 * bout * MINUTE)
        at = 50 * bout
        made = with_signals(made, (signal("a", at, None),), NOW + at * MINUTE)
        made = with_signals(made, (signal("a", at, at + 1),), NOW + (at + 1) * MINUTE)
    over = resolve_when_quiet(made, NOW + 300 * MINUTE)
    life = life_of(over, NOW + 400 * MINUTE)
    assert life is not None
    assert [word for _, word in life.marks] == ["opened", "resolved"]


def test_what_fired_for_days_before_does_not_stretch_it() -> None:
    life = life_of(incident(signal("a", -5000), signal("b", 0)), NOW + 5 * MINUTE)
    assert life is not None
    assert life.start == NOW - 10 * MINUTE
    assert life.firing[0] == 1
    assert life.firing[-1] == 2


def test_the_history_adds_what_was_let_go() -> None:
    record = AlertRecord(signal("gone", 0, 1), NOW)
    life = life_of(incident(signal("a", 0)), NOW + 3 * MINUTE, [record])
    assert life is not None
    assert life.firing == (2, 2, 1)


def test_there_is_none_while_there_is_little_to_see() -> None:
    assert incident_picture(incident(signal("a", 0)), NOW + 1.5 * MINUTE) is None
    assert incident_picture(replace(incident(signal("a", 0)), signals=()), NOW) is None


def test_a_png_with_a_clear_ground_and_words_for_those_who_cannot_see_it() -> None:
    picture = incident_picture(incident(signal("a", 0)), NOW + 9 * MINUTE)
    assert picture is not None
    assert struct.unpack(">II", picture.png[16:24]) == (WIDTH, HEIGHT)
    with Image.open(BytesIO(picture.png)) as image:
        assert image.getpixel((WIDTH // 2, 2)) == (0, 0, 0, 0)
        assert image.getpixel((WIDTH // 2, HEIGHT // 2)) == (224, 108, 0, 255)
    assert picture.alt == (
        "Alerts firing from 12:00 to 12:09 UTC in steps of 1 min: at most 1 at 12:00, 1 at the "
        "end; opened 12:00"
    )


def test_threads_draw_the_same_picture() -> None:
    life = life_of(incident(signal("a", 0), signal("b", 3, 5)), NOW + 9 * MINUTE)
    assert life is not None

    def drawn(_: int) -> bytes:
        draw_life.cache_clear()
        return draw_life(life)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(drawn, range(4)))) == 1

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
from PIL import Image

from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.records import Change, Look, Signal, SignalKind, Trace
from skills.finding_pictures import distribution_picture, looks_picture, metric_picture

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOT = Signal(
    "hot",
    "gpu-temperature",
    NOON,
    NOON,
    kind=SignalKind.METRIC,
    service="gpu-3",
    summary="temperature on gpu-3 is far above its usual",
    labels={"monitor": "metric:gpu-temperature", "sure": "0.97"},
)
DRIFT = replace(HOT, kind=SignalKind.DRIFT, service="eta", summary="eta: inputs drift")
DEPLOY = Change("c1", NOON - 12 * MINUTE, "deploy", "gpu-3", "", "4.2")


def trace(minutes: int = 120, after: int = 20) -> Trace:
    """A wave with its band until noon, then far above it."""
    at = np.arange(-minutes, after)
    values = np.asarray(65 + 5 * np.sin(at / 9) + 25 * (at >= 0), dtype=np.float64)
    return Trace(
        {"gpu": "gpu-3"},
        np.asarray(NOON.timestamp() + 60 * at, dtype=np.float64),
        values,
        np.full(len(at), 57.0),
        np.full(len(at), 73.0),
        np.where(at >= 0, 0.97, 0.0),
    )


def looks(count: int, kind: str = "drift", last: float = 0.4) -> list[Look]:
    made = []
    for n in range(count):
        at = NOON - (count - 1 - n) * HOUR
        value = last if n == count - 1 else 0.03
        made.append(Look("eta", at, at - HOUR, at, 1000, "stable", figures={kind: value}))
    return made


def size(png: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(png)).size


def test_a_metric_is_drawn_with_what_happened_around_it() -> None:
    picture = metric_picture(HOT, trace(), [DEPLOY], NOON + 20 * MINUTE)
    assert picture is not None
    assert size(picture.png)[0] == 1200
    assert picture.alt == (
        "Temperature on gpu-3 is far above its usual: the value from 10:00 to 12:20 UTC with its "
        "usual band, between 60 and 95; found at 12:00; deploy gpu-3 4.2 at 11:48"
    )


def test_within_a_step_the_picture_stays_the_same() -> None:
    first = metric_picture(HOT, trace(after=23), [DEPLOY], NOON + 21 * MINUTE)
    later = metric_picture(HOT, trace(after=28), [DEPLOY], NOON + 27 * MINUTE)
    next_step = metric_picture(HOT, trace(after=31), [DEPLOY], NOON + 31 * MINUTE)
    assert first is not None
    assert later is not None
    assert next_step is not None
    assert first == later
    assert next_step.png != later.png


def test_when_it_is_over_the_picture_ends_soon_after() -> None:
    over = replace(HOT, ends_at=NOON + 15 * MINUTE)
    picture = metric_picture(over, trace(after=300), [], NOON + 5 * HOUR)
    assert picture is not None
    assert "from 10:00 to 12:30 UTC" in picture.alt


def test_its_first_minute_is_drawn_at_once() -> None:
    picture = metric_picture(HOT, trace(after=2), [], NOON + 2 * MINUTE)
    assert picture is not None
    assert "to 12:01 UTC" in picture.alt


def test_nothing_to_see_is_no_picture() -> None:
    empty = Trace({}, *(np.array([]) for _ in range(5)))
    assert metric_picture(HOT, empty, [], NOON + HOUR) is None
    unknown = replace(trace(), values=np.full(140, np.nan))
    assert metric_picture(HOT, unknown, [], NOON + HOUR) is None


def test_a_models_looks_are_a_trend_with_alias_moves() -> None:
    move = Change("c2", NOON - 90 * MINUTE, "promotion", "eta", "", "v7")
    picture = looks_picture(DRIFT, looks(24), [move])
    assert picture is not None
    assert size(picture.png)[0] == 1200
    assert picture.alt == (
        "24 looks at eta from 2026-03-04 13:00 to 2026-03-05 12:00 UTC, in the last one drift 0.4; "
        "found at 2026-03-05 12:00; promotion eta v7 at 10:30"
    )


def test_performance_shows_what_was_realised_before_what_was_estimated() -> None:
    worse = replace(DRIFT, kind=SignalKind.PERFORMANCE)
    both = [
        replace(look, figures={"estimated auc": 0.86, "realised auc": 0.71}) for look in looks(6)
    ]
    picture = looks_picture(worse, both, [])
    assert picture is not None
    assert "realised auc 0.71; estimated auc 0.86" in picture.alt
    assert looks_picture(worse, looks(6), []) is None


def test_two_looks_are_no_trend() -> None:
    assert looks_picture(DRIFT, looks(2), []) is None
    assert looks_picture(DRIFT, looks(6, kind="cost per inference"), []) is None


def frames(moved: float, rows: int = 600) -> MemoryFrames:
    rng = np.random.default_rng(7)
    made = MemoryFrames()
    made.set_reference(
        "eta", {"distance": rng.normal(100, 20, 2000), "hour": rng.normal(size=2000)}
    )
    made.log(
        "eta",
        NOON - HOUR,
        {"distance": rng.normal(100 + moved, 20, rows), "hour": rng.normal(size=rows)},
    )
    return made


def test_what_moved_is_drawn_against_the_reference() -> None:
    windowed = replace(DRIFT, labels={"model": "eta", "window": "24h"})
    picture = distribution_picture(windowed, frames(60))
    assert picture is not None
    assert picture.alt.startswith("Distributions, reference against current. distance: ")
    assert size(picture.png)[0] == 1600
    assert distribution_picture(windowed, frames(0)) is None


def test_without_a_window_nobody_knows_which_rows_are_meant() -> None:
    assert distribution_picture(replace(DRIFT, labels={"model": "eta"}), frames(60)) is None

from datetime import timedelta
from io import BytesIO

import numpy as np
from PIL import Image

from knowledge.records import Change, Look
from knowledge.serving import Move
from knowledge.windows import Span
from skills.contract import Picture
from skills.model_pictures import Trend, marks, shown_figures, trend_picture
from skills.monitor_pictures import ALARM_COLOUR, Mark
from skills.testing import NOON

SPAN = Span(NOON - timedelta(days=10), NOON)


def looks(count: int = 20, **figures: float) -> tuple[Look, ...]:
    return tuple(
        Look("fraud", at, at, at, 900, "stable", "7", figures)
        for at in (NOON - timedelta(hours=6 * n) for n in range(count, 0, -1))
    )


def orange(picture: Picture) -> int:
    pixels = np.asarray(Image.open(BytesIO(picture.png)).convert("RGB")).reshape(-1, 3)
    colour = [int(ALARM_COLOUR[i : i + 2], 16) for i in (1, 3, 5)]
    return int(np.all(np.abs(pixels.astype(int) - colour) < 12, axis=1).sum())


def test_only_what_is_beyond_its_limit_is_drawn_as_an_alarm() -> None:
    quiet = trend_picture(Trend("fraud", SPAN, looks(drift=0.03)))
    loud = trend_picture(Trend("fraud", SPAN, looks(drift=0.4)))
    assert quiet is not None
    assert loud is not None
    assert orange(quiet) == 0
    assert orange(loud) > 500


def test_words_say_what_it_shows() -> None:
    made = trend_picture(Trend("fraud", SPAN, looks(drift=0.4), (Mark(NOON, "champion v7"),)))
    assert made is not None
    assert made.title == "fraud: trend"
    assert made.alt == (
        "20 looks at fraud from 2026-02-28 12:00 to 2026-03-05 06:00 UTC; in the last one largest "
        "drift of a column (PSI) 0.4; champion v7 at 2026-03-05 12:00"
    )


def test_performance_comes_first_realised_before_estimated() -> None:
    seen = looks(**{"drift": 0.1, "estimated auc": 0.8, "realised auc": 0.8, "missing": 0.0})
    assert shown_figures(seen) == ("realised auc", "estimated auc", "drift", "missing")
    assert shown_figures(looks(2, drift=0.1)) == ()


def test_a_figure_that_is_no_longer_measured_is_drawn_as_far_as_it_goes() -> None:
    seen = (*looks(10, drift=0.1, **{"realised auc": 0.8})[:8], *looks(2, drift=0.1))
    made = trend_picture(Trend("fraud", SPAN, seen))
    assert made is not None
    assert "realised" not in made.alt


def test_too_few_looks_are_no_trend() -> None:
    assert trend_picture(Trend("fraud", SPAN, looks(2, drift=0.1))) is None
    assert trend_picture(Trend("fraud", SPAN, ())) is None


def test_marks_are_in_the_order_of_time_the_latest_ones() -> None:
    moved = [Move(NOON - timedelta(hours=h), str(h)) for h in (5, 3)]
    changes = [Change(str(h), NOON - timedelta(hours=h), "deploy", "api", "x", "1") for h in (9, 4)]
    assert [mark.label for mark in marks(moved, changes)] == [
        "champion v5",
        "deploy api 1",
        "champion v3",
    ]

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from knowledge.performance import assess, make_yardstick
from knowledge.records import ColumnRoles, Frame
from skills.performance_pictures import draw_performance

CLASSES = ColumnRoles(label="y", probability="p", slices=("kind",))
VALUES = ColumnRoles(label="y", prediction="a", task="regression")


def classes(rows: int, seed: int, weak: str = "") -> Frame:
    rng = np.random.default_rng(seed)
    kind = rng.choice(["$1_a", "b" * 60], rows).astype(object)
    p = rng.random(rows)
    truth = np.where(kind == weak, 0.5, p)
    return {"kind": kind, "p": p, "y": (rng.random(rows) < truth).astype(int)}


def values(rows: int, seed: int) -> Frame:
    rng = np.random.default_rng(seed)
    y = rng.normal(0, 1, rows)
    return {"y": y, "a": y + rng.normal(0, 1, rows)}


@pytest.mark.parametrize("weak", ["", "$1_a", "b" * 60])
def test_measures_and_segments_are_drawn_at_the_width_of_slack(weak: str) -> None:
    usual = make_yardstick(classes(4000, 0), CLASSES)
    png = draw_performance(assess(usual, classes(3000, 1, weak)))
    with Image.open(BytesIO(png)) as picture:
        assert picture.width == 1600
        assert 300 < picture.height < 1000
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 50


def test_errors_of_a_regression_are_drawn() -> None:
    usual = make_yardstick(values(4000, 0), VALUES)
    assert draw_performance(assess(usual, values(2000, 1))).startswith(b"\x89PNG")


def test_the_same_report_is_the_same_picture() -> None:
    usual = make_yardstick(classes(4000, 0), CLASSES)
    report = assess(usual, classes(3000, 1))
    assert draw_performance(report) == draw_performance(report)

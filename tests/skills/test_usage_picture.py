"""The chart of tokens per day."""

from io import BytesIO

import pytest
from PIL import Image

from knowledge.records import UseTotal
from skills.pictures import WIDTH_PX
from skills.usage_picture import draw_tokens


@pytest.mark.parametrize("days", [1, 30])
def test_it_is_a_picture_as_wide_as_the_others(days: int) -> None:
    totals = [UseTotal(f"2026-03-{n + 1:02d}", 3, 1000 * n, 10 * n, 0.1) for n in range(days)]
    with Image.open(BytesIO(draw_tokens(totals))) as picture:
        assert picture.width == WIDTH_PX
        assert len(picture.getcolors(maxcolors=100_000) or []) > 10

import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from skills.pictures import WIDTH_PX, Panel, draw_distributions


def panel(name: str, numeric: bool = True) -> Panel:
    rng = np.random.default_rng(1)
    if numeric:
        return Panel(name, "moved", rng.normal(size=500), rng.normal(1, 1, 500), True)
    texts = np.array(["a", "b", "c"], dtype=object)
    return Panel(name, "moved", texts[rng.integers(0, 3, 50)], texts[rng.integers(0, 2, 50)], False)


def test_a_png_of_the_stated_width_for_any_number_of_panels() -> None:
    for count in (1, 2, 5):
        png = draw_distributions([panel(f"x{i}", numeric=i % 2 == 0) for i in range(count)])
        assert png.startswith(b"\x89PNG")
        assert struct.unpack(">I", png[16:20])[0] == WIDTH_PX


def test_odd_values_can_be_drawn() -> None:
    constant = Panel("$cost$ " * 20, "", np.full(300, 7.0), np.full(9, 7.0), True)
    empty = Panel("none now", "", np.arange(300.0), np.zeros(0), True)
    assert draw_distributions([constant, empty])


def test_threads_draw_the_same_picture() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: draw_distributions([panel("x")]), range(4)))
    assert len(set(drawn)) == 1

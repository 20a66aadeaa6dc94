import numpy as np
import pytest

from knowledge.monitors.ring import LAST_POINTS, Ring


def filled(count: int, most: int = LAST_POINTS) -> Ring:
    ring = Ring(most)
    for n in range(count):
        ring.add(float(n), 10.0 * n, float("nan"), 1e300, 0.5)
    return ring


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100, 240, 241, 1000])
def test_it_keeps_the_last_points_in_order(count: int) -> None:
    trace = filled(count).trace({"pod": "a"})
    expected = np.arange(max(0, count - LAST_POINTS), count)
    assert trace.times.tolist() == expected.tolist()
    assert trace.values.tolist() == (10 * expected).tolist()
    assert np.isnan(trace.low).all()
    assert len(trace.high) == len(trace.scores) == len(filled(count)) == len(expected)


@pytest.mark.parametrize("count", [0, 3, 240, 300])
def test_a_packed_ring_goes_on(count: int) -> None:
    ring = Ring.unpack(filled(count).pack())
    ring.add(float(count), 10.0 * count, 0, 0, 0)
    assert ring.trace({}).times.tolist() == filled(count + 1).trace({}).times.tolist()


def test_a_trace_is_not_changed_by_what_follows() -> None:
    ring = filled(3)
    trace = ring.trace({})
    ring.add(9, 9, 9, 9, 9)
    assert len(trace.times) == 3


def test_a_damaged_one_is_refused() -> None:
    with pytest.raises(ValueError, match="damaged"):
        Ring.unpack(b"nonsense")

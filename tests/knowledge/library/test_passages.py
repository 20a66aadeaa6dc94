import numpy as np
import pytest

from knowledge.library.passages import Passages


@pytest.fixture
def three() -> Passages:
    """Rows 0, 1 and 2 with two, none and three vectors, over several blocks."""
    kept = Passages(block=2)
    for row, count in enumerate((2, 0, 3)):
        kept.grow()
        if count:
            vectors = np.full((count, 4), row + 1, dtype=np.float32)
            kept.put(row, vectors, np.arange(count, dtype=np.float32), row / 10)
    return kept


def test_vectors_come_one_below_the_other(three: Passages) -> None:
    vectors, begins, lengths = three.gather(np.array([2, 0]))
    assert vectors[:, 0].tolist() == [3, 3, 3, 1, 1]
    assert begins.tolist() == [0, 3]
    assert lengths.tolist() == [0, 1, 2, 0, 1]
    assert three.crowding(np.array([2, 0])).tolist() == pytest.approx([0.2, 0.0])


def test_a_row_without_vectors_is_known(three: Passages) -> None:
    assert [three.has(row) for row in range(3)] == [True, False, True]
    three.drop(2)
    assert not three.has(2)
    assert three.filled == 1


def test_rows_keep_their_vectors_when_they_are_numbered_anew(three: Passages) -> None:
    new = three.renumbered(np.array([1, 2]))
    assert not new.has(0)
    assert new.of(1)[:, 0].tolist() == [3, 3, 3]
    assert new.filled == 1

"""From clues to suspects."""

import math

import pytest

from knowledge.causes.board import Board
from knowledge.causes.ranking import ClueKind


def test_scores_are_sums_and_beliefs_leave_room_for_nobody() -> None:
    board = Board(["a", "b"])
    board.add("a", ClueKind.METRIC, "slow", 3.0)
    board.add("a", ClueKind.EXPLAINED, "but b is slower", -1.0)
    board.add("stranger", ClueKind.METRIC, "not asked about", 9.0)
    first, second = board.suspects()
    assert (first.component, first.score, second.score) == ("a", 2.0, 0.0)
    assert [clue.weight for clue in first.clues] == [3.0, -1.0]
    assert 0.5 < first.probability < first.probability + second.probability < 1


def test_no_clues_no_belief() -> None:
    suspects = Board(f"s{i}" for i in range(40)).suspects()
    assert max(suspect.probability for suspect in suspects) < 0.05


@pytest.mark.parametrize("weight", [1e6, -1e6])
def test_extreme_weights_stay_finite(weight: float) -> None:
    board = Board(["a", "b"])
    board.add("a", ClueKind.METRIC, "odd", weight)
    assert all(math.isfinite(suspect.probability) for suspect in board.suspects())

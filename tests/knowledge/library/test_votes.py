from datetime import UTC, datetime, timedelta

import pytest

from knowledge.library.votes import LIMIT, standings
from knowledge.records import Judgement

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def vote(by: str = "U1", useful: bool = True, days: float = 0) -> Judgement:
    return Judgement(NOW - timedelta(days=days), by, "q", "D", useful)


def shift(*votes: tuple[Judgement, float]) -> float:
    found = standings(votes, NOW)
    return found["D"].shift if found else 0.0


def test_a_vote_moves_up_or_down() -> None:
    assert shift((vote(), 1.0)) == pytest.approx(LIMIT / 3)
    assert shift((vote(useful=False), 1.0)) == pytest.approx(-LIMIT / 3)


def test_it_counts_by_how_near_the_question_is() -> None:
    assert shift((vote(), 0.59)) == 0.0
    assert 0 < shift((vote(), 0.7)) < shift((vote(), 0.9))


def test_it_fades() -> None:
    assert shift((vote(days=180), 1.0)) == pytest.approx(LIMIT * 0.5 / 2.5)
    assert shift((vote(days=3650), 1.0)) < 0.001


def test_one_person_counts_once_and_cannot_bury() -> None:
    many = [(vote(useful=False, days=n / 10), 1.0) for n in range(50)]
    assert shift(*many) == pytest.approx(-LIMIT / 3, rel=1e-3)


def test_of_one_person_the_last_word_on_the_nearest_question_counts() -> None:
    changed = [(vote(useful=True, days=1), 1.0), (vote(useful=False), 1.0)]
    assert shift(*changed) < 0
    assert shift((vote(useful=True), 1.0), (vote(useful=False), 0.7)) > 0


def test_however_many_vote_there_is_a_limit() -> None:
    crowd = [(vote(by=f"U{n}"), 1.0) for n in range(500)]
    assert 0.9 * LIMIT < shift(*crowd) < LIMIT
    found = standings([*crowd, (vote(by="X", useful=False), 1.0)], NOW)["D"]
    assert (found.helped, found.unlike) == (500, 1)

import numpy as np
import pytest

from knowledge.library.geometry import Geometry, learn
from knowledge.records import Vector

SIZE = 6


def _unit(rows: Vector) -> Vector:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


@pytest.fixture
def vectors() -> list[Vector]:
    """Documents that differ in the first axes; the last axis is where each varies within itself."""
    dice = np.random.default_rng(3)
    made = []
    for _ in range(300):
        about = np.zeros(SIZE)
        about[:5] = dice.standard_normal(5)
        rows = np.tile(about, (3, 1)).astype(np.float32)
        rows[:, 5] = 3 * dice.standard_normal(3)
        made.append(_unit(rows))
    return made


@pytest.fixture
def geometry(vectors: list[Vector]) -> Geometry:
    return learn(enumerate(vectors), len(vectors))


def test_a_direction_in_which_documents_vary_within_counts_for_less(geometry: Geometry) -> None:
    assert geometry.metric[5, 5] < geometry.metric[0, 0] / 2


def test_the_cosine_under_the_metric(geometry: Geometry) -> None:
    query, other = _unit(np.eye(SIZE, dtype=np.float32)[:2] + 0.3)
    a, b = query - geometry.mean, other - geometry.mean
    expected = a @ geometry.metric @ b
    expected /= np.sqrt((a @ geometry.metric @ a) * (b @ geometry.metric @ b))
    unit, offset = geometry.question(query)
    found = (other @ unit - offset) / geometry.lengths(other[None])[0]
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_text_is_alike_itself(geometry: Geometry, vectors: list[Vector]) -> None:
    unit, offset = geometry.question(vectors[0][1])
    cosine = (vectors[0][1] @ unit - offset) / geometry.lengths(vectors[0][1:2])[0]
    assert cosine == pytest.approx(1.0, abs=1e-4)


def test_what_is_near_to_many_is_crowded(geometry: Geometry, vectors: list[Vector]) -> None:
    hub = np.tile(_unit(np.mean([v[1] for v in vectors[:40]], axis=0)), (2, 1))
    lone = np.tile(_unit(-10 * geometry.mean), (2, 1))
    both = np.concatenate([hub, lone])
    crowding = geometry.crowding(both, np.array([0, 2]), np.array([900, 901]))
    assert crowding[0] > crowding[1]


def test_a_document_does_not_crowd_itself(geometry: Geometry, vectors: list[Vector]) -> None:
    own = geometry.crowding(vectors[0], np.array([0]), np.array([0]))
    stranger = geometry.crowding(vectors[0], np.array([0]), np.array([900]))
    assert own[0] < stranger[0]
    renumbered = geometry.renumbered(np.arange(300)[::-1])
    moved = renumbered.crowding(vectors[0], np.array([0]), np.array([299]))
    assert moved[0] == pytest.approx(own[0])

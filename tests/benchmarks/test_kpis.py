from pathlib import Path

import numpy as np
import pytest

from benchmarks.kpis.generate import Kpi, generate, write
from benchmarks.kpis.score import Tally, score_folder


@pytest.fixture(scope="module")
def kpis() -> list[Kpi]:
    return generate(seed=5, days=14)


def test_a_seed_is_always_the_same(kpis: list[Kpi]) -> None:
    again = generate(seed=5, days=14)
    other = generate(seed=6, days=14)

    assert all(np.array_equal(a.values, b.values) for a, b in zip(kpis, again, strict=True))
    assert not np.array_equal(kpis[0].values[:100], other[0].values[:100])


def test_events_are_labelled_where_they_are(kpis: list[Kpi]) -> None:
    assert sum(len(kpi.events) for kpi in kpis) > 20
    for kpi in kpis:
        assert len(kpi.times) == len(kpi.values)
        assert np.isfinite(kpi.values).all()
        for event in kpi.events:
            assert 7 * 1300 < event.first <= event.last < len(kpi.values)


def test_a_perfect_detector_finds_all_and_an_eager_one_is_told(
    kpis: list[Kpi], tmp_path: Path
) -> None:
    write(kpis, tmp_path)
    for kpi in kpis:
        scores = np.zeros(len(kpi.values))
        scores[[event.first for event in kpi.events]] = 1.0
        path = tmp_path / "scores" / "kpis" / f"{kpi.name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["anomaly_score", *map(str, scores)]) + "\n")

    tally = score_folder(tmp_path, tmp_path / "scores")

    assert (tally.recall, tally.false, tally.delay) == (1.0, 0, 0.0)


def test_one_alarm_after_a_deploy_is_neither_right_nor_wrong() -> None:
    scores = np.zeros(10_000)
    scores[[6000, 6100, 8000]] = 1.0
    tally = Tally()

    tally.add(scores, [(9000, 9010)], ["spike"], [(5990, 6170)])

    assert (tally.false, tally.recall, tally.rows) == (2, 0.0, 10_000 - 3 * 1440)

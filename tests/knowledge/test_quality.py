from datetime import UTC, datetime, timedelta

from knowledge.quality import Tally, became_constant, check_freshness, check_tally, check_volume

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def test_missing_needs_five_points_and_evidence() -> None:
    def kinds(rows: int, before: int, after: int) -> list[str]:
        found = check_tally("x", Tally(rows, before), Tally(rows, after), 1e-3)
        return [finding.kind for finding in found]

    assert kinds(10_000, 100, 700) == ["missing"]
    assert kinds(10_000, 100, 500) == []
    assert kinds(40, 1, 4) == []
    assert kinds(10_000, 700, 100) == []


def test_a_rare_value_may_be_absent_from_a_small_window() -> None:
    assert not became_constant(0.995, 200, 1e-4)
    assert became_constant(0.5, 200, 1e-4)
    assert not became_constant(1.0, 10**6, 1e-4)


def test_volume_and_freshness() -> None:
    assert [f.kind for f in check_volume(10, 100)] == ["volume"]
    assert check_volume(50, 100) == check_volume(5, 0) == []
    hour = timedelta(hours=1)
    assert check_freshness(NOW - hour, NOW, hour) == []
    assert "2 h old" in check_freshness(NOW - 2 * hour, NOW, hour)[0].detail
    assert check_freshness(None, NOW, hour)

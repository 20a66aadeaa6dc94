import pytest

from knowledge.model_or_infra import Bad, Kind
from knowledge.model_or_infra.kinds import kind_of, unit_of


@pytest.mark.parametrize(
    ("name", "kind", "bad"),
    [
        ("latency_p95", Kind.LATENCY, Bad.UP),
        ("LatencyP99High", Kind.LATENCY, Bad.UP),
        ("error_rate", Kind.ERRORS, Bad.UP),
        ("HighErrorRate", Kind.ERRORS, Bad.UP),
        ("requests", Kind.VOLUME, Bad.EITHER),
        ("cpu", Kind.CPU, Bad.UP),
        ("gpu_memory", Kind.MEMORY, Bad.UP),
        ("gpu", Kind.GPU_LOAD, Bad.UP),
        ("GpuClockThrottled", Kind.GPU, Bad.DOWN),
        ("gpu-temperature", Kind.GPU, Bad.UP),
        ("queue", Kind.QUEUE, Bad.UP),
        ("feature_age", Kind.FRESHNESS, Bad.UP),
        ("orders", Kind.BUSINESS, Bad.DOWN),
        ("prediction drift", Kind.PREDICTIONS, Bad.UP),
        ("input drift", Kind.INPUTS, Bad.UP),
        ("realised auc", Kind.REALISED, Bad.DOWN),
        ("realised rmse", Kind.REALISED, Bad.UP),
        ("estimated accuracy", Kind.ESTIMATED, Bad.DOWN),
    ],
)
def test_names_say_what_is_measured(name: str, kind: Kind, bad: Bad) -> None:
    assert kind_of(name) == (kind, bad)


@pytest.mark.parametrize("name", ["", "x", "labelled", "sure performance of nothing"[:4]])
def test_what_no_word_tells_is_not_weighed(name: str) -> None:
    assert kind_of(name) is None


def test_units_follow_the_kind_as_far_as_the_values_fit() -> None:
    assert unit_of(Kind.ERRORS, 0.2) == "%"
    assert unit_of(Kind.ERRORS, 20.0) == ""
    assert unit_of(Kind.LATENCY, 0.3) == "s"
    assert unit_of(Kind.LATENCY, 900.0) == ""
    assert unit_of(Kind.BUSINESS, 240.0) == ""

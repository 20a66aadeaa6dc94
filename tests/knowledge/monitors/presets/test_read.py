from datetime import timedelta

import pytest

from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.monitors import Normal, Side
from knowledge.monitors.presets import Preset, find_preset, load_preset, presets
from knowledge.monitors.presets.read import parse_preset

EXPECTED = {
    "bentoml",
    "blackbox",
    "golden-signals",
    "golden-signals-otel",
    "gpu",
    "kafka",
    "kafka-jmx",
    "kserve",
    "kubernetes",
    "node",
    "postgresql",
    "redis",
    "targets",
    "torchserve",
    "triton",
    "vllm",
}
EVERY = [pytest.param(preset, id=preset.name) for preset in presets()]


def test_the_presets_people_expect_are_there() -> None:
    assert {preset.name for preset in presets()} == EXPECTED


def test_no_two_monitors_have_the_same_name() -> None:
    names = [metric.name for preset in presets() for metric in preset.metrics]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("preset", EVERY)
def test_each_gives_monitors_that_say_what_they_found_and_why_they_are_there(
    preset: Preset,
) -> None:
    monitors = load_preset(preset.name)
    assert [monitor.name for monitor in monitors] == [metric.name for metric in preset.metrics]
    assert all("{value}" in m.summary for m in monitors if m.limit not in (0, 0.5, 0.999, 1))
    assert all(m.summary and not m.summary.endswith(".") for m in monitors)
    for text in (preset.why, *(metric.why for metric in preset.metrics)):
        assert text.endswith(".")
        assert "\n" not in text


@pytest.mark.parametrize("preset", EVERY)
def test_every_variable_is_used_and_every_query_takes_a_selector(preset: Preset) -> None:
    for metric in preset.metrics:
        assert "{selector}" in metric.query or "{nodes}" in metric.query
    texts = [str(value) for metric in preset.metrics for value in metric.fields.values()]
    for variable in preset.variables[3:]:
        assert any("{" + variable.name + "}" in text for text in texts), variable.name


def test_a_selector_reaches_every_query() -> None:
    for monitor in load_preset("postgresql", selector='cluster="eu"'):
        assert 'cluster="eu"' in monitor.query


def test_values_fill_queries_limits_and_lengths_of_time() -> None:
    errors, *_ = load_preset(
        "golden-signals", by="namespace, service", status="status", error_share=0.01
    )
    assert 'rate(http_requests_total{status=~"5.."}[5m])' in errors.query
    assert "sum by (namespace, service)" in errors.query
    assert errors.above == 0.01
    soon = load_preset("node", disk_within="12h", disk_free="0.1")[1]
    assert (soon.normal, soon.below, soon.within) == (Normal.FORECAST, 0.1, timedelta(hours=12))
    assert load_preset("redis")[2].side is Side.ABOVE


def test_a_preset_can_be_used_for_two_services() -> None:
    names = {
        monitor.name
        for service in ("checkout", "orders")
        for monitor in load_preset("golden-signals", service=service)
    }
    assert len(names) == 10
    assert "orders-http-errors" in names
    (first, *_) = load_preset("golden-signals", service="checkout", prefix="eu")
    assert (first.name, first.service) == ("eu-http-errors", "checkout")


def test_source_people_to_tell_and_model_hold_for_all_of_them() -> None:
    for monitor in load_preset("vllm", source="gpu-cluster", tell=["#ml"], model="assistant"):
        assert (monitor.source, monitor.tell, monitor.model) == (
            "gpu-cluster",
            ("#ml",),
            "assistant",
        )


def test_monitors_can_be_left_out() -> None:
    left = load_preset("node", without=("node-clock",))
    assert len(left) == len(load_preset("node")) - 1
    assert "node-clock" not in {monitor.name for monitor in left}


def test_what_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no preset 'postgres'\. Did you mean `postgresql`"):
        find_preset("postgres")
    with pytest.raises(NotFound, match="There is no monitor of preset node 'node-clocks'"):
        load_preset("node", without=["node-clocks"])
    with pytest.raises(BadArgs) as refused:
        load_preset("node", disk=3)
    assert str(refused.value) == (
        "disk: preset node has no such variable. "
        "It has selector, service, model, job, disk_within, disk_free"
    )


def test_a_value_that_makes_no_monitor_names_preset_monitor_and_field() -> None:
    text = """
    title = "T"
    why = "W."
    exporters = ["e"]
    docs = "d"
    [variables.most]
    default = 5
    says = "the most"
    kind = "number"
    [[metric]]
    name = "m"
    why = "Because."
    query = "up{{selector}}"
    above = "{most}"
    recover = 9
    """
    preset = parse_preset("test", text)
    assert preset.defaults["most"] == "5"
    with pytest.raises(UserError, match=r"preset test, monitor m: `recover` must lie on the"):
        preset.monitors()

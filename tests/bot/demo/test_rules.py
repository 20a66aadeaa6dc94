import shutil
import subprocess
from pathlib import Path

import pytest

from bot.demo.rules import RULES, filled, prometheus_rules
from bot.demo.world import World, readings
from skills.testing import NOON


def test_rules_have_names_of_their_own_and_read_metrics_that_exist() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.metric for rule in RULES} <= {name for name, _, _ in readings(World(), NOON)}


def test_every_text_can_be_filled_for_every_series_it_may_be_about() -> None:
    for metric, labels, value in readings(World(), NOON):
        for rule in RULES:
            if rule.metric == metric:
                for text in (rule.summary, rule.description):
                    assert "{" not in filled(text, labels, value)


def test_runbooks_exist() -> None:
    content = Path(__file__).parents[3] / "bot" / "demo" / "content"
    written = {path.stem for path in content.rglob("*.md")}
    assert {rule.runbook.rpartition("/")[2] for rule in RULES} <= written


def test_a_rule_is_breached_beyond_its_limit_only() -> None:
    above = next(rule for rule in RULES if rule.above)
    below = next(rule for rule in RULES if not rule.above)
    assert [above.breached(above.limit + d) for d in (-0.01, 0, 0.01)] == [False, False, True]
    assert [below.breached(below.limit + d) for d in (-0.01, 0, 0.01)] == [True, False, False]


@pytest.mark.prometheus
@pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's prometheus is not installed")
def test_prometheus_accepts_the_rule_file(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(prometheus_rules())
    checked = subprocess.run(
        ["promtool", "check", "rules", "rules.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULES)} rules found" in checked.stdout


@pytest.mark.prometheus
@pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's prometheus is not installed")
def test_prometheus_says_the_same_as_the_stand_in(tmp_path: Path) -> None:
    """promtool runs each rule over a series that stays beyond its limit, and compares texts."""
    labels = {
        "service": "checkout-api",
        "pod": "checkout-api-0",
        "zone": "eu-1a",
        "node": "gpu-3",
        "gpu": "0",
    }
    shown = ",".join(f'{k}="{v}"' for k, v in labels.items())
    lines = ["rule_files: [rules.yml]", "evaluation_interval: 2s", "tests:"]
    for rule in RULES:
        value = rule.limit + 0.9 if rule.above else rule.limit - 0.9
        others = [r for r in RULES if r.metric == rule.metric and r.breached(value)]
        assert rule in others
        lines += [
            "- interval: 2s",
            "  input_series:",
            f"  - series: '{rule.metric}{{{shown}}}'",
            f"    values: '{value:g}x20'",
            "  alert_rule_test:",
            f"  - alertname: {rule.name}",
            "    eval_time: 30s",
            "    exp_alerts:",
            f"    - exp_labels: {{severity: {rule.severity}, {shown.replace('=', ': ')}}}",
            "      exp_annotations:",
            f'        summary: "{filled(rule.summary, labels, value)}"',
            f'        description: "{filled(rule.description, labels, value)}"',
            f'        runbook_url: "{rule.runbook}"',
        ]
    (tmp_path / "rules.yml").write_text(prometheus_rules())
    (tmp_path / "test.yml").write_text("\n".join(lines) + "\n")
    tested = subprocess.run(
        ["promtool", "test", "rules", "test.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr

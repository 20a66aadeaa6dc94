"""The example of a gate in another package, as pip installs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "examples" / "own_gate"

LOOK = """
import json
from knowledge.promotion.gates import BUILTIN, check_policy, installed
from knowledge.promotion.policy import GateRule, Policy

def problems(**settings):
    return check_policy(Policy(gates={"owner": GateRule(settings=settings)}))

print(json.dumps({
    "others": [g.name for g in installed()[len(BUILTIN):]],
    "good": problems(tag="squad"),
    "bad": problems(tags="squad"),
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A copy, since setuptools builds in place.
    source = tmp_path_factory.mktemp("source") / EXAMPLE.name
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *offline, str(source)], check=True, capture_output=True, text=True)
    return target


def run(site: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(site), str(ROOT))),
            # Plugins of this environment take seconds to load, and it needs none.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_gate_of_another_package_is_found_and_its_settings_checked(site: Path) -> None:
    seen = json.loads(run(site, "-c", LOOK))
    assert seen["others"] == ["owner"]
    assert seen["good"] == []
    assert seen["bad"] == ["gates.owner.tags: there is no such setting. There are: tag"]


def test_its_own_tests_pass(site: Path) -> None:
    pytest_ = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
    assert "3 passed" in run(site, *pytest_, "--rootdir", str(EXAMPLE), str(EXAMPLE))


def test_the_example_stays_small() -> None:
    lines = (EXAMPLE / "tandem_owner.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 16

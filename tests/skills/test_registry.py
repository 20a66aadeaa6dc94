"""Skills of other packages join by an entry point, as the example in examples/ does."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import UserError
from skills.contract import Skill
from skills.help import skill as help_
from skills.registry import BUILTIN, installed, unique

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "oncall_skill"

LOOK = """
import json
from bot.route import Router
from skills.registry import installed
from skills.testing import context

skills = installed()
(own,) = [s for s in skills if s.name == "rota"]
help_ = next(s for s in skills if s.name == "help")
help_reply = help_.run(context(skills=skills), help_.args())
texts = [line.text for section in help_reply.sections for line in section.lines]
print(json.dumps({
    "help": own.summary in texts,
    "routed": [Router(skills).route(e).skill for e in own.examples],
    "reply": own.run(context(skills=skills), own.args()).title,
    "names": [s.name for s in skills],
}))
"""

Python = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def python_with_example(tmp_path_factory: pytest.TempPathFactory) -> Python:
    """Runs code in an interpreter that has the example installed, as pip installs it."""
    # A copy, since setuptools builds in place.
    source = tmp_path_factory.mktemp("source") / EXAMPLE.name
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *offline, str(source)], check=True, capture_output=True, text=True)

    def run(code: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(target), str(ROOT)))
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_skill_of_another_package_is_found_listed_and_routed(python_with_example: Python) -> None:
    done = python_with_example(LOOK)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["help"]
    assert seen["routed"] == ["rota"]
    assert "has the pager" in seen["reply"]
    assert seen["names"][: len(BUILTIN)] == [s.name for s in BUILTIN]


def test_the_example_stays_small() -> None:
    lines = (EXAMPLE / "tandem_rota.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 16


def test_built_in_skills_come_first_and_are_all_there() -> None:
    assert installed()[: len(BUILTIN)] == BUILTIN
    assert unique(BUILTIN) == BUILTIN


def test_two_skills_of_one_name_stop_the_start() -> None:
    twin: Skill[Any] = replace(BUILTIN[0], summary="Something else under the same name")
    with pytest.raises(UserError, match=rf"Two skills are named '{twin.name}'"):
        unique([*BUILTIN, twin])


def test_what_is_no_skill_is_refused() -> None:
    offered: Any = lambda ctx, args: None  # noqa: E731 what a newcomer may point the entry point at
    with pytest.raises(UserError, match=r"is no skills\.contract\.Skill"):
        unique([help_, offered])

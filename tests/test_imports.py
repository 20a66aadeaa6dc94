"""The rules of import hold, and the start is free of libraries that take seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

HEAVY = (
    "torch",
    "sentence_transformers",
    "transformers",
    "mlflow",
    "matplotlib",
    "langchain",
    "langchain_openai",
    "openai",
    "sklearn",
    "pandas",
    "pyarrow",
    "scipy.stats",
)
"""Each takes from a third of a second to several to import; functions use them, the start never."""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def imported_by(module: str) -> set[str]:
    """Names of all modules that a fresh interpreter holds after importing this one."""
    done = python(f"import sys, {module}; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_import_rules_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("module", ["bot.verbs.run", "bot.verbs.chat", "skills.registry"])
def test_starting_imports_nothing_heavy(module: str) -> None:
    assert not set(HEAVY) & imported_by(module)


def test_the_command_by_itself_imports_no_verb() -> None:
    names = imported_by("bot.__main__")
    assert not [n for n in names if n.startswith("bot.verbs.")]


def test_skills_can_be_written_without_slack() -> None:
    names = imported_by("skills.contract, skills.testing, skills.registry")
    assert not {"slack_sdk", "slack_bolt", "bot"} & names


def test_the_playground_needs_nothing_of_the_bot() -> None:
    names = imported_by("bot.playground.playground")
    ours = {n for n in names if n.partition(".")[0] in ("bot", "skills", "knowledge")}
    assert {n for n in ours if not n.startswith("bot.playground")} == {"bot"}

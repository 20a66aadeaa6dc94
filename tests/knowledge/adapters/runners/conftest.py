"""Folders to run steps in."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.ports.remediation import Place
from tests.knowledge.adapters.runners.steps import MakesPlace, never


@pytest.fixture
def place(tmp_path: Path) -> MakesPlace:
    def make(seconds: float = 20, stop: Callable[[], bool] = never) -> Place:
        folder = tmp_path / "execution"
        folder.mkdir(exist_ok=True)
        return Place(folder, timedelta(seconds=seconds), stop)

    return make

"""Worlds over a store in memory and over SQLite."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from tests.knowledge.remediation.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryStore(), tmp_path / "runs")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tandem's tables, made once."""
    file = tmp_path_factory.mktemp("remediation") / "tandem.db"
    open_store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def sqlite(tables: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copyfile(tables, tmp_path / "tandem.db")
    store: SqlStore = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    yield World(store, tmp_path / "runs")
    store.close()

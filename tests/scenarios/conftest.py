"""One running bot for a module's tests, once by each way in."""

from collections.abc import Iterator

import pytest
from running_world import World, running_world


@pytest.fixture(params=["socket", "http"], scope="module")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with running_world(request.param, tmp_path_factory.mktemp("bot")) as running:
        yield running

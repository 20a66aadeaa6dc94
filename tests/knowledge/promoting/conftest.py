from collections.abc import Callable

import pytest

from knowledge.records import Approval
from tests.knowledge.promoting.world import MODEL, World

Ask = Callable[..., Approval]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ask(world: World) -> Ask:
    """Zoe asks for a version; more by keyword."""

    def asked(version: str = "5", **more: object) -> Approval:
        words = {"by": "zoe", "by_name": "Zoe", "reason": "it is better", **more}
        approval = world.service().ask(MODEL, version, **words).approval  # type: ignore[arg-type]
        assert approval is not None
        return approval

    return asked

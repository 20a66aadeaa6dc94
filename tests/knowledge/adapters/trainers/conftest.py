"""What every system that trains is tried with besides its own double."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.trainers.system import Order
from knowledge.records import Training
from knowledge.training import Value

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
Serve = Callable[[Any], str]


@dataclass(frozen=True)
class Always:
    """Answers everything alike, after a while."""

    body: Any
    seconds: float = 0.0
    status: int = 200

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        time.sleep(self.seconds)
        return self.status, self.body


@pytest.fixture
def hanging(serve: Serve) -> str:
    """An address that takes every request and answers too late for a limit of 0.1 s."""
    return serve(Always({}, 0.4))


@pytest.fixture
def garbage(serve: Serve) -> str:
    """An address that answers everything well, and nothing that means anything."""
    return serve(Always("<html>Sign in</html>"))


@pytest.fixture
def odd(serve: Serve) -> str:
    """An address whose JSON has another shape than is documented."""
    return serve(Always({"state": {"is": "fine"}, "id": [], "run_id": None, "metadata": 7}))


@pytest.fixture
def failing(serve: Serve) -> str:
    return serve(Always({"message": "the database is away", "detail": ""}, status=500))


@pytest.fixture
def order() -> Callable[..., Order]:
    """`order(job, days=90)`."""

    def make(job: str, **parameters: Value) -> Order:
        given = {name: str(value) for name, value in parameters.items()}
        training = Training("0c9f" * 8, "eta-model", "7", "drift", given, "U1", "ada", NOON)
        return Order(training, job, parameters)

    return make

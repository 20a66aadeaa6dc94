"""What the tests of a skill need: a Context on in-memory ports.

reply = skill.run(context(now=...), skill.args(model="fraud"))
"""

from datetime import UTC, datetime
from typing import Any

from skills.contract import Context, Role, User

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
"""A moment for tests that do not care which."""


class _Missing:
    """Stands for a port that a test did not give; any use of it says so."""

    def __init__(self, port: str) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"give context({self._port}=...): the skill used .{name}")


def context(**given: Any) -> Context:
    """A Context for tests; every port that is not given fails when it is used."""
    ports = (
        *("incidents", "changes", "approvals", "audit", "library", "metrics", "models", "frames"),
        *("alerts", "silences", "triage", "watching", "promoting", "moves", "runs"),
        *("handovers", "executions", "uses", "judgements", "telemetry"),
    )
    values: dict[str, Any] = {
        "user": User("U1", "ada", Role.APPROVE),
        "now": NOON,
        **{port: _Missing(port) for port in ports},
        **given,
    }
    return Context(**values)

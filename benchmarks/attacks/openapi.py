"""Requests made from docs/reference/openapi.yaml, and whether every answer is one that it tells of.

With schemathesis installed its cases are sent too; without it, ours alone.
"""

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from benchmarks.attacks.asgi import ask
from benchmarks.attacks.nasty import json_value, text
from benchmarks.attacks.searched import beside_a_bot
from benchmarks.attacks.tally import Answer, Class, Row, seeded
from benchmarks.attacks.world import SECRETS, TRAINING, World
from bot.webhooks import CHANGE_PARSERS, PARSERS

FILE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
_TOKEN = ("Authorization", f"Bearer {SECRETS['webhook']}")
Sent = tuple[str, str, str, tuple[tuple[str, str], ...], bytes]
"""The path as the file names it, method, path, headers, body."""


def described() -> dict[str, Any]:
    """The file."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


class Told:
    """Which answers the file tells of."""

    def __init__(self) -> None:
        self._file = described()
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        self._schemas = {
            name: Draft202012Validator({**whole, **schema})
            for name, schema in self._file["components"]["schemas"].items()
        }

    def wrong(self, path: str, method: str, answer: Answer) -> str:
        """Why the answer is none that is told of; empty when it is."""
        operations = self._file["paths"][path]
        if method.lower() not in operations:
            return "" if answer.status == 405 else f"{method} is answered {answer.status}"
        told = operations[method.lower()]["responses"].get(str(answer.status))
        if told is None:
            return f"{answer.status} is not told of"
        told = self._resolved(told)
        content = told.get("content", {}).get("application/json")
        if content is None:
            return ""
        try:
            body = json.loads(answer.body)
        except ValueError:
            return f"{answer.status} is no JSON"
        reference = content["schema"].get("$ref", "").rpartition("/")[2]
        if not reference:
            return ""
        errors = [error.message for error in self._schemas[reference].iter_errors(body)]
        return f"{answer.status}: {errors[0]}" if errors else ""

    def _resolved(self, told: dict[str, Any]) -> dict[str, Any]:
        name = told.get("$ref", "").rpartition("/")[2]
        return dict(self._file["components"]["responses"][name]) if name else told


def made(rng: random.Random) -> Iterator[Sent]:
    """Endless."""
    paths = list(described()["paths"])
    names = (*PARSERS, *CHANGE_PARSERS, TRAINING)
    while True:
        path = rng.choice(paths)
        named = (
            rng.choice(names)
            if rng.random() < 0.8
            else quote(text(rng)[:60], safe="", errors="replace")
        )
        method = "GET" if path in ("/healthz", "/readyz", "/metrics") else "POST"
        if rng.random() < 0.1:
            method = rng.choice(("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "POST"))
        headers = (_TOKEN,) if rng.random() < 0.8 else ()
        body = json.dumps(json_value(rng, 3)).encode()
        yield path, method, path.format(source=named or "x", id=named or "x"), headers, body


def by_schemathesis(number: int) -> list[Sent]:
    """Its cases for every operation; none where it is not installed."""
    if importlib.util.find_spec("schemathesis") is None:
        return []
    import schemathesis  # type: ignore[import-not-found,unused-ignore]
    from hypothesis import HealthCheck, given, settings

    schema = schemathesis.openapi.from_dict(described())
    found: list[Sent] = []
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations:

        @settings(
            max_examples=max(1, number // len(operations)),
            database=None,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def collect(case: Any) -> None:
            body = case.body if isinstance(case.body, dict | list | str | int | float) else None
            given_headers = tuple((str(n), str(v)) for n, v in (case.headers or {}).items())
            path, content = case.operation.path, json.dumps(body).encode()
            headers = (_TOKEN, ("Content-Type", "application/json"), *given_headers)
            found.append((path, case.method.upper(), case.formatted_path, headers, content))

        with beside_a_bot():
            collect()
    return found


async def _openapi(world: World, row: Row, inputs: int) -> None:
    told = Told()
    cases = [case for _, case in zip(range(inputs), made(seeded("openapi")), strict=False)]
    for path, method, sent, headers, body in (*cases, *by_schemathesis(inputs // 4)):
        answer = await ask(world.app, method, sent, headers, body)
        case = f"{method} {sent}: {body[:60]!r}"
        row.saw(answer, case)
        # With an empty or climbing part, or a slash at its end, it is another address.
        if answer.status not in (307, 404) and (why := told.wrong(path, method, answer)):
            row.enters(f"{case}: {why}")


CLASSES = (
    Class(
        "requests made from the OpenAPI",
        "an answer that the OpenAPI tells of",
        6000,
        _openapi,
        changes=True,
    ),
)

"""Steps from the TOML that an author writes."""

import tomllib
from collections.abc import Callable
from typing import Protocol

from knowledge.ports.remediation import Place
from knowledge.runbooks.actions import SHAPES, Action


class MakesPlace(Protocol):
    def __call__(self, seconds: float = 20, stop: Callable[[], bool] = ...) -> Place: ...


def never() -> bool:
    return False


def action(kind: str, text: str, /, **values: str) -> Action:
    """A step's block, its parameters filled in."""
    return SHAPES[kind].model_validate(tomllib.loads(text)).filled(values)

"""What every webhook parser returns."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from knowledge.records import Signal


@dataclass(frozen=True)
class Refused:
    """One part of a payload that could not be taken: where, why, and how to mend it."""

    path: str
    """For example "alerts[3].startsAt"."""
    problem: str
    remedy: str = ""


@dataclass(frozen=True)
class Parsed:
    """What a payload held; what was refused does not touch the rest."""

    signals: tuple[Signal, ...]
    refused: tuple[Refused, ...] = ()


Parser = Callable[[bytes | dict[str, Any], datetime], Parsed]
"""Payload and the moment it came in. Raises BadArgs when nothing of it can be read."""

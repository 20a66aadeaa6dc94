"""What every webhook parser returns."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from knowledge.records import Change, Signal


@dataclass(frozen=True)
class Refused:
    """One part of a payload that could not be taken: where, why, and how to mend it."""

    path: str
    """For example "alerts[3].startsAt"."""
    problem: str
    remedy: str = ""


@dataclass(frozen=True)
class Handshake:
    """A sender asks to confirm a subscription, or says that it has ended. It is no signal.

    The address and the token come from outside: check the sender before any use of them.
    """

    kind: str
    """As the sender calls it: "SubscriptionConfirmation"."""
    topic: str
    confirm_url: str
    token: str = ""


@dataclass(frozen=True)
class Parsed:
    """What a payload held; what was refused does not touch the rest."""

    signals: tuple[Signal, ...]
    refused: tuple[Refused, ...] = ()
    ignored: str = ""
    """Why a payload that is well made holds no signal: "a note was added"."""
    handshake: Handshake | None = None
    more_refused: int = 0
    """How many were refused beyond those listed."""

    @property
    def refusals(self) -> int:
        return len(self.refused) + self.more_refused


@dataclass(frozen=True)
class ParsedChanges:
    """What a payload about changes held."""

    changes: tuple[Change, ...]
    ignored: str = ""
    """Why a payload that is well made holds no change: "a push to another branch"."""
    refused: tuple[Refused, ...] = ()
    more_refused: int = 0

    @property
    def refusals(self) -> int:
        return len(self.refused) + self.more_refused


Parser = Callable[[bytes | dict[str, Any], datetime], Parsed]
"""Payload and the moment it came in. Raises BadArgs when nothing of it can be read."""

ChangeParser = Callable[[bytes | dict[str, Any], datetime], ParsedChanges]
"""Likewise, of deploys and other changes."""

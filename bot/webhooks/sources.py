"""Pure: the addresses that take webhooks, who may send to each, and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from bot.webhooks.auth import Anyone, Auth, shared_token
from bot.webhooks.parsed import ChangeParser, Parsed, ParsedChanges, Parser
from bot.webhooks.registry import CHANGE_PARSERS, PARSERS
from knowledge.errors import NotFound

MOST_BYTES = 8 * 2**20
"""A webhook's body where its source says nothing else: 5,000 alerts of Alertmanager are 4 MB."""

AnyParser = TypeVar("AnyParser")


@dataclass(frozen=True)
class Source(Generic[AnyParser]):
    """One address that takes webhooks."""

    name: str
    parse: AnyParser
    auth: Auth = field(default_factory=Anyone)
    max_bytes: int = MOST_BYTES
    """After a compressed body is inflated."""
    listed: bool = False
    """Whether the file speaks of it."""


@dataclass(frozen=True)
class Sources:
    """Every address, by its name: "grafana" at /signals/grafana, "github" at /changes/github."""

    signals: Mapping[str, Source[Parser]]
    changes: Mapping[str, Source[ChangeParser]]
    others: Auth = field(default_factory=Anyone)
    """What is asked of senders to addresses that do not exist, before they are told so."""

    def signal_source(self, name: str) -> Source[Parser]:
        """Raises NotFound with the sources there are."""
        if name not in self.signals:
            raise NotFound.among("source of signals", name, self.signals)
        return self.signals[name]

    def change_source(self, name: str) -> Source[ChangeParser]:
        """Raises NotFound with the sources there are."""
        if name not in self.changes:
            raise NotFound.among("source of changes", name, self.changes)
        return self.changes[name]

    @property
    def tells_names(self) -> bool:
        """Whether who asks for an address that is not there may be told of those that are: where
        no file says otherwise, or who asked has proved who it is."""
        listed = [s.listed for s in self.signals.values()]
        listed += [s.listed for s in self.changes.values()]
        return not isinstance(self.others, Anyone) or not any(listed)

    def unguarded(self) -> list[str]:
        """Addresses that take webhooks from anyone."""
        signals = [f"/signals/{n}" for n, s in self.signals.items() if isinstance(s.auth, Anyone)]
        changes = [f"/changes/{n}" for n, s in self.changes.items() if isinstance(s.auth, Anyone)]
        return [*signals, *(c.removesuffix("/generic") for c in changes)]


def built_in(token: str = "") -> Sources:
    """Without a file: every parser of ours, guarded by one token for all."""
    guard = shared_token(token)
    return Sources(
        {name: Source(name, parse, guard) for name, parse in PARSERS.items()},
        {name: Source(name, parse, guard) for name, parse in CHANGE_PARSERS.items()},
        guard,
    )


def read(source: str, body: bytes, received_at: datetime, sources: Sources) -> Parsed:
    """What one webhook to /signals/{source} holds; the same for the same arguments.

    Raises NotFound for a source that is not there, BadArgs when nothing of it can be read.
    """
    return sources.signal_source(source).parse(body, received_at)


def read_changes(
    source: str, body: bytes, received_at: datetime, sources: Sources
) -> ParsedChanges:
    """Likewise, of one webhook to /changes/{source}."""
    return sources.change_source(source).parse(body, received_at)

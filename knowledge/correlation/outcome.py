"""What the correlation decided in one step: values, for whoever stores and shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from knowledge.records import Signal, Term, Verdict

Key = tuple[str, datetime]
"""Fingerprint and start: one alert instance."""


@dataclass(frozen=True)
class Placement:
    """Where one instance is now. A later step may place it again: out of waiting, or into another
    group by a merge or a split; `before` says where it was."""

    signal: Signal
    verdict: Verdict
    group: str = ""
    """Empty while it belongs to nothing that was opened."""
    before: str = ""
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Opening:
    """A group has the evidence for a card. Its members' placements are in the same Outcome."""

    group: str
    at: datetime
    says: str
    """On what evidence, in words."""


@dataclass(frozen=True)
class Merging:
    """Two opened groups are one: all of `group` went over to `into`."""

    group: str
    into: str
    says: str


@dataclass(frozen=True)
class Splitting:
    """Part of an opened group went over to `new`, which has an Opening of its own."""

    group: str
    new: str
    says: str


@dataclass(frozen=True)
class Outcome:
    """In this order: openings, then placements (each instance's latest), merges, splits."""

    openings: tuple[Opening, ...] = ()
    placements: tuple[Placement, ...] = ()
    merges: tuple[Merging, ...] = ()
    splits: tuple[Splitting, ...] = ()

    def of(self, group: str) -> Iterator[Placement]:
        """Placements into that group."""
        return (p for p in self.placements if p.group == group)


@dataclass(frozen=True)
class Explanation:
    """Why an alert is where it is, and what spoke for the next best incident."""

    verdict: Verdict
    group: str
    """Empty where it belongs to nothing that was opened."""
    terms: tuple[Term, ...]
    """They add up to the score with which it was placed."""
    runner_up: str = ""
    runner_up_terms: tuple[Term, ...] = ()
    """What speaks for that incident now, beside what the alert says by itself."""
    needs: str = ""
    """For a waiting alert: what else it would take to open an incident on it."""

"""How much a bit of each kind of evidence is worth in the search for the cause.

Set by reasons, not fitted; docs/decisions/0034 shows how little depends on them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """1 is a bit of the harm that was reported."""

    harm: float = 1.0
    other_harm: float = 0.5
    """Slow where failures were reported, or the other way round."""
    impact: float = 0.75
    """Exponent of the share of the harm that a service accounts for: below 1, since shares are
    rough; above 0, since a trickle of bad requests explains no flood."""
    blind: float = 0.25
    """Factor where nothing that a service calls is measured for the harm: it may be theirs."""
    aside: float = 0.5
    """Factor for services that the one with the symptom does not depend on, by any way."""
    resource: float = 0.7
    side: float = 0.25
    """Network and disk, which move with traffic."""
    traffic: float = 0.25
    trace: float = 1.0
    rarer: float = 0.5
    """Operations that became rare, of a service that is called as often as ever."""
    log: float = 0.5
    change: float = 2.0
    """In bits, for a change at the very moment."""
    onset: float = 0.2
    together: float = 0.2
    structure: float = 0.02
    """In bits, for each doubling of the services it calls: those that join more can break in more
    ways. It orders those of whom nothing else is known."""


WEIGHTS = Weights()

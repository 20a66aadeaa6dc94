"""Which alerts belong together, which are noise, and when there is enough for a card."""

from knowledge.correlation.outcome import Key, Merging, Opening, Outcome, Placement, Splitting

__all__ = ["Key", "Merging", "Opening", "Outcome", "Placement", "Splitting"]

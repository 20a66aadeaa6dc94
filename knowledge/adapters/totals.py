"""The order in which totals of uses are shown, which is the same in every store."""

from collections.abc import Iterable

from knowledge.ports.operations import By
from knowledge.records import UseTotal


def in_order(totals: Iterable[UseTotal], by: By) -> list[UseTotal]:
    """By day oldest first, else the dearest first. Where nothing has a price, the most tokens."""
    if by == "day":
        return sorted(totals, key=lambda total: total.key)
    return sorted(totals, key=lambda t: (-t.cost, -(t.tokens_in + t.tokens_out), t.key))

"""What a store in memory puts into the outbox with a change."""

from collections.abc import Sequence
from datetime import datetime

from knowledge.ports import Outbox


def tell(outbox: Outbox | None, kinds: Sequence[str], subject: str, due_at: datetime) -> None:
    """ "<kind>:<subject>" each. A store alone, made by a test, has nobody to tell."""
    if outbox is not None:
        for kind in kinds:
            outbox.put(f"{kind}:{subject}", due_at)

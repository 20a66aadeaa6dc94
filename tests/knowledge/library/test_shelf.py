import numpy as np
import pytest

from knowledge.library.shelf import Shelf
from knowledge.records import Document, DocumentKind, Filters

ALL = tuple(DocumentKind)


@pytest.fixture
def shelf() -> Shelf:
    kept = Shelf()
    kept.append(Document("a", "t", "x", service="Checkout", date="2026-01-02"), explains=True)
    kept.append(Document("b", "t", "x", DocumentKind.RUNBOOK), explains=False)
    kept.append(Document("c", "t", "x", severity="P1", resolution="restart"), explains=True)
    return kept


def test_without_limits_there_is_no_mask(shelf: Shelf) -> None:
    assert shelf.mask(ALL, Filters()) is None


@pytest.mark.parametrize(
    ("kinds", "filters", "expected"),
    [
        ((DocumentKind.RUNBOOK,), Filters(), [False, True, False]),
        (ALL, Filters(service="checkout"), [True, False, False]),
        (ALL, Filters(since="2026-01-01"), [True, False, False]),
        (ALL, Filters(severity="SEV1"), [False, False, True]),
        (ALL, Filters(resolved_only=True), [False, False, True]),
    ],
)
def test_limits(
    shelf: Shelf, kinds: tuple[DocumentKind, ...], filters: Filters, expected: list[bool]
) -> None:
    mask = shelf.mask(kinds, filters)
    assert mask is not None
    assert mask.tolist() == expected


def test_a_removed_row_never_passes(shelf: Shelf) -> None:
    shelf.remove(0)
    mask = shelf.mask(ALL, Filters())
    assert mask is not None
    assert mask.tolist() == [False, True, True]


def test_rows_are_numbered_anew(shelf: Shelf) -> None:
    shelf.remove(0)
    shelf.renumber(np.array([1, 2]))
    assert shelf.mask(ALL, Filters()) is None
    assert shelf.explains(np.array([0, 1])).tolist() == [False, True]

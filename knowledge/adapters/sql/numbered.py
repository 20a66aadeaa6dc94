"""Rows that people know by a number: "APR-7", "SIL-7", "MOV-7"."""

from typing import TypeVar

from sqlmodel import Session, col, select

from knowledge.adapters.sql.tables import NumberedRow
from knowledge.ids import Ids

RowT = TypeVar("RowT", bound=NumberedRow)

_OFFERED = 500
"""Of so many newest numbers the nearest are offered for one that there is not."""


def row_of(
    session: Session, table: type[RowT], ids: Ids, text: str, *, for_update: bool = False
) -> RowT:
    """The row that `text` means; `for_update` locks it until the transaction ends. Raises
    NotFound."""
    query = select(table).where(table.number == ids.number(text))
    row = session.exec(query.with_for_update() if for_update else query).first()
    if row is None:
        newest = select(table.number).order_by(col(table.number).desc()).limit(_OFFERED)
        raise ids.unknown(text, [n for n in session.exec(newest) if n is not None])
    return row


def id_of(ids: Ids, row: NumberedRow) -> str:
    """Of a row that is stored."""
    assert row.number is not None
    return ids.of(row.number)
